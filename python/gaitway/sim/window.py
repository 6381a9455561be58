"""A window in which a simulation is seen while it runs, on machines with a display."""

import importlib
import os
import platform
import threading
from collections.abc import Callable
from typing import Any

from gaitway._native import Pacer
from gaitway.errors import SimulationError
from gaitway.sim.robot_sim import RobotSim

#: The viewer's thread ends within this time, s.
_ENDS_WITHIN_S = 5.0


class Window:
    """MuJoCo's viewer of one simulation, shown in real time. Raises SimulationError where there is no display.

    `key` is told the number of every key that is pressed in it, GLFW's, on a thread of the viewer's.
    """

    def __init__(self, sim: RobotSim, hz: int, key: Callable[[int], None] | None = None) -> None:
        if platform.system() == "Linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise SimulationError(
                "window: expected a display, found neither DISPLAY nor WAYLAND_DISPLAY",
                hint='render_mode="rgb_array" gives pictures without a display',
            )
        before = threading.enumerate()
        self._viewer: Any = importlib.import_module("mujoco.viewer").launch_passive(
            sim.model, sim.data, key_callback=key, show_left_ui=False, show_right_ui=False
        )
        self._threads = [thread for thread in threading.enumerate() if thread not in before]
        self._pacer = Pacer(round(1e9 / hz))

    def show(self) -> None:
        """Shows the simulation as it is, and waits until it is time for the next tick."""
        self.draw()
        self._pacer.wait()

    def draw(self) -> None:
        """Shows the simulation as it is, to whoever paces it. Does nothing once the window was closed."""
        if self.is_open:
            self._viewer.sync()

    @property
    def is_open(self) -> bool:
        """False once the person has closed it."""
        return bool(self._viewer.is_running())

    def close(self) -> None:
        """Closes the window."""
        self._viewer.close()
        # A program that ends while its viewer still draws is ended by a fault of the graphics library.
        for thread in self._threads:
            thread.join(_ENDS_WITHIN_S)
