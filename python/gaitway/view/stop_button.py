"""`StopButton`: the stop button of a simulated robot and its end."""

import threading
from array import array

from gaitway.controller import Controller
from gaitway.sim import RobotSim

#: What a person reads at a stopped robot.
GO_ON = "Go on puts it back on its feet."


class StopButton:
    """Asked from any thread, obeyed by the one that steps `sim`."""

    def __init__(self, sim: RobotSim, controller: Controller | None) -> None:
        self._sim, self._controller = sim, controller
        self._stop_asked, self._clear_asked = threading.Event(), threading.Event()
        #: Whether the robot is limp because it was stopped.
        self.is_set = False

    def press(self) -> None:
        """Makes the robot limp, until it is cleared."""
        self._stop_asked.set()

    def clear(self) -> None:
        """Puts a stopped robot back on its feet."""
        self._clear_asked.set()

    def obey(self) -> bool:
        """Does what was asked; whether the robot was put back on its feet."""
        if self._stop_asked.is_set():
            self._stop_asked.clear()
            self.is_set = True
            self._sim.set_torque(False)
        if not self._clear_asked.is_set():
            return False
        self._clear_asked.clear()
        was_set, self.is_set = self.is_set, False
        if was_set:
            stand_up(self._sim, self._controller)
        return was_set


def stand_up(sim: RobotSim, controller: Controller | None) -> None:
    """Puts the robot on its feet, an arm under torque, with a controller that begins anew."""
    if sim.description.trunk is not None:
        sim.stand_up()
    else:
        sim.set_torque(True)
    if controller is not None:
        controller.reset(array("f", sim.robot.default_pose_rad))
