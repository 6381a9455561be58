"""The trunk as it truly is, which no robot can sense; that of a fixed base never moves."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.sim.layout import Layout

#: Numbers of a free joint's pose (position, quaternion) and of its velocity.
POSE, VELOCITY = 7, 6
#: A base that is fixed: at the origin, upright.
_FIXED_POSE = np.array((0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class TrunkState:
    """The trunk as it truly is, which no robot can sense."""

    #: Position of the trunk's origin in the world [3], m.
    position_m: NDArray[np.float64]
    #: Velocity of the trunk's origin in the trunk frame [3], m/s.
    velocity_mps: NDArray[np.float64]
    #: Turning rate about the trunk's own z axis, rad/s.
    yaw_rate_rps: float
    #: Heading, rad, from -π to π.
    yaw_rad: float
    #: Angle between the trunk's z axis and the vertical, rad.
    tilt_rad: float

    def row(self) -> NDArray[np.float32]:
        """All of it [9], as recordings keep it: position, velocity, turning rate, heading, tilt."""
        rest = (self.yaw_rate_rps, self.yaw_rad, self.tilt_rad)
        return np.concatenate([self.position_m, self.velocity_mps, rest]).astype(np.float32)


def pose_of(data: mujoco.MjData, layout: Layout) -> NDArray[np.float64]:
    """Position and quaternion [7]: a view into the state, to be written to, where the trunk is free."""
    at = layout.trunk_qpos
    return _FIXED_POSE.copy() if at is None else data.qpos[at : at + POSE]


def velocity_of(data: mujoco.MjData, layout: Layout) -> NDArray[np.float64]:
    """Velocity along the world's axes, and turning rates in the trunk frame [6]: a view where the trunk is free."""
    at = layout.trunk_qvel
    return np.zeros(VELOCITY) if at is None else data.qvel[at : at + VELOCITY]


def trunk_state(data: mujoco.MjData, layout: Layout) -> TrunkState:
    """The trunk in this state of the simulation."""
    pose, velocity = pose_of(data, layout), velocity_of(data, layout)
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, pose[3:])
    matrix = rotation.reshape(3, 3)
    return TrunkState(
        position_m=pose[:3].copy(),
        velocity_mps=matrix.T @ velocity[:3],
        yaw_rate_rps=float(velocity[5]),
        yaw_rad=float(np.arctan2(matrix[1, 0], matrix[0, 0])),
        tilt_rad=float(np.arccos(np.clip(matrix[2, 2], -1.0, 1.0))),
    )
