"""What counts as a fall in simulation, where the truth is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class FallLimits:
    """A robot has fallen whose trunk is lower, or whose up direction has a smaller part along the world's."""

    height_m: float
    up_z: float

    def passed(self, height_m: Any, up_z: Any) -> Any:
        """True where it has fallen: for one robot, or for many at once."""
        # Written so that what is not a number counts as fallen.
        return np.logical_not((height_m > self.height_m) & (up_z > self.up_z))
