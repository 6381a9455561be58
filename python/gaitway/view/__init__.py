"""The view: a page on loopback that shows a robot in 3D, live or from a recording, and steers it."""

from gaitway.view.local import LocalSource
from gaitway.view.recorded import RecordedRun, load_recorded
from gaitway.view.server import ViewServer
from gaitway.view.simulated import SimulationSource
from gaitway.view.source import Source, State, Steering
from gaitway.view.watched import WatchedRun

__all__ = [
    "LocalSource",
    "RecordedRun",
    "SimulationSource",
    "Source",
    "State",
    "Steering",
    "ViewServer",
    "WatchedRun",
    "load_recorded",
]
