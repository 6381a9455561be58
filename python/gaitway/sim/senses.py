"""What the robot gets to know of the physics: noise, answers that are lost, switches that stick."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.sensors import Sensors
from gaitway.sim.description import Description
from gaitway.sim.world import Noise, World

Floats = NDArray[np.float64]


class Senses:
    """One robot's samples, filled anew every tick into the same object."""

    def __init__(
        self,
        robot: Robot,
        description: Description,
        world: World,
        rng: np.random.Generator,
        *,
        seed: int,
        loop_hz: int,
    ) -> None:
        contacts = len(description.contacts)
        self._switches = world.foot_switches or (None,) * contacts
        if len(self._switches) != contacts:
            found = f"foot_switches: expected {contacts} of True, False and None, found {world.foot_switches}"
            names = ", ".join(contact.name for contact in description.contacts)
            raise UsageError(found, hint=f"one for each contact: {names}")
        self._world = world
        self._rng = rng
        self._seed = seed
        self._period_s = 1.0 / loop_hz
        self._sensors = Sensors(robot)
        self._joints = len(robot.joint_names)
        self._noise_rad = position_noise(robot.joint_names, description, world.noise)
        # Views: what is written to them is in the row.
        sensors = self._sensors
        self._gyro, self._accelerometer = np.asarray(sensors.gyro), np.asarray(sensors.accelerometer)
        self._imu_age, self._contact = np.asarray(sensors.imu_age), np.asarray(sensors.foot_contact)
        self._position, self._velocity = np.asarray(sensors.joint_position), np.asarray(sensors.joint_velocity)
        self._age = np.asarray(sensors.joint_age)
        self.reset()

    def reset(self) -> None:
        """Begins anew: every servo has just answered."""
        # A source of its own: noise and pushes of a seed are the same whatever is lost.
        self._losses = np.random.default_rng((self._seed, 1))
        np.frombuffer(self._sensors.row, dtype=np.float32)[:] = 0.0
        self._has_answered = False

    def fill(
        self,
        *,
        imu: Floats,
        joint_position: Floats,
        joint_velocity: Floats,
        contact: NDArray[np.bool_],
        imu_age_s: float,
    ) -> Sensors:
        """This tick's samples. IMU: gyro in rad/s and accelerometer in m/s² [6], or nothing [0]; joints [n]
        in rad and rad/s; contacts [k]."""
        noise, joints = self._world.noise, self._joints
        if noise is not None:
            uniform = self._rng.uniform
            imu = imu + uniform(-1, 1, len(imu)) * np.repeat((noise.gyro_rps, noise.accelerometer_mps2), len(imu) // 2)
            joint_position = joint_position + uniform(-1, 1, joints) * self._noise_rad
            joint_velocity = joint_velocity + uniform(-1, 1, joints) * noise.joint_velocity_rps
        if len(imu):
            self._gyro[:], self._accelerometer[:] = imu[:3], imu[3:]
        self._imu_age[0] = imu_age_s
        self._contact[:] = [true if told is None else told for told, true in zip(self._switches, contact, strict=True)]
        answered = self._answered()
        self._position[answered] = joint_position[answered]
        self._velocity[answered] = joint_velocity[answered]
        self._age[answered] = 0.0
        self._age[~answered] += self._period_s
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


def position_noise(joint_names: Sequence[str], description: Description, noise: Noise | None) -> Floats:
    """Noise of each joint's position [n], rad."""
    if noise is None:
        return np.zeros(len(joint_names))
    by_part = noise.joint_position_by_part_rad
    parts = (description.noise_by_part_rad if by_part is None else by_part).items()
    everywhere = noise.joint_position_rad
    return np.array([next((rad for part, rad in parts if part in name), everywhere) for name in joint_names])
