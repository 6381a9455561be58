"""`Control`: the lease under which the view commands a running robot, taken when somebody steers, given up after."""

import threading
import time
from collections.abc import Mapping

from gaitway.api import Connection
from gaitway.api.lease import Lease
from gaitway.errors import RefusedError

#: The name others are told while somebody steers in the view.
CLIENT = "view"
#: A command holds for so long on the robot: the page renews it three times meanwhile, s.
_HOLDS_S = 0.5
#: The lease holds for so long, and is renewed so often, s.
_LEASE_S = 1.0
_RENEW_S = 0.25
#: A view in which nobody has steered for so long gives its lease up, s.
_IDLE_S = 1.0
_NOT_FOLLOWED = {
    "overridden": "the robot follows somebody at the robot: its own keyboard or gamepad",
    "not_running": "the robot does not run its policy: its state says why, or choose run",
}


class Control:
    """Commands and modes for one connection. May be used from several threads.

    A connection that breaks takes the lease with it, and the next one begins without: nothing is resumed.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._lease = Lease(connection, "network", _LEASE_S)
        self._renewed_s = self._used_s = 0.0

    @property
    def is_held(self) -> bool:
        """Whether the view has the lease."""
        return self._lease.number is not None

    def command(self, values: Mapping[str, float]) -> str | None:
        """Commands these axes for half a second. Returns why the robot does not follow, None where it does.

        Raises RefusedError where somebody else has control, or the robot refuses the command.
        """
        with self._lock:
            self._take()
            answer = self._lease.command(values, _HOLDS_S)
        return _NOT_FOLLOWED.get(str(answer.get("fate")))

    def mode(self, mode: str) -> None:
        """Sets the mode. `limp` needs no lease. Raises RefusedError where somebody else has control."""
        with self._lock:
            if mode == "limp":
                self._connection.request("mode", mode=mode)
            else:
                self._connection.request("mode", mode=mode, lease=self._take())

    def stop(self) -> None:
        """Emergency stop; it needs no lease, and waits for nobody who commands."""
        self._connection.request("stop")

    def give_up_when_idle(self) -> None:
        """Gives the lease up where nobody has steered for a while; to be called now and then."""
        with self._lock:
            if time.monotonic() - self._used_s >= _IDLE_S:
                self._lease.release()

    def _take(self) -> int:
        """The lease, taken anew or renewed where that is due."""
        now_s = time.monotonic()
        self._used_s = now_s
        number = self._lease.number
        if number is not None and now_s - self._renewed_s < _RENEW_S:
            return number
        try:
            number = self._lease.renew()
        except RefusedError:
            if self._lease.number is None:
                raise
            # A page that was silent for too long: its lease has ended, and whoever comes first has the next one.
            self._lease.number = None
            number = self._lease.renew()
        self._renewed_s = now_s
        return number
