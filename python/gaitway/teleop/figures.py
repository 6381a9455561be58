"""What a session measured: how far the follower was from the leader, how late, what was lost and cut off."""

import time
from array import array
from collections.abc import Mapping
from typing import Any

from gaitway._native import Pacer

#: A joint of the leader that moved less than this for so long rests, rad and s.
_STILL_RAD, _STILL_S = 0.01, 1.0


class Figures:
    """Sums of a session. Errors are the follower's angle minus the leader's as mapped, rad: lag and sag together.

    At rest there is no lag left: the error is what weight, friction and the servo's dead zone leave.
    """

    def __init__(self, joints: list[str], hz: float) -> None:
        self.hz = hz
        self.errors_rad: dict[str, array[float]] = {joint: array("f") for joint in joints}
        self.rests_rad: dict[str, array[float]] = {joint: array("f") for joint in joints}
        #: Newest error of each joint, rad.
        self.now_rad: dict[str, float] = {}
        self.lost: dict[str, int] = dict.fromkeys(joints, 0)
        self.clipped: dict[str, int] = dict.fromkeys(joints, 0)
        self.most_clipped_rad: dict[str, float] = dict.fromkeys(joints, 0.0)
        self.unplugged = 0
        #: Commands that were too old when they came: this machine had halted.
        self.late = 0
        self.ticks = 0
        self.seconds = 0.0
        self._begun_s = time.monotonic()
        self._still: dict[str, tuple[float, float]] = {}

    def tick(self) -> None:
        """One more tick."""
        self.ticks += 1
        self.seconds = time.monotonic() - self._begun_s

    def follow(self, goal_rad: Mapping[str, float], positions_rad: Mapping[str, float]) -> None:
        """The follower is there while it shall be here."""
        now_s = time.monotonic()
        for joint, goal in goal_rad.items():
            if joint not in positions_rad:
                continue
            error = self.now_rad[joint] = positions_rad[joint] - goal
            self.errors_rad[joint].append(error)
            was, since_s = self._still.get(joint, (goal, now_s))
            if abs(goal - was) > _STILL_RAD:
                was, since_s = goal, now_s
            self._still[joint] = (was, since_s)
        if all(now_s - since_s > _STILL_S for _, since_s in self._still.values()):
            for joint, error in self.now_rad.items():
                self.rests_rad[joint].append(error)

    def clip(self, beyond_rad: Mapping[str, float]) -> None:
        """So far beyond the follower's range the leader is."""
        for joint, beyond in beyond_rad.items():
            self.clipped[joint] += 1
            self.most_clipped_rad[joint] = max(self.most_clipped_rad[joint], abs(beyond))

    def summary(self, pacer: Pacer, latencies_s: "array[float]") -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "seconds": self.seconds,
            "ticks": self.ticks,
            "hz": {"asked": self.hz, "reached": self.ticks / self.seconds if self.seconds else 0.0},
            "skipped": pacer.skipped,
            "late_commands": self.late,
            "lateness_ms": {name: pacer.lateness_ns(share) * 1e-6 for name, share in (("p50", 0.5), ("p99", 0.99))},
            "latency_ms": {
                "p50": _scaled(quantile(latencies_s, 0.5), 1e3),
                "p99": _scaled(quantile(latencies_s, 0.99), 1e3),
                "samples": len(latencies_s),
            },
            "tracking_rad": {joint: _spread(errors) for joint, errors in self.errors_rad.items()},
            "rest_rad": {joint: _rest(errors) for joint, errors in self.rests_rad.items()},
            "lost_replies": self.lost,
            "unplugged": self.unplugged,
            "clipped": {
                joint: {"ticks": ticks, "most_rad": self.most_clipped_rad[joint]}
                for joint, ticks in self.clipped.items()
                if ticks
            },
        }


def quantile(values: "array[float] | list[float]", share: float) -> float | None:
    """The value that a share of all does not exceed; None of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _spread(errors_rad: "array[float]") -> dict[str, float | None]:
    sizes = [abs(error) for error in errors_rad]
    return {"p50": quantile(sizes, 0.5), "p95": quantile(sizes, 0.95), "worst": max(sizes, default=None)}


def _rest(errors_rad: "array[float]") -> dict[str, float | int | None]:
    count = len(errors_rad)
    mean = sum(errors_rad) / count if count else None
    return {"mean": mean, "worst": max(errors_rad, key=abs, default=None), "samples": count}
