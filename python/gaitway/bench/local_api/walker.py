"""`Walker`: a client that holds the lease and walks, whatever becomes of the robot meanwhile."""

import contextlib
import threading
import time
from pathlib import Path
from types import TracebackType

from gaitway.api import Connection
from gaitway.command import VELOCITY_AXES
from gaitway.errors import DaemonError, RefusedError

#: It commands so often, a command holds for so long, and the lease for so long, s.
_EVERY_S, HOLDS_S, _LEASE_S = 0.02, 0.3, 5.0
#: The lease of a client that has gone is free within this time, s.
_FREE_WITHIN_S = 5.0
#: Least velocity on the axes of a robot that walks; of one that does not nothing is asked.
_AXIS, _VELOCITY_MPS = VELOCITY_AXES[0], 0.1


def take_lease(connection: Connection, source: str, seconds: float) -> int:
    """The lease of a source. Of a client that has just gone gaitwayd may not know yet that it has: it waits a little.

    Raises RefusedError where somebody else keeps it.
    """
    end_s = time.monotonic() + _FREE_WITHIN_S
    while True:
        try:
            return int(connection.request("lease", source=source, seconds=seconds)["lease"])
        except RefusedError:
            if time.monotonic() > end_s:
                raise
        time.sleep(0.01)


class Walker:
    """Commands 50 times a second until it is closed. What is refused after an emergency stop it asks for again."""

    def __init__(self, path: Path, *, source: str = "network") -> None:
        """Takes the lease. Raises RefusedError where somebody else has it."""
        self._connection = Connection(path, client="walker")
        self._axes = {axis["name"] for axis in self._connection.hello["axes"]}
        self._source = source
        self.lease, self._sequence = take_lease(self._connection, source, _LEASE_S), 0
        #: How many commands were followed, and how many had another fate.
        self.followed = self.others = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="walker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Gives the lease up."""
        self._end.set()
        self._thread.join()
        with contextlib.suppress(RefusedError, DaemonError):
            # Answered, so that the next one finds it free.
            self._connection.request("release", lease=self.lease)
        self._connection.close()

    def __enter__(self) -> "Walker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._end.wait(_EVERY_S):
            try:
                is_followed = self._command()
            except RefusedError:
                is_followed = False
            except DaemonError:
                return
            self.followed += is_followed
            self.others += not is_followed

    def _command(self) -> bool:
        connection = self._connection
        if self._sequence % 50 == 0:
            connection.request("lease", source=self._source, seconds=_LEASE_S, lease=self.lease)
        self._sequence += 1
        deadline_ns = connection.request("clock")["clock_ns"] + round(HOLDS_S * 1e9)
        order = {"lease": self.lease, "sequence": self._sequence, "deadline_ns": deadline_ns}
        axes = {_AXIS: _VELOCITY_MPS} if _AXIS in self._axes else {}
        return bool(connection.request("command", **order, axes=axes)["fate"] == "followed")
