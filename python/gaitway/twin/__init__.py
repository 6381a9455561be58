"""The twin as a program: emulated servos on a pseudo-terminal, their joints moved in real time."""

from gaitway.twin.figures import Figures
from gaitway.twin.host import Body, Twin
from gaitway.twin.still import StillBody

__all__ = ["Body", "Figures", "StillBody", "Twin"]
