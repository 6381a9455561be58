"""Rewards: each a named function of the scene, in the unit its docstring says. Weights are the configuration's."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gaitway.train.scene import Floats, Scene

Reward = Callable[[Scene], Floats]

#: For so long after a push a stand may step, s.
CATCH_S = 1.0


def track_linear(scene: Scene) -> Floats:
    """How near the mean velocity is to the command, 0 to 1: a wide and a narrow bell, m/s."""
    error = np.square(scene.mean_velocity[:, :2] - scene.command[:, :2]).sum(axis=1)
    return _bells(error, 0.1, 0.025)


def track_turn(scene: Scene) -> Floats:
    """How near the mean turning rate is to the command, 0 to 1: a wide and a narrow bell, rad/s."""
    error = np.square(scene.mean_velocity[:, 2] - scene.command[:, 2])
    return _bells(error, 0.5, 0.1)


def swing_height(scene: Scene) -> Floats:
    """How well the feet follow the gait's heights, 0 to 1; in a stand both belong on the floor, but after a push."""
    sizes = scene.sizes
    raised_m = scene.foot_position_m[:, :, 2] - sizes.sole_height_m
    error = np.square(raised_m - sizes.swing_height_m * _swing(scene)).sum(axis=1)
    error[_catches_itself(scene)] = 0.0
    return np.exp(-error / (0.5 * sizes.swing_height_m**2))  # type: ignore[no-any-return]


def contact(scene: Scene) -> Floats:
    """Share of the feet that are on the floor, or off it, when the gait says so; in a stand after a push, all."""
    right = (scene.foot_contact == (_swing(scene) == 0)) | _catches_itself(scene)[:, None]
    return right.mean(axis=1)  # type: ignore[no-any-return]


def head(scene: Scene) -> Floats:
    """How near the head's joints are to their command, 0 to 1."""
    joints, axes = scene.head
    want = scene.command[:, axes] + scene.default_pose_rad[joints]
    error = np.square(scene.joint_position_rad[:, joints] - want).sum(axis=1)
    return np.exp(-error / 0.1**2)  # type: ignore[no-any-return]


def alive(scene: Scene) -> Floats:
    """1 in every step."""
    return np.ones(len(scene.height_m))


def fall(scene: Scene) -> Floats:
    """1 in the step in which the robot falls."""
    return scene.has_fallen.astype(np.float64)


def capture(scene: Scene) -> Floats:
    """How far the point where the robot could come to rest is beyond its feet, m: there a foot should go.

    A mass at height h that moves at v comes to rest above a point v √(h / g) ahead (the capture point of the linear
    inverted pendulum).
    """
    forward_m, up_m = scene.sizes.centre_of_mass_m
    half_m = np.array(scene.sizes.sole_half_m)
    slowing_s = np.sqrt(np.maximum(scene.height_m + up_m, 0.0) / 9.81)
    point = (forward_m, 0.0) + scene.velocity_mps[:, :2] * slowing_s[:, None]
    feet = scene.foot_position_m[:, :, :2]
    beyond = np.maximum(feet.min(axis=1) - half_m - point, 0.0) + np.maximum(point - feet.max(axis=1) - half_m, 0.0)
    return np.hypot(beyond[:, 0], beyond[:, 1])  # type: ignore[no-any-return]


def tilt(scene: Scene) -> Floats:
    """Squared sine of the trunk's tilt."""
    return np.square(scene.up[:, :2]).sum(axis=1)  # type: ignore[no-any-return]


def height(scene: Scene) -> Floats:
    """Squared error of the trunk's height, m²."""
    return np.square(scene.height_m - scene.sizes.trunk_height_m)


def rocking(scene: Scene) -> Floats:
    """Squared turning rates about the lying axes, rad²/s²."""
    return np.square(scene.gyro_rps[:, :2]).sum(axis=1)  # type: ignore[no-any-return]


def bouncing(scene: Scene) -> Floats:
    """Squared vertical velocity, m²/s²."""
    return np.square(scene.velocity_mps[:, 2])


def action_rate(scene: Scene) -> Floats:
    """Squared change of the action; in a stand it counts twice."""
    return np.square(scene.action - scene.action_1).sum(axis=1) * _twice_in_a_stand(scene)  # type: ignore[no-any-return]


