"""`Control`: the lease of a running robot, and the command that is said again for as long as it is wanted."""

import contextlib
import threading
import time
from collections.abc import Mapping

from gaitway.api.connection import Connection
from gaitway.api.lease import Lease
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
        self._lease = Lease(connection, source, _LEASE_S)
        self._wanted: dict[str, float] = {}
        self._is_overridden = False
        self._failure: GaitwayError | None = None
        #: Sequence numbers go out in their order, and leases are not taken twice.
        self._saying = threading.RLock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> int:
        """The number of the lease, which is asked for where there is none or it was lost.

        Raises RefusedError where another client has it.
        """
        with self._saying:
            # What lost the last one is over: the robot says anew whether it may be had.
            self._failure = None
            number = self._lease.number
            if number is None:
                number, self._wanted = self._lease.renew(), {}
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="command", daemon=True)
                self._thread.start()
            return number

    @property
    def is_overridden(self) -> bool:
        """Whether a stronger client had control when the command was last said."""
        with self._saying:
            return self._is_overridden

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
            if self._lease.number is not None:
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
        self._lease.release()

    def _say(self) -> None:
        told = self._lease.command(self._wanted, _HOLDS_S)
        self._is_overridden = told.get("fate") == "overridden"

    def _keep(self) -> None:
        """Says again what is wanted, and renews the lease, until the end or until that fails."""
        renewed_s = time.monotonic()
        while not self._end.wait(_EVERY_S):
            with self._saying:
                try:
                    now_s = time.monotonic()
                    if self._lease.number is None or now_s - renewed_s > _RENEW_S:
                        renewed_s = now_s
                        self._lease.renew()
                    self._say()
                except RefusedError as error:
                    # This machine halted, or the network did. A command comes in time again, and a lease that nobody
                    # else took meanwhile is had again.
                    if error.code == "no_lease":
                        self._lease.number = None
                    elif error.code != "too_late":
                        self._lose(error)
                        return
                except GaitwayError as error:
                    self._lose(error)
                    return

    def _lose(self, error: GaitwayError) -> None:
        """Gives up what is left of the lease; who waits for what is commanded is told."""
        self._failure, self._thread = error, None
        self._lease.release()
