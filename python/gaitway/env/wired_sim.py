"""`WiredSim`: the embedded simulation behind emulated servos and IMU, stepped over the wire."""

import contextlib
import socket
import struct
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gaitway._native import TwinHost
from gaitway.env.servo_wire import D_GAIN, P_GAIN, TORQUE_ENABLE, ServoWire
from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.sensors import Sensors
from gaitway.sim.robot_sim import RobotSim
from gaitway.socket_folder import socket_folder

#: The only servos that are emulated.
_DRIVER = "feetech_sts3215"
#: Mark, number, time, gyro and accelerometer; the contacts come behind.
_IMU_FORMAT = "<4sIQ6f"
_IMU_MARK = b"GWI1"
_MOST_BYTES = 64
#: A register is as it was written within this time, s: fifty times what the wire needs.
_PATIENCE_S = 0.1
#: Between two looks at the servos, s.
_LOOK_S = 5e-5
_TRIES = 3
#: A goal is where it was written to within this, rad: a quarter of a step of the encoder.
_SAME_RAD = 4e-4
_LARGEST_GAIN = 255


class Plant(Protocol):
    """What an environment moves and senses: the simulation itself, or the one behind a wire."""

    def restart(self, seed: int) -> None:
        """Begins anew with this seed."""

    def set_gains(self, gains: Sequence[tuple[float, float]]) -> None:
        """Sets the servos' gains, as `Controller.gains`."""

    def step(self, goals_rad: Any) -> None:
        """One control tick with these goals [n], rad."""

    def sense(self) -> Sensors:
        """This tick's samples."""


