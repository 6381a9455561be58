"""What the critic sees beside the observation: the robots as they truly are."""

import numpy as np
from numpy.typing import NDArray

from gaitway.sim.description import Description
from gaitway.train import mirror
from gaitway.train.geometry import rotation_of
from gaitway.train.mirror import Mirror
from gaitway.train.physics import BatchPhysics
from gaitway.train.velocities import Velocities


def critic_mirror(observation: Mirror, description: Description) -> Mirror:
    """Left and right of a critic's row, from those of the observation."""
    contacts = mirror.contacts_mirror(description)
    return mirror.rows_mirror(
        observation,
        mirror.signs(1, -1, 1),
        mirror.signs(1, -1, -1),
        mirror.signs(-1, 1, -1),
        mirror.signs(1, -1, 1),
        mirror.signs(1),
        contacts,
        contacts,
        mirror.signs(1, 1, 1, 1),
        mirror.signs(1, -1, -1),
        mirror.signs(1),
    )


def critic_rows(
    observation: NDArray[np.float32],
    physics: BatchPhysics,
    velocity_mps: NDArray[np.float64],
    velocities: Velocities,
    since_push_s: NDArray[np.float64],
) -> NDArray[np.float32]:
    """The rows of all robots [n, w + extras]; what is added is about as large as 1."""
    extras = [
        velocity_mps,
        velocities.of_gait(),
        physics.trunk_velocity[:, 3:],
        rotation_of(physics.trunk_pose[:, 3:])[:, 2],
        physics.trunk_pose[:, 2:3],
        physics.contacts("contact", slice(1, 2))[:, :, 0] / 10.0,
        physics.contacts("position", slice(2, 3))[:, :, 0] * 20.0,
        physics.friction[:, None],
        physics.stiffness[:, None],
        physics.load_kg[:, None] * 10.0,
        np.minimum(since_push_s, 2.0)[:, None],
        velocities.kept(),
        np.clip(velocities.kept_ticks, 0, 100)[:, None] / 100.0,
    ]
    return np.concatenate([observation, *extras], axis=1).astype(np.float32)
