"""`StillBody`: joints without physics, for tests of programs and wires on a machine without MuJoCo."""

import math
from array import array
from collections.abc import Mapping

from gaitway.robot import Robot
from gaitway.sensors import Sensors


class StillBody:
    """Joints that go to their goals at most at their velocity limits and bear nothing; a trunk that never moves.

    Its IMU trembles by a thousandth, as every real one does: one that says always the same counts as frozen.
    """

    step_s = 0.002
    #: Nothing holds it, and it is never set down.
    has_fixed_base = False

    def __init__(self, robot: Robot) -> None:
        self.contacts = len(Sensors(robot).foot_contact)
        self._position_rad = list(robot.default_pose_rad)
        self._velocity_rps = [0.0] * len(self._position_rad)
        self._held_rad: Mapping[int, float] = {}
        self._nose_down_rad = 0.0
        self._shows = 0
        self._largest_step_rad = [limit_rps * self.step_s for limit_rps in robot.velocity_limits_rps]

    def step(self, servos: "array[float]") -> None:
        """One step with goals and stiffnesses [5n]; a servo whose P or torque limit is zero moves nothing."""
        joints = len(self._position_rad)
        for joint, limit_rad in enumerate(self._largest_step_rad):
            goal_rad, p_gain, torque_limit = (servos[part * joints + joint] for part in (0, 1, 4))
            if math.isnan(goal_rad) and joint in self._held_rad:
                goal_rad, p_gain, torque_limit = self._held_rad[joint], 1.0, 1.0
            is_driven = not math.isnan(goal_rad) and p_gain > 0 and torque_limit > 0
            change_rad = goal_rad - self._position_rad[joint] if is_driven else 0.0
            change_rad = max(-limit_rad, min(limit_rad, change_rad))
            self._position_rad[joint] += change_rad
            self._velocity_rps[joint] = change_rad / self.step_s

    @property
    def hangs(self) -> bool:
        """It is never set down."""
        return True

    def hang(self) -> None:
        """It hangs."""

    def take_in_hand(self, held_rad: Mapping[int, float], nose_down_rad: float) -> None:
        """Hands hold these joints, rad, where their servos are limp, and the nose so far down."""
        self._held_rad, self._nose_down_rad = held_rad, nose_down_rad

    def show(self, joints: "array[float]", imu: "array[float]") -> None:
        """Fills what the joints do [3n] and the readings of an IMU that rests on all contacts [6 + k]."""
        count = len(self._position_rad)
        joints[:count] = array("f", self._position_rad)
        joints[count : 2 * count] = array("f", self._velocity_rps)
        # In step with nobody who looks at every so many samples.
        self._shows += 1
        tremble = 1e-3 * math.sin(self._shows)
        ahead, up = -math.sin(self._nose_down_rad), math.cos(self._nose_down_rad)
        imu[:6] = array("f", (tremble, 0, 0, 9.81 * ahead, 0, 9.81 * up + tremble))
        imu[6:] = array("f", [1.0] * self.contacts)
