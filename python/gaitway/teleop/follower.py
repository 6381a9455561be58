"""The follower: a running `gaitwayd`, commanded by joint angles through its local API."""

import contextlib
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitway.api import Connection
from gaitway.api.address import transport_to
from gaitway.api.lease import Lease
from gaitway.errors import DaemonError, GaitwayError, RefusedError, UsageError
from gaitway.teleop.latency import Latency

#: A command holds for so long, s. A program that dies has asked for no more.
_HOLDS_S = 0.3
#: A lease holds for so long, and is renewed so often, s.
_LEASE_S, _RENEW_S = 1.0, 0.25
#: It gets up, and goes limp, within this time, s.
_UP_WITHIN_S, _LIMP_WITHIN_S = 30.0, 10.0
#: Of its news, Hz: more often than it ticks, so that no tick is missed.
_NEWS_HZ = 200.0
_WAIT_S = 0.02

_CLIENT = "gaitway teleop"

Range = tuple[float, float]


def dial(where: str | Path, key: Path | None = None) -> Connection:
    """A connection to a gaitwayd that runs: by its socket, or by its address tcp://host:port with a pairing key."""
    return Connection(transport_to(where, key), client=_CLIENT)


@dataclass(frozen=True)
class Seen:
    """How the follower is."""

    state: str
    #: The gravest fault with its remedy; empty without one.
    fault: str
    is_stopped: bool
    owner: str | None
    #: Where its joints are, and its goals, rad; a joint of which nothing is known is not in it.
    positions_rad: dict[str, float]
    goals_rad: dict[str, float]


