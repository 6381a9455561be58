"""The leader: an arm whose servos are limp and whose angles are read, again and again."""

import time
from dataclasses import dataclass
from pathlib import Path

from gaitway.bringup.motors import Look, Motors
from gaitway.errors import BusError
from gaitway.robot import Robot

#: Torque that is switched off is looked at so often before it counts as on.
_TRIES = 3


@dataclass(frozen=True)
class Reading:
    """One look at the leader."""

    #: When the look began, ns of the monotonic clock: no angle in it is older.
    at_ns: int
    #: Joint angles, rad; None for a servo that did not answer.
    angles_rad: dict[str, float | None]


class Leader:
    """A limp arm behind a port. `read` takes some milliseconds: it asks every servo for its torque, too."""

    def __init__(self, robot: Robot, port: Path) -> None:
        self.robot, self.port = robot, port
        self._motors: Motors | None = None

    def open(self) -> list[str]:
        """Opens the bus and makes the arm limp; returns the joints that were driven before.

        Raises BusError where the port cannot be had, or a servo keeps its torque or says nothing.
        """
        self.close()
        motors = self._motors = Motors(self.robot, self.port)
        looks = _heard(motors)
        if missing := [name for name, look in looks.items() if look is None]:
            message = f"leader on {self.port}: expected an answer of every servo, found none of {', '.join(missing)}"
            raise BusError(message, hint=f"is its power on? gaitway motors scan --robot {self.robot.name}")
        driven = _driven(looks)
        if driven:
            motors.release()
            looks = _heard(motors)
        if kept := _driven(looks):
            message = f"leader on {self.port}: expected limp servos, found torque on: {', '.join(kept)}"
            raise BusError(message, hint="end the program that drives it, or switch its power off and on")
        return driven

    def read(self) -> Reading:
        """Where its joints are. Raises BusError where the port is gone, or somebody switched a torque on."""
        if self._motors is None:
            raise BusError(f"leader on {self.port}: it is closed", hint="open it")
        at_ns = time.monotonic_ns()
        looks = self._motors.look()
        if driven := _driven(looks):
            message = f"leader on {self.port}: expected limp servos, found torque on: {', '.join(driven)}"
            raise BusError(message, hint="end the program that drives it")
        return Reading(at_ns, {name: None if look is None else look.position_rad for name, look in looks.items()})

    def close(self) -> None:
        """Frees the port; the arm stays limp."""
        if self._motors is not None:
            self._motors.close()
            self._motors = None


def _heard(motors: Motors) -> dict[str, Look | None]:
    """What every servo says, asked again where one says nothing."""
    looks = motors.look()
    for _ in range(_TRIES):
        if all(look is not None and look.torque_on is not None for look in looks.values()):
            break
        looks = {name: look or looks[name] for name, look in motors.look().items()}
    return looks


def _driven(looks: dict[str, Look | None]) -> list[str]:
    return [name for name, look in looks.items() if look is not None and look.torque_on]
