"""What a reward may look at: the robots as they truly are, after a control step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.sim.description import GaitSizes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """Arrays with a row for each of `n` robots. Feet are the robot's `k` contacts, in its order."""

    #: The command that is followed [n, c], m/s, rad/s, rad.
    command: Floats
    #: True where it asks the robot to move over the ground [n].
    is_moving: NDArray[np.bool_]
    #: Velocity of the trunk's origin in the trunk frame [n, 3], m/s, and turning rate about its z axis [n], rad/s.
    velocity_mps: Floats
    #: The same, forward, leftward, turning, mean over the last gait [n, 3].
    mean_velocity: Floats
    #: Turning rates in the trunk frame [n, 3], rad/s.
    gyro_rps: Floats
    #: The world's up in the trunk frame [n, 3].
    up: Floats
    #: Height of the trunk's origin [n], m.
    height_m: Floats
    #: Joints as they are [n, j], rad, rad/s, N·m, and the default pose [j].
    joint_position_rad: Floats
    joint_velocity_rps: Floats
    torque_nm: Floats
    default_pose_rad: Floats
    #: Limits of the joints [j, 2], rad.
    limits_rad: Floats
    #: Soles in the heading frame, from the trunk [n, k, 3], m; z is the height above the floor.
    foot_position_m: Floats
    #: Velocity of the feet in the world [n, k, 3], m/s.
    foot_velocity_mps: Floats
    #: 1 where the sole lies flat [n, k].
    foot_flat: Floats
    #: True where a foot is on the floor [n, k].
    foot_contact: NDArray[np.bool_]
    #: This action, the one before and the one before that [n, a].
    action: Floats
    action_1: Floats
    action_2: Floats
    #: Where in the gait the robot is, 0 to 1 [n], and by what share of a gait each foot is ahead of it [k]; a leg
    #: swings in the first half of its own gait.
    phase: Floats
    foot_phase: NDArray[np.float32]
    #: Seconds since the robot was pushed [n].
    since_push_s: Floats
    #: Columns of the head's joints, and of the commands they follow.
    head: tuple[NDArray[np.int64], NDArray[np.int64]]
    #: Columns of the joints that a walk leaves near the default pose.
    straight: NDArray[np.int64]
    #: Columns of the feet that stand side by side: the left ones, the right ones.
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]]
    #: Sizes that rewards compare with.
    sizes: GaitSizes
    #: True where the robot has just fallen [n].
    has_fallen: NDArray[np.bool_]
