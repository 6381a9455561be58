"""What truly happened to the robot, which no program under test can know."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaitway.sim.duck import TrunkState
    from gaitway.sim.live import LiveDuck

#: How often the trunk is looked at, s.
_EVERY_S = 0.01


class Figures:
    """Sums up the way of a duck from when its stand let go."""

    def __init__(self, duck: "LiveDuck") -> None:
        self._duck = duck
        self._begun_s: float | None = None
        self._seen_s = 0.0
        self._start: TrunkState | None = None
        self._vx_sum: list[float] = []
        self._vx_count: list[int] = []

    def watch(self, now_s: float) -> None:
        """Looks at the trunk, where it is time."""
        if not self._duck.released or now_s < self._seen_s + _EVERY_S:
            return
        trunk = self._duck.trunk()
        if self._start is None or self._begun_s is None:
            self._start, self._begun_s = trunk, now_s
        self._seen_s = now_s
        second = int(now_s - self._begun_s)
        while len(self._vx_sum) <= second:
            self._vx_sum.append(0.0)
            self._vx_count.append(0)
        self._vx_sum[second] += float(trunk.velocity_mps[0])
        self._vx_count[second] += 1

    def summary(self) -> dict[str, Any]:
        """Distance forward and to the left as it was heading, speeds forward, falls, tilt."""
        trunk = self._duck.trunk()
        looks = sum(self._vx_count)
        pairs = zip(self._vx_sum, self._vx_count, strict=True)
        return {
            "released_s": 0.0 if self._begun_s is None else _finite(self._seen_s - self._begun_s),
            "distance_m": [0.0, 0.0] if self._start is None else _from(self._start, trunk),
            "mean_vx_mps": _finite(sum(self._vx_sum) / looks) if looks else 0.0,
            "vx_by_second_mps": [_finite(total / count) if count else None for total, count in pairs],
            "falls": self._duck.falls,
            "tilt_rad": _finite(trunk.tilt_rad),
        }


def _from(start: "TrunkState", end: "TrunkState") -> list[float | None]:
    """The way from `start` to `end`, forward and left of the heading at the start, m."""
    x, y = (float(end.position_m[axis] - start.position_m[axis]) for axis in (0, 1))
    cosine, sine = math.cos(start.yaw_rad), math.sin(start.yaw_rad)
    return [_finite(cosine * x + sine * y), _finite(cosine * y - sine * x)]


def _finite(value: float) -> float | None:
    """JSON has no word for physics that broke down."""
    return value if math.isfinite(value) else None
