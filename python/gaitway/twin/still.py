"""`StillBody`: joints without physics, for tests of programs and wires on a machine without MuJoCo."""

import math
from array import array

from gaitway.robot import Robot


class StillBody:
    """Joints that go to their goals at most at their velocity limits and bear nothing; a trunk that never moves.

    Its IMU trembles by a thousandth, as every real one does: one that says always the same counts as frozen.
    """

    step_s = 0.002

    def __init__(self, robot: Robot) -> None:
        self._position_rad = list(robot.default_pose_rad)
        self._velocity_rps = [0.0] * len(self._position_rad)
        self._shows = 0
        self._largest_step_rad = [limit_rps * self.step_s for limit_rps in robot.velocity_limits_rps]

    def step(self, servos: "array[float]") -> None:
        """One step with goals and stiffnesses [5n]; a servo whose P or torque limit is zero moves nothing."""
        joints = len(self._position_rad)
        for joint, limit_rad in enumerate(self._largest_step_rad):
            goal_rad, p_gain, torque_limit = (servos[part * joints + joint] for part in (0, 1, 4))
            is_driven = not math.isnan(goal_rad) and p_gain > 0 and torque_limit > 0
            change_rad = goal_rad - self._position_rad[joint] if is_driven else 0.0
            change_rad = max(-limit_rad, min(limit_rad, change_rad))
            self._position_rad[joint] += change_rad
            self._velocity_rps[joint] = change_rad / self.step_s

    def show(self, joints: "array[float]", imu: "array[float]") -> None:
        """Fills what the joints do [3n] and what an IMU feels that rests on two feet [8]."""
        count = len(self._position_rad)
        joints[:count] = array("f", self._position_rad)
        joints[count : 2 * count] = array("f", self._velocity_rps)
        # In step with nobody who looks at every so many samples.
        self._shows += 1
        tremble = 1e-3 * math.sin(self._shows)
        imu[:] = array("f", (tremble, 0, 0, 0, 0, 9.81 + tremble, 1, 1))