def action_bend(scene: Scene) -> Floats:
    """Squared second difference of the action; in a stand it counts twice."""
    bend = scene.action - 2 * scene.action_1 + scene.action_2
    return np.square(bend).sum(axis=1) * _twice_in_a_stand(scene)  # type: ignore[no-any-return]


def torque(scene: Scene) -> Floats:
    """Squared torques, N²·m²."""
    return np.square(scene.torque_nm).sum(axis=1)  # type: ignore[no-any-return]


def joint_speed(scene: Scene) -> Floats:
    """Squared joint velocities, rad²/s²."""
    return np.square(scene.joint_velocity_rps).sum(axis=1)  # type: ignore[no-any-return]


def slip(scene: Scene) -> Floats:
    """Speed of the feet that are on the floor, m/s."""
    speed = np.linalg.norm(scene.foot_velocity_mps[:, :, :2], axis=2)
    return (speed * scene.foot_contact).sum(axis=1)  # type: ignore[no-any-return]


def tilted_feet(scene: Scene) -> Floats:
    """How far the soles are from flat, 0 to 2."""
    return (1.0 - scene.foot_flat).sum(axis=1)  # type: ignore[no-any-return]


def pose(scene: Scene) -> Floats:
    """In a walk: squared distance of the robot's straight joints from the default pose, rad²; a stand may be wide."""
    error = scene.joint_position_rad[:, scene.straight] - scene.default_pose_rad[scene.straight]
    return np.square(error).sum(axis=1) * scene.is_moving  # type: ignore[no-any-return]


def restless(scene: Scene) -> Floats:
    """In a stand, not soon after a push: squared distance of the legs from the default pose, and joint speed."""
    legs = np.square(np.delete(scene.joint_position_rad - scene.default_pose_rad, scene.head[0], axis=1)).sum(axis=1)
    motion = 0.1 * np.square(scene.joint_velocity_rps).sum(axis=1)
    return (legs + motion) * (~scene.is_moving & (scene.since_push_s >= CATCH_S))  # type: ignore[no-any-return]


def crossing(scene: Scene) -> Floats:
    """How much nearer than they should be the feet of each pair are sideways, m; a pair is left, then right."""
    left, right = scene.pairs
    apart = scene.foot_position_m[:, left, 1] - scene.foot_position_m[:, right, 1]
    return np.maximum(0.0, scene.sizes.feet_apart_m - apart).sum(axis=1)  # type: ignore[no-any-return]


def joint_limits(scene: Scene) -> Floats:
    """How far joints are within 0.05 rad of their limits, or beyond, rad."""
    low, high = scene.limits_rad[:, 0] + 0.05, scene.limits_rad[:, 1] - 0.05
    position = scene.joint_position_rad
    return (np.maximum(0, low - position) + np.maximum(0, position - high)).sum(axis=1)  # type: ignore[no-any-return]


def _bells(error: Floats, wide: float, narrow: float) -> Floats:
    """The mean of two bells over a squared error, 0 to 1: the wide one shows the way from afar."""
    return 0.5 * np.exp(-error / wide**2) + 0.5 * np.exp(-error / narrow**2)


def _swing(scene: Scene) -> Floats:
    """Height each foot should have as a share of the swing's, 0 where it should stand [n, k]."""
    share = scene.sizes.swing_share
    shifted = (scene.phase[:, None] + scene.foot_phase) % 1.0
    # In the middle of its half of the gait.
    begin = 0.25 - share / 2
    way = (shifted - begin) / share
    swings = (way > 0) & (way < 1) & scene.is_moving[:, None]
    return np.where(swings, np.sin(np.pi * np.clip(way, 0, 1)) ** 2, 0.0)


def _catches_itself(scene: Scene) -> NDArray[np.bool_]:
    """True where a robot that stands was pushed not long ago: it may step."""
    return ~scene.is_moving & (scene.since_push_s < CATCH_S)


def _twice_in_a_stand(scene: Scene) -> Floats:
    return np.where(scene.is_moving | _catches_itself(scene), 1.0, 2.0)


#: By the names a configuration uses.
REWARDS: dict[str, Reward] = {
    function.__name__: function
    for function in (
        track_linear,
        track_turn,
        swing_height,
        contact,
        head,
        alive,
        fall,
        capture,
        tilt,
        height,
        rocking,
        bouncing,
        action_rate,
        action_bend,
        torque,
        joint_speed,
        slip,
        tilted_feet,
        pose,
        restless,
        crossing,
        joint_limits,
    )
}
