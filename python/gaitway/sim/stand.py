"""A stand, or a hand, that holds the trunk up and puts it down."""

import mujoco
import numpy as np

from gaitway.errors import UsageError
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import VELOCITY, pose_of, velocity_of

# A trunk of this armature (kg, kg·m²) moves by nothing, and legs hang from it as from a fixed one.
_FIXED_ARMATURE = 1e6

#: The stand lets go once the floor carries so much of the weight.
_CARRIED_SHARE = 0.8


class Stand:
    """Holds the trunk of `sim` above the place where it stands now, and lowers it to there.

    `tilt_rad` are roll and pitch in which it is held, beside the attitude the trunk has now. Raises UsageError for a
    robot with a fixed base.
    """

    def __init__(self, sim: RobotSim, tilt_rad: tuple[float, float] = (0.0, 0.0)) -> None:
        trunk, first = sim.description.trunk, sim.layout.trunk_qvel
        if trunk is None or first is None:
            message = f"{sim.robot.name}: expected a trunk that a stand can hold, found a fixed base"
            raise UsageError(message, hint="simulation.toml names a trunk that is free in [trunk]")
        self._sim, self._lift_m = sim, trunk.lift_m
        self._dofs = slice(first, first + VELOCITY)
        self._pose = pose_of(sim.data, sim.layout).copy()
        _turn(self._pose[3:], *tilt_rad)
        self._armature = sim.model.dof_armature[self._dofs].copy()
        self._weight_n = float(sim.model.body_mass.sum()) * float(np.abs(sim.model.opt.gravity[2]))
        sim.model.dof_armature[self._dofs] = _FIXED_ARMATURE
        self.hold(1.0)

    def hold(self, share: float, nose_down_rad: float = 0.0) -> None:
        """Puts the trunk at this share of the full height of the stand, after every step of the physics."""
        pose = pose_of(self._sim.data, self._sim.layout)
        pose[:] = self._pose
        _turn(pose[3:], 0.0, nose_down_rad)
        pose[2] += self._lift_m * np.clip(share, 0.0, 1.0)
        velocity_of(self._sim.data, self._sim.layout)[:] = 0.0

    @property
    def is_carried(self) -> bool:
        """True where the floor carries nearly all of the weight: a person's hand lets go then."""
        return self._sim.floor_force_n() > _CARRIED_SHARE * self._weight_n

    def release(self) -> None:
        """Lets go, for good, where the trunk is."""
        velocity_of(self._sim.data, self._sim.layout)[:] = 0.0
        self._sim.model.dof_armature[self._dofs] = self._armature


def _turn(quaternion: np.ndarray, roll_rad: float, pitch_rad: float) -> None:
    """Turns an attitude [4] about its own x, then y."""
    for axis, angle_rad in (((1.0, 0.0, 0.0), roll_rad), ((0.0, 1.0, 0.0), pitch_rad)):
        turn = np.empty(4)
        mujoco.mju_axisAngle2Quat(turn, np.array(axis), angle_rad)
        mujoco.mju_mulQuat(quaternion, quaternion.copy(), turn)
