"""The robot's motors for tools: found, set up, audited, moved slowly, calibrated. What walks them is `gaitwayd`."""

from gaitway.bringup.motors.motors import Look, Motors, check_joints
from gaitway.bringup.motors.scan import BAUDS, Found, Line, check_line, scan, set_up

__all__ = ["BAUDS", "Found", "Line", "Look", "Motors", "check_joints", "check_line", "scan", "set_up"]
