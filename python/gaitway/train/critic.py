"""What the critic sees beside the observation: the robots as they truly are."""

import numpy as np
from numpy.typing import NDArray

from gaitway.train import mirror
from gaitway.train.geometry import rotation_of
from gaitway.train.mirror import Mirror
from gaitway.train.physics import DuckPhysics
from gaitway.train.velocities import Velocities

_SIDES = ("left", "right")


def critic_mirror(observation: Mirror) -> Mirror:
    """Left and right of a critic's row, from those of the observation."""
    return mirror.rows_mirror(
        observation,
        mirror.signs(1, -1, 1),
        mirror.signs(1, -1, -1),
        mirror.signs(-1, 1, -1),
        mirror.signs(1, -1, 1),
        mirror.signs(1),
        mirror.sides(),
        mirror.sides(),
        mirror.signs(1, 1, 1, 1),
        mirror.signs(1, -1, -1),
        mirror.signs(1),
    )


def critic_rows(
    observation: NDArray[np.float32],
    physics: DuckPhysics,
    velocity_mps: NDArray[np.float64],
    velocities: Velocities,
    since_push_s: NDArray[np.float64],
) -> NDArray[np.float32]:
    """The rows of all robots [n, w + extras]; what is added is about as large as 1."""
    extras = [
        velocity_mps,
        velocities.of_gait(),
        physics.qvel[:, 3:6],
        rotation_of(physics.qpos[:, 3:7])[:, 2],
        physics.qpos[:, 2:3],
        *(physics.sensor(f"{side}_contact")[:, 1:2] / 10.0 for side in _SIDES),
        *(physics.sensor(f"{side}_position")[:, 2:3] * 20.0 for side in _SIDES),
        physics.friction[:, None],
        physics.stiffness[:, None],
        physics.load_kg[:, None] * 10.0,
        np.minimum(since_push_s, 2.0)[:, None],
        velocities.kept(),
        np.clip(velocities.kept_ticks, 0, 100)[:, None] / 100.0,
    ]
    return np.concatenate([observation, *extras], axis=1).astype(np.float32)
