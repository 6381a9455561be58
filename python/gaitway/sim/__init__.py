"""The embedded simulation: MuJoCo in lockstep with the controller, on a virtual clock.

MuJoCo lives in this package and only here. Installing `gaitway[sim]` brings it.
"""

from typing import Any

from gaitway import extras, renamed
from gaitway.errors import SimulationError

extras.load("numpy", "sim")
try:
    extras.load("mujoco", "sim")
except RuntimeError as error:
    raise SimulationError(f"MuJoCo cannot start: {error}", hint="MUJOCO_GL is egl, osmesa or glfw, or unset") from error

from gaitway.script import Script, Segment, tour
from gaitway.sim.lockstep import Run, simulate
from gaitway.sim.physics import Physics
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import TrunkState
from gaitway.sim.world import Noise, Pushes, Variation, World

__all__ = [
    "Noise",
    "Physics",
    "Pushes",
    "RobotSim",
    "Run",
    "Script",
    "Segment",
    "TrunkState",
    "Variation",
    "World",
    "simulate",
    "tour",
]


def __getattr__(name: str) -> Any:
    """What an old name stands for."""
    return globals()[renamed.import_of(__name__, name)]
