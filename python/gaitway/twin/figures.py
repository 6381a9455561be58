"""What truly happened to the robot, which no program under test can know."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaitway.sim.live import LiveRobot
    from gaitway.sim.trunk import TrunkState

#: How often the trunk is looked at, s.
_EVERY_S = 0.01


class Figures:
    """Sums up the way of a robot from when its stand let go."""

    def __init__(self, body: "LiveRobot") -> None:
        from gaitway.sim.trace import SETTLE_S

        self._settle_s = SETTLE_S
        self._body = body
        self._begun_s: float | None = None
        self._seen_s = 0.0
        self._start: TrunkState | None = None
        self._vx_sum: list[float] = []
        self._vx_count: list[int] = []
        self._settled_sum = [0.0, 0.0, 0.0]
        self._settled_count = 0

    @property
    def released_s(self) -> float:
        """Time on its own feet."""
        return 0.0 if self._begun_s is None else self._seen_s - self._begun_s

    def watch(self, now_s: float) -> None:
        """Looks at the trunk, where it is time."""
        if not self._body.released or now_s < self._seen_s + _EVERY_S:
            return
        trunk = self._body.trunk()
        if self._start is None or self._begun_s is None:
            self._start, self._begun_s = trunk, now_s
        self._seen_s = now_s
        second = int(now_s - self._begun_s)
        while len(self._vx_sum) <= second:
            self._vx_sum.append(0.0)
            self._vx_count.append(0)
        self._vx_sum[second] += float(trunk.velocity_mps[0])
        self._vx_count[second] += 1
        if self.released_s > self._settle_s:
            now = (trunk.velocity_mps[0], trunk.velocity_mps[1], trunk.yaw_rate_rps)
            self._settled_sum = [total + float(value) for total, value in zip(self._settled_sum, now, strict=True)]
            self._settled_count += 1

    def distance_m(self) -> list[float | None]:
        """The way so far, forward and left of the heading at the start."""
        return [0.0, 0.0] if self._start is None else _from(self._start, self._body.trunk())

    def summary(self) -> dict[str, Any]:
        """Distance, mean velocities, falls, tilt. `velocity_mps` and `yaw_rate_rps` leave the first 2 s out, as
        lockstep's figures do; where there is no more they are null."""
        looks = sum(self._vx_count)
        pairs = zip(self._vx_sum, self._vx_count, strict=True)
        count = self._settled_count
        vx, vy, wz = (_finite(total / count) if count else None for total in self._settled_sum)
        return {
            "released_s": _finite(self.released_s),
            "distance_m": self.distance_m(),
            "velocity_mps": [vx, vy],
            "yaw_rate_rps": wz,
            "mean_vx_mps": _finite(sum(self._vx_sum) / looks) if looks else 0.0,
            "vx_by_second_mps": [_finite(total / count) if count else None for total, count in pairs],
            "falls": self._body.falls,
            "tilt_rad": _finite(self._body.trunk().tilt_rad),
        }


def _from(start: "TrunkState", end: "TrunkState") -> list[float | None]:
    """The way from `start` to `end`, forward and left of the heading at the start, m."""
    x, y = (float(end.position_m[axis] - start.position_m[axis]) for axis in (0, 1))
    cosine, sine = math.cos(start.yaw_rad), math.sin(start.yaw_rad)
    return [_finite(cosine * x + sine * y), _finite(cosine * y - sine * x)]


def _finite(value: float) -> float | None:
    """JSON has no word for physics that broke down."""
    return value if math.isfinite(value) else None
