"""How long it takes from the leader's angle to the follower's goal, found in what the follower tells of itself."""

import threading
from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

from gaitway.errors import DaemonError

if TYPE_CHECKING:
    from gaitway.api.connection import Connection

#: Commands that no tick has taken yet; older ones were replaced by a newer one before a tick came.
_MOST_OPEN = 64
#: Samples kept: an hour at 50 Hz.
_MOST_SAMPLES = 180_000
_PATIENCE_S = 1.0


class Latency:
    """Listens to the follower's status on a thread, and finds each command in the first tick that had it.

    The tick's goals go out at its end, and its status is told up to 5 ms later: a latency is too long by that, never
    too short. A command that repeats the one before it cannot be told apart and does not count.
    """

    def __init__(self, connection: "Connection", axes: list[str]) -> None:
        self._connection, self._axes = connection, axes
        #: Latencies, s.
        self.samples_s = array("d")
        self._open: OrderedDict[tuple[float, ...], int] = OrderedDict()
        self._last: tuple[float, ...] = ()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="latency", daemon=True)
        self._thread.start()

    def sent(self, command: "array[float]", sampled_ns: int) -> None:
        """A command of an angle that the leader had at `sampled_ns` of the follower's clock."""
        row = tuple(command)
        with self._lock:
            if row != self._last:
                self._open[row] = sampled_ns
                self._open.move_to_end(row)
            self._last = row
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)

    def close(self) -> None:
        """Listens no more."""
        self._end.set()
        self._thread.join(2 * _PATIENCE_S)

    def _listen(self) -> None:
        seen, tick = 0, -1
        while not self._end.is_set():
            try:
                seen, status = self._connection.newest("status", after=seen, timeout_s=_PATIENCE_S)
            except DaemonError:
                if self._connection.has_ended:
                    return
                continue
            if status["tick"] == tick:
                continue
            tick = status["tick"]
            self._find(status)

    def _find(self, status: dict[str, object]) -> None:
        command, told_ns = status["command"], status["clock_ns"]
        if not isinstance(command, dict) or not isinstance(told_ns, int):
            return
        row = tuple(array("f", (command.get(axis) or 0.0 for axis in self._axes)))
        with self._lock:
            sampled_ns = self._open.get(row)
            if sampled_ns is None:
                return
            # Those before it were replaced by it.
            while self._open and self._open.popitem(last=False)[0] != row:
                pass
            if len(self.samples_s) < _MOST_SAMPLES:
                self.samples_s.append((told_ns - sampled_ns) * 1e-9)