class Follower:
    """An arm whose command axes are its joints' angles. Commands need a lease, which is renewed on the way."""

    def __init__(self, connection: Connection) -> None:
        """Raises UsageError for a robot that is not commanded by angles."""
        self._connection = connection
        hello = connection.hello
        self.name, self.title = str(hello["robot"]), str(hello["title"])
        self._joint_names = [str(name) for name in hello["joints"]]
        #: Joints that are commanded, in the order of every row, and the range of their goals, rad.
        self.limits_rad = _limits(hello)
        self._lease = Lease(connection, "network", _LEASE_S)
        self._renewed_s = 0.0
        self._connection.request("subscribe", topics=["status", "joints"], rate_hz=_NEWS_HZ)
        self.latency = Latency(self._connection, list(self.limits_rad))

    def see(self) -> Seen:
        """Its newest state. Raises DaemonError where it has gone."""
        if self._connection.has_ended:
            raise DaemonError("the follower's gaitwayd has ended", hint="its log tells why")
        _, status = self._connection.newest("status")
        _, joints = self._connection.newest("joints")
        rows = list(zip(self._joint_names, joints["joints"], strict=True))
        fault = status["fault"]
        where = f" at {fault['joint']}" if fault and fault["joint"] else ""
        return Seen(
            state=str(status["state"]),
            fault=f"{fault['kind']}{where}: {fault['hint']}" if fault else "",
            is_stopped=bool(status["stopped"]),
            owner=status["owner"],
            positions_rad={name: row["position_rad"] for name, row in rows if row["position_rad"] is not None},
            goals_rad={name: row["goal_rad"] for name, row in rows if row["goal_rad"] is not None},
        )

    def begin(self, meanwhile: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Takes control and has it run its policy where it is; returns the goals it starts from, rad.

        Raises RefusedError where somebody else has control or the emergency stop is set, DaemonError where it does
        not get up.
        """
        self._take()
        if self.see().state != "running":
            self._mode("stand")
            self._until({"ready", "running"}, meanwhile)
        seen = self.see()
        start = {joint: self._start(joint, seen) for joint in self.limits_rad}
        self.command(start)
        self._mode("run")

        def ask_again() -> None:
            meanwhile()
            self.command(start)

        self._until({"running"}, ask_again)
        return start

    def command(self, goal_rad: Mapping[str, float], sampled_ns: int | None = None) -> str:
        """Says where its joints shall go; returns what became of it: followed, overridden, not_running, or late.

        `sampled_ns` is when the leader was there, on this machine's monotonic clock. Raises RefusedError.
        """
        try:
            self._renew()
            return self._command(goal_rad, sampled_ns)
        except RefusedError as error:
            # This machine halted: the command was too old when it came, or the lease had ended meanwhile.
            if error.code not in ("too_late", "no_lease"):
                raise
            if error.code == "no_lease":
                self._take()
            return "late"

    def end(self, hold_rad: Mapping[str, float] | None) -> None:
        """Holds its pose until it is limp, softly; then gives control up. One that somebody else has is left alone."""
        with contextlib.suppress(GaitwayError):
            if self._lease.number is None:
                return
            # Refused where the lease was lost: then it is somebody else's.
            self._lease.renew()
            self._connection.request("mode", mode="limp")
            end_s = time.monotonic() + _LIMP_WITHIN_S
            while self.see().state not in ("limp", "off") and time.monotonic() < end_s:
                if hold_rad:
                    self.command(hold_rad)
                time.sleep(_WAIT_S)
            self._lease.release()

    def close(self) -> None:
        """Ends the connection."""
        self.latency.close()
        self._connection.close()

    def _command(self, goal_rad: Mapping[str, float], sampled_ns: int | None) -> str:
        if sampled_ns is not None:
            self.latency.sent(array("f", goal_rad.values()), sampled_ns + self._lease.clock_ahead_ns)
        answer = self._lease.command(goal_rad, _HOLDS_S)
        return str(answer.get("fate", "followed"))

    def _take(self) -> None:
        self._lease.number = None
        self._lease.renew()
        self._renewed_s = time.monotonic()

    def _renew(self) -> None:
        now_s = time.monotonic()
        if now_s - self._renewed_s < _RENEW_S:
            return
        self._lease.renew()
        self._renewed_s = now_s

    def _mode(self, mode: str) -> None:
        try:
            self._connection.request("mode", mode=mode, lease=self._lease.number)
        except RefusedError as error:
            if error.code != "no_lease":
                raise
            self._take()
            self._connection.request("mode", mode=mode, lease=self._lease.number)

    def _until(self, states: set[str], meanwhile: Callable[[], None]) -> None:
        end_s = time.monotonic() + _UP_WITHIN_S
        while (seen := self.see()).state not in states:
            if seen.is_stopped:
                raise RefusedError("the follower's emergency stop is set", hint="clear it there", code="stopped")
            if time.monotonic() > end_s:
                expected = " or ".join(sorted(states))
                message = f"the follower: expected {expected} within {_UP_WITHIN_S:g} s, found {seen.state}"
                raise DaemonError(message, hint=seen.fault or "gaitway doctor looks for the cause")
            try:
                self._renew()
            except RefusedError as error:
                if error.code != "no_lease":
                    raise
                self._take()
            meanwhile()
            time.sleep(_WAIT_S)

    def _start(self, joint: str, seen: Seen) -> float:
        low, high = self.limits_rad[joint]
        where = seen.goals_rad.get(joint, seen.positions_rad.get(joint, 0.0))
        return min(max(where, low), high)


def _limits(hello: dict[str, Any]) -> dict[str, Range]:
    """Range of each joint's axis, rad."""
    axes = {axis["name"]: axis for axis in hello["axes"]}
    limits = {}
    for joint in hello["joints"]:
        axis = axes.get(joint, {})
        if axis.get("unit") != "rad" or axis.get("min") is None or axis.get("max") is None:
            message = (
                f"{hello['title']}: expected a policy that is told an angle for {joint}, found {hello['contract']}"
            )
            raise UsageError(message, hint="start it with a policy that follows poses: examples/follow_policy.py")
        limits[joint] = (float(axis["min"]), float(axis["max"]))
    return limits
