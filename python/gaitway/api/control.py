"""`Control`: the lease of a running robot, and the command that is said again for as long as it is wanted."""

import contextlib
import threading
import time
from collections.abc import Mapping

from gaitway.api.connection import Connection
from gaitway.errors import GaitwayError, RefusedError

#: A command holds for so long, s: a program that is killed has asked for no more than this.
_HOLDS_S = 0.3
#: It is said again so often, s.
_EVERY_S = 0.05
#: A lease holds for so long, and is renewed so often, s. A machine that halts for a second keeps control; what the
#: robot does meanwhile the command's own end decides.
_LEASE_S = 3.0
_RENEW_S = 0.2


class Control:
    """Control of the robot at the other end of a connection, from `take` until `close` or until it is lost."""

    def __init__(self, connection: Connection, source: str) -> None:
        self._connection, self._source = connection, source
        self._lease: int | None = None
        self._sequence = 0
        self._wanted: dict[str, float] = {}
        self._failure: GaitwayError | None = None
        #: Sequence numbers go out in their order, and leases are not taken twice.
        self._saying = threading.RLock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        #: What the robot's clock is ahead of this machine's, ns.
        self._clock_offset_ns = 0

    def take(self) -> int:
        """The number of the lease, which is asked for where there is none or it was lost.

        Raises RefusedError where another client has it.
        """
        with self._saying:
            # What lost the last one is over: the robot says anew whether it may be had.
            self._failure = None
            if self._lease is None:
                self._renew()
                self._wanted = {}
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="command", daemon=True)
                self._thread.start()
            assert self._lease is not None
            return self._lease

    def check(self) -> None:
        """Raises what lost the lease, where nobody was told yet."""
        with self._saying:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def command(self, axes: Mapping[str, float]) -> None:
        """The command from now on; without a lease there is none to give. What is refused is refused here."""
        self.check()
        with self._saying:
            if self._lease is not None:
                self._wanted = dict(axes)
                self._say()

    def forget(self) -> None:
        """From now on the command is zero, whether the robot hears it or not."""
        with contextlib.suppress(GaitwayError):
            self.command({})

    def close(self) -> None:
        """Gives the lease up: who asks for it next need not wait until the robot sees the connection end."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        lease, self._lease = self._lease, None
        if lease is not None:
            # It may have ended before, or the robot with it.
            with contextlib.suppress(GaitwayError):
                self._connection.request("release", lease=lease)

    def _renew(self) -> None:
        """Takes the lease, or lengthens it. Its end tells the robot's clock, which may drift against this one."""
        asked_ns = time.monotonic_ns()
        granted = self._connection.request("lease", source=self._source, seconds=_LEASE_S, lease=self._lease)
        answered_ns = time.monotonic_ns()
        self._lease = int(granted["lease"])
        clock_ns = int(granted["expires_ns"]) - round(_LEASE_S * 1e9)
        self._clock_offset_ns = clock_ns - (asked_ns + answered_ns) // 2

    def _say(self) -> None:
        # It counts on over all leases: a lease that is had again goes on where it was.
        self._sequence += 1
        deadline_ns = time.monotonic_ns() + self._clock_offset_ns + round(_HOLDS_S * 1e9)
        order = {"lease": self._lease, "sequence": self._sequence, "deadline_ns": deadline_ns}
        self._connection.request("command", **order, axes=self._wanted)

    def _keep(self) -> None:
        """Says again what is wanted, and renews the lease, until the end or until that fails."""
        renewed_s = time.monotonic()
        while not self._end.wait(_EVERY_S):
            with self._saying:
                try:
                    now_s = time.monotonic()
                    if self._lease is None or now_s - renewed_s > _RENEW_S:
                        renewed_s = now_s
                        self._renew()
                    self._say()
                except RefusedError as error:
                    # This machine halted, or the network did. A command comes in time again, and a lease that nobody
                    # else took meanwhile is had again.
                    if error.code == "no_lease":
                        self._lease = None
                    elif error.code != "too_late":
                        self._lose(error)
                        return
                except GaitwayError as error:
                    self._lose(error)
                    return

    def _lose(self, error: GaitwayError) -> None:
        """Gives up what is left of the lease; who waits for what is commanded is told."""
        lease, self._lease, self._thread = self._lease, None, None
        self._failure = error
        if lease is not None:
            with contextlib.suppress(GaitwayError):
                self._connection.request("release", lease=lease)
