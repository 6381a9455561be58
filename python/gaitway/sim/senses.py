"""What the robot gets to know of the physics: noise, answers that are lost, switches that stick."""

import numpy as np
from numpy.typing import NDArray

from gaitway.robot import Robot
from gaitway.sensors import Sensors
from gaitway.sim.world import Noise, World

Floats = NDArray[np.float64]


class Senses:
    """One robot's samples, filled anew every tick into the same object."""

    def __init__(self, robot: Robot, world: World, rng: np.random.Generator, seed: int, loop_hz: int) -> None:
        self._world = world
        self._rng = rng
        self._seed = seed
        self._period_s = 1.0 / loop_hz
        self._sensors = Sensors(robot)
        self._row = np.frombuffer(self._sensors.row, dtype=np.float32)
        self._joints = len(robot.joint_names)
        self._noise_rad = position_noise(robot, world.noise)
        self.reset()

    def reset(self) -> None:
        """Begins anew: every servo has just answered."""
        # A source of its own: noise and pushes of a seed are the same whatever is lost.
        self._losses = np.random.default_rng((self._seed, 1))
        self._row[:] = 0.0
        self._has_answered = False

    def fill(
        self,
        *,
        imu: Floats,
        joint_position: Floats,
        joint_velocity: Floats,
        foot_contact: NDArray[np.bool_],
        imu_age_s: float,
    ) -> Sensors:
        """This tick's samples. IMU: gyro in rad/s and accelerometer in m/s² [6]; joints [n] in rad and rad/s."""
        noise, row, joints = self._world.noise, self._row, self._joints
        if noise is not None:
            uniform = self._rng.uniform
            imu = imu + uniform(-1, 1, 6) * np.repeat((noise.gyro_rps, noise.accelerometer_mps2), 3)
            joint_position = joint_position + uniform(-1, 1, joints) * self._noise_rad
            joint_velocity = joint_velocity + uniform(-1, 1, joints) * noise.joint_velocity_rps
        row[0:6] = imu
        row[6] = imu_age_s
        stuck = self._world.foot_switches
        row[7:9] = [true if told is None else told for told, true in zip(stuck, foot_contact, strict=True)]
        answered = self._answered()
        position, velocity, age = row[9:].reshape(3, joints)
        position[answered] = joint_position[answered]
        velocity[answered] = joint_velocity[answered]
        age[answered] = 0.0
        age[~answered] += self._period_s
        return self._sensors

    def _answered(self) -> NDArray[np.bool_]:
        world, joints = self._world, self._joints
        answered = np.ones(joints, dtype=np.bool_)
        if world.lost_replies > 0 or world.lost_reads > 0:
            lost = self._losses.random(joints + 1)
            answered = (lost[1:] >= world.lost_replies) & (lost[0] >= world.lost_reads)
        if not self._has_answered:
            # A robot that has never heard of a joint does not start.
            answered[:] = self._has_answered = True
        return answered


def position_noise(robot: Robot, noise: Noise | None) -> Floats:
    """Noise of each joint's position [n], rad."""
    if noise is None:
        return np.zeros(len(robot.joint_names))
    by_part = noise.joint_position_by_part_rad.items()
    return np.array(
        [next((rad for part, rad in by_part if part in name), noise.joint_position_rad) for name in robot.joint_names]
    )
