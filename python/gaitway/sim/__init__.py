"""The embedded simulation: MuJoCo in lockstep with the controller, on a virtual clock.

MuJoCo lives in this package and only here. Installing `gaitway[sim]` brings it.
"""

from gaitway import extras
from gaitway.errors import SimulationError

extras.load("numpy", "sim")
try:
    extras.load("mujoco", "sim")
except RuntimeError as error:
    raise SimulationError(f"MuJoCo cannot start: {error}", hint="MUJOCO_GL is egl, osmesa or glfw, or unset") from error

from gaitway.sim.duck import DuckSim, TrunkState
from gaitway.sim.lockstep import Run, simulate
from gaitway.sim.physics import Physics
from gaitway.sim.script import Script, Segment, tour
from gaitway.sim.world import Noise, Pushes, Variation, World

__all__ = [
    "DuckSim",
    "Noise",
    "Physics",
    "Pushes",
    "Run",
    "Script",
    "Segment",
    "TrunkState",
    "Variation",
    "World",
    "simulate",
    "tour",
]
