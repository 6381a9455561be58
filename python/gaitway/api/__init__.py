"""Robots in a program's hands: `gaitway.connect`, to a running one through its local API or to one of its own."""

from gaitway.api.aio import AsyncRobot, connect_async
from gaitway.api.base import RobotConnection
from gaitway.api.connected import ConnectedRobot
from gaitway.api.connection import Connection, default_socket
from gaitway.api.info import PolicyInfo, RobotInfo
from gaitway.api.opening import connect
from gaitway.api.simulated import SimulatedRobot
from gaitway.api.state import JointState, RobotState
from gaitway.api.state_log import StateLog
from gaitway.api.transport import Transport
from gaitway.api.twin import TwinRobot

__all__ = [
    "AsyncRobot",
    "ConnectedRobot",
    "Connection",
    "JointState",
    "PolicyInfo",
    "RobotConnection",
    "RobotInfo",
    "RobotState",
    "SimulatedRobot",
    "StateLog",
    "Transport",
    "TwinRobot",
    "connect",
    "connect_async",
    "default_socket",
]
