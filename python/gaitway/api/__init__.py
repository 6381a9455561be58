"""A running robot, seen and steered through its local API: `gaitway.connect`."""

from gaitway.api.connected import ConnectedRobot, connect
from gaitway.api.connection import Connection, default_socket
from gaitway.api.state import JointState, RobotState

__all__ = ["ConnectedRobot", "Connection", "JointState", "RobotState", "connect", "default_socket"]
