"""Pictures of an environment, made when they are asked for."""

import numpy as np
from numpy.typing import NDArray

from gaitway.sim.render import Painter
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.window import Window


class View:
    """Pictures and a window of one simulation; neither exists before it is used."""

    def __init__(self, sim: RobotSim, hz: int, width: int, height: int) -> None:
        self._sim, self._hz, self._size = sim, hz, (width, height)
        self._painter: Painter | None = None
        self._window: Window | None = None

    def picture(self) -> NDArray[np.uint8]:
        """The robot as it is now [height, width, 3], RGB. Raises SimulationError where nothing can draw."""
        if self._painter is None:
            self._painter = Painter(self._sim.model, *self._size)
        return self._painter.paint(self._sim.data.qpos)

    def show(self) -> None:
        """Shows it in a window, in real time. Raises SimulationError where there is no display."""
        if self._window is None:
            self._window = Window(self._sim, self._hz)
        self._window.show()

    def close(self) -> None:
        """Gives both back."""
        if self._painter is not None:
            self._painter.__exit__(None, None, None)
        if self._window is not None:
            self._window.close()
        self._painter = self._window = None
