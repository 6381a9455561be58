"""A stand that holds the trunk up until the servos do."""

import numpy as np

from gaitway.sim.duck import DuckSim

#: How high the stand holds the trunk above its place, m: stretched legs do not reach the floor.
LIFT_M = 0.06

# A trunk of this armature (kg, kg·m²) moves by nothing, and legs hang from it as from a fixed one.
_FIXED_ARMATURE = 1e6


class Stand:
    """Holds the trunk of `sim` upright above the place where it stands now, and lowers it to there."""

    def __init__(self, sim: DuckSim) -> None:
        self._sim = sim
        self._pose = sim.data.qpos[:7].copy()
        self._armature = sim.model.dof_armature[:6].copy()
        sim.model.dof_armature[:6] = _FIXED_ARMATURE
        self.hold(1.0)

    def hold(self, share: float) -> None:
        """Puts the trunk at this share of the full height of the stand, after every step of the physics."""
        self._sim.data.qpos[:7] = self._pose
        self._sim.data.qpos[2] += LIFT_M * np.clip(share, 0.0, 1.0)
        self._sim.data.qvel[:6] = 0.0

    def release(self) -> None:
        """Lets go, for good."""
        self.hold(0.0)
        self._sim.model.dof_armature[:6] = self._armature
