"""A pad in a program's hands: it steers a robot that runs under `gaitwayd --pad-listen`."""

import atexit
import ipaddress
import os
import socket
import threading
import time
import warnings
from os import PathLike
from pathlib import Path
from types import TracebackType

from gaitway import _native, renamed
from gaitway.contract import Contract
from gaitway.errors import DaemonError, UsageError

#: What a press does; the other buttons of a pad are held, or say what `walk` and `look` say.
BUTTONS = ("pause", "sound", "lamp", "phase_up", "phase_down", "motors")
_PERIOD_S = 0.02
#: What counts once is said so often: of datagrams some are lost.
_TIMES = 5
_LAST_PORT = 65535
#: A robot that is there answers 50 times a second.
_ANSWER_S = 5.0
_SILENT_S = 3.0
#: A stop is confirmed within this time where the robot hears anything.
_STOPPED_S = 5.0
_MOST_ANSWERS = 64
_MOST_BYTES = 256


class Remote:
    """A pad that a program holds. A thread says how it stands, some 50 times a second, until it is closed.

        with gaitway.Remote("duck.local:9871") as remote:
            remote.walk(forward_mps=0.1)
            time.sleep(2)

    The sticks either walk or move the head, as on every pad: who looks stands, and who walks has the head where it
    was left. At the end, however it comes, the sticks are in the middle; of a program that is killed nothing is
    heard, and the robot stands a second and a half later. The robot listens to whoever sent first until they were
    silent for half a second; a pad or keys at the robot itself are stronger, and what they made limp only they get up.

    Speeds and angles are scaled by the envelope of the policy that runs there: the robot tells it with every answer.
    `gaitway.connect("tcp://…")` sees more of a robot and hears what it limits.

    What is said over a network is signed with a key that only the two sides have: `gaitway pad pair` makes it.
    """

    def __init__(
        self, address: str, *, contract: Contract | None = None, key: str | PathLike[str] | None = None
    ) -> None:
        """Begins to speak to `address`, HOST:PORT, with its sticks in the middle.

        `key` is the file of the key; where it is left out, none for a robot on this machine and the one that
        `gaitway pad pair` makes for any other. `contract` is of version 0.1 and does nothing. Raises UsageError for
        what is no address and no key, and DaemonError where nobody answers who has the key.
        """
        if contract is not None:
            message = "Remote(contract=…) does nothing any more: the robot tells its own envelope"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
        self._address = address
        self._socket = _connect(address)
        try:
            if key is None and not _is_this_machine(self._socket):
                key = Path(_native.pad_key_path())
            self._pad = _native.PadSender(key=key)
        except BaseException:
            self._socket.close()
            raise
        self._pad.walk(0.0, 0.0, 0.0)
        self._failure: OSError | None = None
        self._heard_s: float | None = None
        self._process = os.getpid()
        self._said = self._answers = 0
        self._news = threading.Condition()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="remote", daemon=True)
        self._thread.start()
        atexit.register(self.close)
        try:
            with self._news:
                # Until it answers, or it is known that nobody listens: a network need not say.
                self._news.wait_for(lambda: self._heard_s is not None or self._failure is not None, _ANSWER_S)
            self._check()
        except BaseException:
            self.close()
            raise

    def walk(self, forward_mps: float = 0.0, leftward_mps: float = 0.0, turning_rps: float = 0.0) -> None:
        """Walks from now on: m/s forward and to the left, rad/s to the left.

        Raises UsageError outside the policy's envelope, DaemonError where nobody listens any more.
        """
        self._check()
        self._pad.walk(forward_mps, leftward_mps, turning_rps)

    def look(self, pitch_rad: float = 0.0, yaw_rad: float = 0.0, roll_rad: float = 0.0) -> None:
        """Stands, and turns the head: rad up, to the left, and tilted to the left. No pad moves the neck.

        Raises UsageError outside the policy's envelope, DaemonError where nobody listens any more.
        """
        self._check()
        self._pad.look(pitch_rad, yaw_rad, roll_rad)

    def stand(self) -> None:
        """Sticks in the middle: it stands, its head where it was left."""
        self.walk()

    def emergency_stop(self) -> None:
        """Stops the robot: no servo has torque from the next tick on. It needs no control: whoever has it, it stops.

        Somebody at the robot clears the stop, nobody else. Returns once the robot has confirmed it; raises DaemonError
        where it does not.
        """
        self._check_mine()
        self._pad.stop(True)
        try:
            with self._news:
                # Answers to what was said before are none to this: of each datagram there is one at most.
                answers = self._answers + _TIMES
                is_stopped = self._news.wait_for(lambda: self._answers >= answers and self._pad.is_stopped, _STOPPED_S)
        finally:
            self._pad.stop(False)
        if not is_stopped:
            raise DaemonError(f"{self._address} does not confirm the emergency stop", hint="stop it at the robot")

    @property
    def is_stopped(self) -> bool:
        """Whether the robot's emergency stop is set, as it said last."""
        return self._pad.is_stopped

    def stop(self) -> None:
        """The name that `stand` had in version 0.1."""
        message = "Remote.stop() is called stand() now; emergency_stop() is the other thing"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        self.stand()

    def press(self, button: str) -> None:
        """Presses one of `BUTTONS` once and lets it go, in 0.2 s. Raises UsageError for another name."""
        button = renamed.button(button)
        if button not in BUTTONS:
            raise UsageError(f"button {button!r}: expected one of {', '.join(BUTTONS)}", hint="name one of them")
        self._check()
        try:
            self._pad.hold(button)
            self._wait(_TIMES)
        finally:
            self._pad.hold(None)
        self._wait(_TIMES)

    def close(self) -> None:
        """Puts the sticks in the middle, and falls silent."""
        # Of a process that was forked the thread that speaks stayed behind, and the robot is still the parent's.
        if self._end.is_set() or os.getpid() != self._process:
            return
        try:
            self._pad.walk(0.0, 0.0, 0.0)
            self._wait(_TIMES)
        finally:
            self._end.set()
            self._thread.join()
            self._socket.close()
            atexit.unregister(self.close)

    def __enter__(self) -> "Remote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_mine(self) -> None:
        """Raises UsageError where this is no remote that speaks."""
        if os.getpid() != self._process:
            message = f"expected to be used in process {self._process}, which made it, found one forked from it"
            raise UsageError(message, hint='make another one here, or begin with multiprocessing\'s method "spawn"')
        if self._end.is_set():
            raise UsageError("this remote is closed", hint="open another one")

    def _check(self) -> None:
        self._check_mine()
        if self._failure is not None:
            hint = "start gaitwayd --pad-listen ADDRESS there, and name the same port here"
            raise DaemonError(f"nobody listens at {self._address}: {self._failure.strerror}", hint=hint)
        if self._heard_s is None or time.monotonic() - self._heard_s > _SILENT_S:
            hint = "start gaitwayd --pad-listen there, and give both sides the same key: gaitway pad pair"
            raise DaemonError(f"no answer from {self._address} that is signed with this key", hint=hint)

    def _wait(self, times: int) -> None:
        """Until it was said so often more how the pad stands."""
        with self._news:
            last = self._said + times
            self._news.wait_for(lambda: self._said >= last)

    def _run(self) -> None:
        while not self._end.wait(_PERIOD_S):
            heard, refused = self._hear()
            failure = self._say(self._pad.datagram()) or refused
            with self._news:
                self._failure = failure
                if heard:
                    self._heard_s = time.monotonic()
                self._answers += heard
                self._said += 1
                self._news.notify_all()

    def _hear(self) -> tuple[int, OSError | None]:
        """How often the robot has answered, and what the network said where it has refused."""
        heard = 0
        try:
            # Somebody who answers more than was asked must not keep it from speaking.
            for _ in range(_MOST_ANSWERS):
                heard += self._pad.hear(self._socket.recv(_MOST_BYTES, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass
        except OSError as error:
            return heard, error
        return heard, None

    def _say(self, datagram: bytes) -> OSError | None:
        failure = None
        # A refusal is of the datagram before this one, which then did not go.
        for _ in range(2):
            try:
                self._socket.send(datagram)
            except OSError as error:
                failure = error
            else:
                break
        return failure


def _connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    hint = "HOST:PORT, as in duck.local:9871"
    if not host or not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise UsageError(f"expected an address, found {address!r}", hint=hint)
    try:
        family, kind, _, _, where = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0]
        line = socket.socket(family, kind)
        try:
            line.connect(where)
        except OSError:
            line.close()
            raise
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{address}: {getattr(error, 'strerror', None) or error}", hint=hint) from error
    return line


def _is_this_machine(line: socket.socket) -> bool:
    return ipaddress.ip_address(line.getpeername()[0].partition("%")[0]).is_loopback
