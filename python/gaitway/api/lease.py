"""`Lease`: control of a running robot for a while, and commands under it on the robot's clock."""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from gaitway.api.connection import Connection
from gaitway.errors import DaemonError, GaitwayError


class Lease:
    """The lease of one connection: none at first. Whoever uses it from several threads locks it."""

    def __init__(self, connection: Connection, source: str, seconds: float) -> None:
        """`source` is whom commands are given for; each renewal holds for `seconds`."""
        self._connection, self._source, self._seconds = connection, source, seconds
        self._sequence = 0
        #: Its number; None where there is none.
        self.number: int | None = None
        #: What the robot's clock is ahead of this machine's, ns; 0 before the first lease.
        self.clock_ahead_ns = 0

    def renew(self) -> int:
        """Takes it, or lengthens it; returns its number.

        Its end tells the robot's clock, which may drift against this one. Raises RefusedError where another client has
        it, or it has ended.
        """
        asked_ns = time.monotonic_ns()
        granted = self._connection.request("lease", source=self._source, seconds=self._seconds, lease=self.number)
        answered_ns = time.monotonic_ns()
        try:
            number = int(granted["lease"])
            clock_ns = int(granted["expires_ns"]) - round(self._seconds * 1e9)
        except (KeyError, TypeError, ValueError) as error:
            message = f"expected a lease, found one without a usable {error}"
            raise DaemonError(message, hint="update the older of the two, gaitwayd or this package") from error
        self.clock_ahead_ns = clock_ns - (asked_ns + answered_ns) // 2
        self.number = number
        return number

    def command(self, axes: Mapping[str, float], holds_s: float) -> dict[str, Any]:
        """Commands these axes for so long; returns what became of it. Raises RefusedError."""
        # It counts on over all leases: one that is had again goes on where it was.
        self._sequence += 1
        deadline_ns = time.monotonic_ns() + self.clock_ahead_ns + round(holds_s * 1e9)
        order = {"lease": self.number, "sequence": self._sequence, "deadline_ns": deadline_ns}
        return self._connection.request("command", **order, axes=dict(axes))

    def release(self) -> None:
        """Gives it up. It may have ended before, or the robot with it."""
        number, self.number = self.number, None
        if number is not None:
            with contextlib.suppress(GaitwayError):
                self._connection.request("release", lease=number)
