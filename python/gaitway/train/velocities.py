"""What robots' velocities are on average: over the last gait, and since their command and they were last left alone."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaitway.train import checkpoint

Floats = NDArray[np.float64]


class Velocities:
    """Of `count` robots, forward, leftward, turning [n, 3], m/s, rad/s; a tick at a time."""

    def __init__(self, count: int, gait_ticks: int) -> None:
        self.gait_ticks = gait_ticks
        #: Ticks since each robot was put down [n].
        self.moved = np.zeros(count, dtype=np.int64)
        self._gait = np.zeros((gait_ticks, count, 3))
        self._slot = np.zeros(1, dtype=np.int64)
        self._asked = np.zeros((count, 3), dtype=np.float32)
        self._kept_sum = np.zeros((count, 3))
        #: Ticks of the mean since command and robot were last left alone, a gait later; not above zero before [n].
        self.kept_ticks = np.full(count, -gait_ticks, dtype=np.int64)

    def add(self, now: Floats, asked: NDArray[np.float32]) -> None:
        """This tick's velocities, and what was asked for [n, 3]."""
        self._slot = (self._slot + 1) % self.gait_ticks
        self._gait[self._slot[0]] = now
        self.moved += 1
        self.kept_ticks[(asked != self._asked).any(axis=1)] = -self.gait_ticks
        self._asked[:] = asked
        self.kept_ticks += 1
        is_kept = (self.kept_ticks > 0)[:, None]
        self._kept_sum = np.where(is_kept, self._kept_sum + self.of_gait(), 0.0)

    def of_gait(self) -> Floats:
        """Mean of the last gait, or of what was walked where that is less [n, 3]."""
        walked = np.clip(self.moved, 1, self.gait_ticks)
        return self._gait.sum(axis=0) / walked[:, None]  # type: ignore[no-any-return]

    def kept(self) -> Floats:
        """Mean of that since command and robot were last left alone [n, 3]; zero where there is none yet."""
        return self._kept_sum / np.maximum(self.kept_ticks, 1)[:, None]

    def disturb(self, which: NDArray[np.int64]) -> None:
        """These robots were pushed."""
        self.kept_ticks[which] = -self.gait_ticks

    def restart(self, which: NDArray[np.int64]) -> None:
        """These robots were put down anew."""
        self.disturb(which)
        self._gait[:, which] = 0.0
        self.moved[which] = 0

    _SAVED = ("moved", "_gait", "_slot", "_asked", "_kept_sum", "kept_ticks")

    def save(self) -> dict[str, Any]:
        """Everything that changes."""
        return {name: torch.from_numpy(np.copy(getattr(self, name))) for name in self._SAVED}

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a saved state back."""
        checkpoint.restore_rows(self, self._SAVED, saved)
