"""Gaitway trains a gait, proves it, and runs it on a small legged robot.

    import gaitway
    from gaitway.sim import RobotSim

    robot = gaitway.Robot.load("open_duck_mini_v2")
    policy = gaitway.Policy.load(robot.default_policy)
    controller = gaitway.Controller(policy, robot)
    sim = RobotSim(robot, seed=1)
    sim.set_gains(controller.gains)
    for _ in range(500):
        goals = controller.step(sim.sense(), gaitway.command(vx=0.1))
        sim.step(goals)

Importing this package loads neither numpy nor MuJoCo nor onnxruntime: `gaitway.sim` and the onnxruntime engine
load them where they are used.
"""

from typing import TYPE_CHECKING, Any

from gaitway._native import VERSION as __version__  # noqa: N811
from gaitway._native import Pacer, Record, Wake, axes, build_info

# Its name of 0.1.0, for one version more.
from gaitway.api import ConnectedRobot, RobotConnection, connect, connect_async
from gaitway.bringup import camera
from gaitway.command import command
from gaitway.contract import Contract
from gaitway.controller import Controller
from gaitway.errors import GaitwayError
from gaitway.policy import Policy
from gaitway.recorder import Recorder
from gaitway.recording import Recording
from gaitway.remote import Remote
from gaitway.robot import Robot
from gaitway.sensors import Sensors

if TYPE_CHECKING:
    from gaitway.env import make_env as make_env

__all__ = [
    "ConnectedRobot",
    "Contract",
    "Controller",
    "GaitwayError",
    "Pacer",
    "Policy",
    "Record",
    "Recorder",
    "Recording",
    "Remote",
    "Robot",
    "RobotConnection",
    "Sensors",
    "Wake",
    "__version__",
    "axes",
    "build_info",
    "camera",
    "command",
    "connect",
    "connect_async",
]


def __getattr__(name: str) -> Any:
    """What needs an extra is loaded when it is asked for; `import *` leaves it out."""
    if name == "make_env":
        from gaitway.env import make_env

        return make_env
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
