"""Teleoperation: a hand moves one arm, the leader, and another one, the follower, goes where it is."""

from gaitway.teleop.calibrated import Calibrated
from gaitway.teleop.figures import Figures
from gaitway.teleop.follower import Follower, Seen
from gaitway.teleop.hosted import HostedFollower
from gaitway.teleop.leader import Leader, Reading
from gaitway.teleop.mapping import JointMap
from gaitway.teleop.planner import GoalPlanner
from gaitway.teleop.session import TeleopSession

__all__ = [
    "Calibrated",
    "Figures",
    "Follower",
    "GoalPlanner",
    "HostedFollower",
    "JointMap",
    "Leader",
    "Reading",
    "Seen",
    "TeleopSession",
]
