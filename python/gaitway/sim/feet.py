"""The soles of a simulated robot as they truly are."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.sim.robot_sim import RobotSim

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feet:
    """The soles at one moment, in the world; in the order of the robot's contacts."""

    #: Position [c, 3], m.
    position_m: Floats
    #: Velocity [c, 3], m/s.
    velocity_mps: Floats
    #: Vertical part of the direction that is up where a sole lies flat [c]: 1 where it does.
    flat: Floats


def feet_of(sim: RobotSim) -> Feet:
    """Where the soles are now, and how they move."""
    contacts, data = sim.description.contacts, sim.data
    velocity, whole = np.empty((len(contacts), 3)), np.empty(6)
    for index, site in enumerate(sim.layout.sites):
        mujoco.mj_objectVelocity(sim.model, data, mujoco.mjtObj.mjOBJ_SITE, site, whole, 0)
        velocity[index] = whole[3:]
    # A column of the rotation for each axis of the geom: the third row is what of it is vertical.
    columns = ["xyz".index(contact.up_axis) for contact in contacts]
    vertical = data.geom_xmat[sim.layout.soles].reshape(-1, 3, 3)[:, 2]
    return Feet(data.geom_xpos[sim.layout.soles].copy(), velocity, vertical[np.arange(len(contacts)), columns])