class WiredSim:
    """The twin in lockstep: virtual time of the physics, real time of the wire.

    A tick reads all servos, and the IMU's datagram, and writes all goals; the physics waits until the servos have
    them. What the sensors say are steps of the servos' encoders. With the same seeds, goals and faults it gives the
    same bytes, as long as the machine lets an answer come in time.
    """

    def __init__(self, sim: RobotSim) -> None:
        """Raises UsageError for servos that are not emulated, BusError where they do not answer."""
        robot = sim.robot
        _check(robot)
        self._sim, self._robot, self._count = sim, robot, len(robot.joint_names)
        native, self._imu = robot.native, _Imu(robot) if robot.native.imu_axes is not None else None
        #: The emulated servos and IMU: `host.inject` is for faults, `host.statistics` for what went over the wire.
        self.host = TwinHost(native, imu_socket=None if self._imu is None else self._imu.path)
        self._offset_rad, self._direction = np.array(native.offsets_rad), np.array(native.directions)
        self._column = {servo: column for column, servo in enumerate(native.servo_ids)}
        self._servos = array("f", bytes(4 * 5 * self._count))
        self._wire = ServoWire(self.host.path, native.servo_ids, native.baud)
        self._period_s = 1.0 / sim.loop_hz
        self._age_s = np.zeros(self._count, dtype=np.float32)
        self._position_rad, self._velocity_rps = (np.zeros(self._count, dtype=np.float32) for _ in range(2))

    def restart(self, seed: int) -> None:
        """Begins anew with this seed; the servos hold the default pose."""
        self._sim.restart(seed)
        self._show(self._sim.sense())
        self._wire.write(TORQUE_ENABLE, [1] * self._count)
        self._write_goals(self._robot.default_pose_rad)
        self._age_s[:] = 0.0

    def set_gains(self, gains: Sequence[tuple[float, float]]) -> None:
        """Writes the gains to the servos, in whole units of their registers; the physics has what they hold."""
        for register, column in ((P_GAIN, 0), (D_GAIN, 1)):
            self._wire.write(register, [min(_LARGEST_GAIN, max(0, round(pair[column]))) for pair in gains])
        rows = self._settled(lambda rows: all(rows[1] == [round(kp) for kp, _ in gains]))
        self._sim.set_gains(list(zip(rows[1].tolist(), rows[2].tolist(), strict=True)))

    def step(self, goals_rad: Any) -> None:
        """One control tick with these goals [n], rad, as the servos have them."""
        self._sim.step(self._write_goals(goals_rad))

    def sense(self) -> Sensors:
        """This tick's samples as they came over the wire. The same object every time, filled anew."""
        sensors = self._sim.sense()
        self._show(sensors)
        self._age_s += self._period_s
        for servo, (position_rad, velocity_rps) in self._read().items():
            joint = self._column[servo]
            direction = self._direction[joint]
            self._position_rad[joint] = direction * (position_rad - self._offset_rad[joint])
            self._velocity_rps[joint] = direction * velocity_rps
            self._age_s[joint] = 0.0
        # An answer that the world has lost is as old as it says, one that the wire has lost as old as that.
        ages = np.asarray(sensors.joint_age)
        ages[:] = np.maximum(ages, self._age_s)
        np.asarray(sensors.joint_position)[:] = self._position_rad
        np.asarray(sensors.joint_velocity)[:] = self._velocity_rps
        if self._imu is not None:
            self._imu.fill(sensors)
        return sensors

    def close(self) -> None:
        """Hangs up."""
        self._wire.close()
        self.host.stop()
        if self._imu is not None:
            self._imu.close()

    def _show(self, sensors: Sensors) -> None:
        """Moves the joints of the emulated servos, and has the IMU take a sample."""
        drive_nm = array("f", np.asarray(self._sim.data.actuator_force, dtype=np.float32))
        self.host.set_joints(array("f", sensors.joint_position) + array("f", sensors.joint_velocity) + drive_nm)
        if self._imu is not None:
            imu = array("f", sensors.gyro) + array("f", sensors.accelerometer) + array("f", sensors.foot_contact)
            self.host.sample_imu(imu)
            self.host.send_imu()

    def _read(self) -> dict[int, tuple[float, float]]:
        """All servos; asked again where an answer is missing."""
        found: dict[int, tuple[float, float]] = {}
        for _ in range(_TRIES):
            found |= self._wire.read()
            if len(found) == self._count:
                break
        return found

    def _write_goals(self, goals_rad: Any) -> list[float]:
        """Tells the servos their goals; returns those that they have, rad."""
        asked_rad = np.asarray(goals_rad, dtype=np.float64) * self._direction + self._offset_rad
        told_rad = (np.array(self._wire.write_goals(asked_rad.tolist())) - self._offset_rad) * self._direction
        rows = self._settled(lambda rows: bool((np.abs(rows[0] - told_rad) < _SAME_RAD).all()))
        # A servo that has not heard keeps the goal it has; one without torque is moved by nobody.
        return [float(goal) for goal in np.where(np.isnan(rows[0]), self._sim.joint_position_rad, rows[0])]

    def _settled(self, is_so: Any) -> Any:
        """What drives the joints [5, n], once it is so; as it is where it does not come to that."""
        end_s = time.monotonic() + _PATIENCE_S
        while True:
            self.host.read_servos(self._servos)
            rows = np.frombuffer(self._servos, dtype=np.float32).reshape(5, self._count)
            if is_so(rows) or time.monotonic() > end_s:
                return rows
            time.sleep(_LOOK_S)


class _Imu:
    """Where the samples of IMU and contacts come as datagrams."""

    def __init__(self, robot: Robot) -> None:
        self._folder = socket_folder()
        self.path = Path(self._folder.name) / "imu"
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(self.path))
        self._line.setblocking(False)
        self._felt = array("f", bytes(4 * (6 + len(robot.contact_names))))

    def fill(self, sensors: Sensors) -> None:
        """The newest sample that has come; the one before where none has."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._line.recv(_MOST_BYTES)
                mark, _, _, *felt = struct.unpack_from(_IMU_FORMAT, data)
                if mark == _IMU_MARK:
                    contacts = data[struct.calcsize(_IMU_FORMAT) :][: len(self._felt) - 6]
                    self._felt = array("f", [*felt, *contacts])
        sensors.gyro[:], sensors.accelerometer[:] = self._felt[:3], self._felt[3:6]
        sensors.foot_contact[:] = self._felt[6:]

    def close(self) -> None:
        """Hears no more."""
        self._line.close()
        self._folder.cleanup()


def _check(robot: Robot) -> None:
    if sys.platform != "linux":
        raise UsageError("backend: the twin needs Linux's pseudo-terminals", hint='backend="sim" runs everywhere')
    driver = robot.native.drivers[0]
    if driver != _DRIVER:
        message = f"backend: expected a robot with {_DRIVER} servos, found {driver}, which are not emulated"
        raise UsageError(message, hint='backend="sim"')
