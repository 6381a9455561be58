"""A stand, or a hand, that holds the trunk up and puts it down."""

import mujoco
import numpy as np

from gaitway.sim.duck import DuckSim

#: How high the stand holds the trunk above its place, m: stretched legs do not reach the floor.
LIFT_M = 0.06

# A trunk of this armature (kg, kg·m²) moves by nothing, and legs hang from it as from a fixed one.
_FIXED_ARMATURE = 1e6

#: The stand lets go once the floor carries so much of the weight.
_CARRIED_SHARE = 0.8


class Stand:
    """Holds the trunk of `sim` above the place where it stands now, and lowers it to there.

    `tilt_rad` are roll and pitch in which it is held, beside the attitude the trunk has now.
    """

    def __init__(self, sim: DuckSim, tilt_rad: tuple[float, float] = (0.0, 0.0)) -> None:
        self._sim = sim
        self._pose = sim.data.qpos[:7].copy()
        _turn(self._pose[3:7], *tilt_rad)
        self._armature = sim.model.dof_armature[:6].copy()
        self._weight_n = float(sim.model.body_mass.sum()) * float(np.abs(sim.model.opt.gravity[2]))
        sim.model.dof_armature[:6] = _FIXED_ARMATURE
        self.hold(1.0)

    def hold(self, share: float, nose_down_rad: float = 0.0) -> None:
        """Puts the trunk at this share of the full height of the stand, after every step of the physics."""
        self._sim.data.qpos[:7] = self._pose
        _turn(self._sim.data.qpos[3:7], 0.0, nose_down_rad)
        self._sim.data.qpos[2] += LIFT_M * np.clip(share, 0.0, 1.0)
        self._sim.data.qvel[:6] = 0.0

    @property
    def is_carried(self) -> bool:
        """True where the floor carries nearly all of the weight: a person's hand lets go then."""
        return self._sim.floor_force_n() > _CARRIED_SHARE * self._weight_n

    def release(self) -> None:
        """Lets go, for good, where the trunk is."""
        self._sim.data.qvel[:6] = 0.0
        self._sim.model.dof_armature[:6] = self._armature


def _turn(quaternion: np.ndarray, roll_rad: float, pitch_rad: float) -> None:
    """Turns an attitude [4] about its own x, then y."""
    for axis, angle_rad in (((1.0, 0.0, 0.0), roll_rad), ((0.0, 1.0, 0.0), pitch_rad)):
        turn = np.empty(4)
        mujoco.mju_axisAngle2Quat(turn, np.array(axis), angle_rad)
        mujoco.mju_mulQuat(quaternion, quaternion.copy(), turn)
