"""The twin as a program: emulated servos on a pseudo-terminal, their joints moved in real time."""

from gaitway.twin.daemon import Daemon, find_daemon
from gaitway.twin.figures import Figures
from gaitway.twin.host import Body, Twin
from gaitway.twin.still import StillBody
from gaitway.twin.tracking import Tracking
from gaitway.twin.walk import Commands, Walk

__all__ = ["Body", "Commands", "Daemon", "Figures", "StillBody", "Tracking", "Twin", "Walk", "find_daemon"]
