"""Gymnasium environments over the embedded simulation. `gaitway[gym]` brings what they need.

Importing this package registers an environment for every robot that ships, `gaitway/<Robot>-v0`, with
`gymnasium.make` and `gymnasium.make_vec`; `make_env` makes one for any robot.
"""

from gaitway import extras

extras.load("gymnasium", "gym")

from gaitway.env.make import make_env
from gaitway.env.registration import ENV_IDS, register
from gaitway.env.rewards import Moment, PoseReward, Reward, TrackReward
from gaitway.env.robot_env import RobotEnv
from gaitway.env.task_reward import TaskReward

__all__ = [
    "ENV_IDS",
    "Moment",
    "PoseReward",
    "Reward",
    "RobotEnv",
    "TaskReward",
    "TrackReward",
    "make_env",
    "register",
]

register()
