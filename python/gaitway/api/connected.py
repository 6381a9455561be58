"""`gaitway.connect`: a running robot in a program's hands."""

import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from gaitway.api.connection import Connection, default_socket
from gaitway.api.state import RobotState, state_of
from gaitway.errors import DaemonError, GaitwayError, RefusedError, UsageError
from gaitway.printable import printable

#: A command holds for so long, s: a program that is killed has asked for no more than this.
_HOLDS_S = 0.3
#: It is said again so often, s.
_EVERY_S = 0.05
#: A lease holds for so long, and is renewed so often, s.
_LEASE_S = 1.0
_RENEW_S = 0.2
#: The robot gets up and runs its policy within this time, s.
_RUNS_WITHIN_S = 30.0
_RATE_HZ = 50.0


def connect(where: str | Path | None = None, *, client: str | None = None, source: str = "network") -> "ConnectedRobot":
    """A robot that runs under `gaitwayd` on this machine.

        with gaitway.connect() as robot:
            robot.walk(vx=0.1, seconds=3)

    `where` is the socket of its local API, the usual one where it is left out. `client` is the name others are told
    while this program has control; the program's own by default. `source` says for whom commands are given: network
    (a person's program) or agent, which is weaker. Raises DaemonError where no robot answers.
    """
    path = default_socket() if where is None else Path(where)
    return ConnectedRobot(Connection(path, client=client or _program()), source)


def _program() -> str:
    """Name of this program, by which a person finds it among the processes."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return f"{printable(name)[:40]} (process {os.getpid()})"


class ConnectedRobot:
    """A running robot. Seeing it takes nothing; the first command takes a lease, which is given up by `close`."""

    def __init__(self, connection: Connection, source: str = "network") -> None:
        self.connection = connection
        hello = connection.hello
        #: Names of robot, policy contract, joints and contacts, and the axes' units.
        self.name, self.title, self.contract = str(hello["robot"]), str(hello["title"]), str(hello["contract"])
        self.joint_names = [str(name) for name in hello["joints"]]
        self.command_axes = {str(axis["name"]): str(axis["unit"]) for axis in hello["axes"]}
        self._source = source
        self._lease: int | None = None
        self._sequence = 0
        self._wanted: dict[str, float] = {}
        self._failure: GaitwayError | None = None
        #: Sequence numbers go out in their order.
        self._saying = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._clock_offset_ns = self._ask_clock()
        connection.request("subscribe", topics=["status", "joints"], rate_hz=_RATE_HZ)

    def observe(self) -> RobotState:
        """How it is now: state, fault, command, joints. Waits for the next message, 20 ms on average."""
        status_count, _ = self.connection.newest("status")
        _, status = self.connection.newest("status", after=status_count)
        _, joints = self.connection.newest("joints")
        return state_of(self.joint_names, status, joints)

    def walk(self, *, seconds: float | None = None, **axes: float) -> None:
        """Runs the policy with this command: `walk(vx=0.1)` in the units of `command_axes`; the rest is zero.

        With `seconds` it returns after them, and the robot stands; else the command holds until the next one, or
        `close`. Raises RefusedError where somebody else has control or the emergency stop is set, UsageError for an
        axis the robot lacks, DaemonError where it does not run.
        """
        self._check(axes)
        self._take_control()
        self.connection.request("mode", mode="run", lease=self._lease)
        self._wait_until_it_runs()
        self._command(axes)
        if seconds is not None:
            self._hold(seconds)
            self._command({})

    def look(self, *, seconds: float | None = None, **angles: float) -> None:
        """Turns the head, rad: `look(yaw=0.4)`, for axes that are called head_yaw and so on."""
        self.walk(seconds=seconds, **{f"head_{name}": value for name, value in angles.items()})

    def stand(self) -> None:
        """Holds the default pose, without the policy."""
        self._take_control()
        self.connection.request("mode", mode="stand", lease=self._lease)

    def limp(self) -> None:
        """Gives the torque up softly. It needs no control."""
        self.connection.request("mode", mode="limp")

    def stop(self) -> None:
        """Emergency stop: limp at once. It needs no control; only somebody at the robot clears it."""
        self.connection.request("stop")

    def close(self) -> None:
        """Gives up control, and ends the connection: a robot that walked stands."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self.connection.close()

    def __enter__(self) -> "ConnectedRobot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, axes: dict[str, float]) -> None:
        for axis in axes:
            if axis not in self.command_axes:
                known = ", ".join(f"{name} ({unit})" for name, unit in self.command_axes.items()) or "none"
                raise UsageError(f"{self.name} has no command axis {axis!r}", hint=f"its axes: {known}")

    def _take_control(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._lease is not None:
            return
        granted = self.connection.request("lease", source=self._source, seconds=_LEASE_S)
        self._lease = int(granted["lease"])
        self._sequence = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="command", daemon=True)
            self._thread.start()

    def _command(self, axes: dict[str, float]) -> None:
        self._wanted = dict(axes)
        # What is refused is refused here, and not in a thread.
        self._say()

    def _say(self) -> None:
        with self._saying:
            self._sequence += 1
            deadline_ns = time.monotonic_ns() + self._clock_offset_ns + round(_HOLDS_S * 1e9)
            order = {"lease": self._lease, "sequence": self._sequence, "deadline_ns": deadline_ns}
            self.connection.request("command", **order, axes=self._wanted)

    def _keep(self) -> None:
        """Says again what is wanted, and renews the lease, until the end or until that fails."""
        renewed_s = time.monotonic()
        while not self._end.wait(_EVERY_S):
            try:
                now_s = time.monotonic()
                if now_s - renewed_s > _RENEW_S:
                    renewed_s = now_s
                    self.connection.request("lease", source=self._source, seconds=_LEASE_S, lease=self._lease)
                self._say()
            except GaitwayError as error:
                # Told to whoever commands next.
                self._failure, self._lease, self._thread = error, None, None
                return

    def _hold(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _EVERY_S))
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure

    def _wait_until_it_runs(self) -> None:
        end_s = time.monotonic() + _RUNS_WITHIN_S
        while (seen := self.observe()).state != "running":
            if seen.stopped:
                raise RefusedError("the emergency stop is set", hint="clear it at the robot", code="stopped")
            if time.monotonic() > end_s:
                why = f"{seen.fault}: {seen.fault_hint}" if seen.fault else "gaitway doctor looks for the cause"
                raise DaemonError(f"{self.title} does not run: it is {seen.state}", hint=why)

    def _ask_clock(self) -> int:
        """What the robot's clock is ahead of this machine's, ns; an exchange takes about 0.1 ms."""
        before_ns = time.monotonic_ns()
        answer = self.connection.request("clock")
        after_ns = time.monotonic_ns()
        return int(answer["clock_ns"]) - (before_ns + after_ns) // 2
