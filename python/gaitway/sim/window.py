"""A window in which a simulation is seen while it runs, on machines with a display."""

import importlib
import os
import platform
from typing import Any

from gaitway._native import Pacer
from gaitway.errors import SimulationError
from gaitway.sim.robot_sim import RobotSim


class Window:
    """MuJoCo's viewer of one simulation, shown in real time. Raises SimulationError where there is no display."""

    def __init__(self, sim: RobotSim, hz: int) -> None:
        if platform.system() == "Linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise SimulationError(
                "window: expected a display, found neither DISPLAY nor WAYLAND_DISPLAY",
                hint='render_mode="rgb_array" gives pictures without a display',
            )
        self._viewer: Any = importlib.import_module("mujoco.viewer").launch_passive(sim.model, sim.data)
        self._pacer = Pacer(round(1e9 / hz))

    def show(self) -> None:
        """Shows the simulation as it is, and waits until it is time for the next tick."""
        if self._viewer.is_running():
            self._viewer.sync()
        self._pacer.wait()

    def close(self) -> None:
        """Closes the window."""
        self._viewer.close()
