"""`LiveRobot`: the robot in MuJoCo, moved by its servos one physics step at a time."""

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gaitway.robot import Robot
from gaitway.sim.lockstep import LYING_S
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.stand import Stand
from gaitway.sim.trunk import TrunkState
from gaitway.sim.world import Noise, World

#: How near the default pose every joint must have come before the stand lowers the robot, rad.
NEAR_RAD = 0.1
#: How firmly a hand holds a joint: as a servo with this P gain and the torque of one.
_HAND_KP = 255.0

#: How much the IMU's numbers tremble, rad/s and m/s².
_TREMBLE = 1e-3

#: How long a hand takes to lift it, s.
_LIFT_S = 0.4


class LiveRobot:
    """A robot whose servos somebody else commands.

    With `stand` a robot whose base is not fixed hangs on a stand until all servos hold it: when all are on and every
    joint has come near the default pose, the stand waits for `set_down_after_s`, lowers it within `release_after_s`,
    tilted by `tilt_rad` (roll, pitch), and lets go once the floor carries it. `lift` takes a robot up again. With
    `stand_up` a robot that has lain for a second is put back on its feet; otherwise it just lies.
    """

    def __init__(
        self,
        robot: Robot,
        *,
        seed: int = 0,
        stand: bool = True,
        stand_up: bool = False,
        set_down_after_s: float = 0.0,
        release_after_s: float = 1.5,
        tilt_rad: tuple[float, float] = (0.0, 0.0),
        backlash: bool = True,
        noise: Noise | None = None,
    ) -> None:
        self.sim = RobotSim(robot, backlash=backlash, seed=seed, world=World(noise=noise))
        self.step_s = float(self.sim.model.opt.timestep)
        #: How many contacts it has.
        self.contacts = len(self.sim.description.contacts)
        #: True for a robot that nobody can lift, because it is fixed to the ground.
        self.has_fixed_base = self.sim.description.trunk is None
        #: Falls since the stand let go.
        self.falls = 0
        self._stand_up = stand_up
        self._set_down_after_s = set_down_after_s
        self._release_after_s = release_after_s
        self._stand = Stand(self.sim, tilt_rad) if stand and self.sim.description.trunk is not None else None
        #: Since when the servos have held the pose, s.
        self._held_s = 0.0
        self._shows = 0
        #: How far up it still is to be lifted, as a share of the stand's height.
        self._lift_left = 0.0
        self._lying_s = 0.0
        self._joints = len(robot.joint_names)
        self._held_rad: Mapping[int, float] = {}
        self._nose_down_rad = 0.0
        self._is_in_hand = np.zeros(self._joints, dtype=bool)
        self._pose = np.array(robot.default_pose_rad)

    @property
    def released(self) -> bool:
        """True where it stands on its own feet."""
        return self._stand is None

    def step(self, servos: "array[float]", count: int = 1) -> None:
        """`count` physics steps with the servos as `TwinHost.read_servos` has them [5n]."""
        goals, p_gains, _, _, torque_limits = _row(servos).reshape(5, self._joints)
        are_on = not np.isnan(goals).any()
        driven = self._with_hands(goals, p_gains, torque_limits)
        while self._stand is not None and count > 0:
            self.sim.step_physics(*driven)
            self._lower(self._stand, are_on=are_on)
            count -= 1
        if count == 0:
            return
        self.sim.step_physics(*driven, count)
        if self.sim.fallen:
            self._lie(count * self.step_s)
        else:
            self._lying_s = 0.0

    def lift(self, set_down_after_s: float) -> None:
        """Somebody takes the robot up where it is, and sets it down again when it has held its pose for so long."""
        if self._stand is None:
            self._stand = Stand(self.sim)
            self._set_down_after_s, self._held_s, self._lift_left = set_down_after_s, 0.0, 1.0

    @property
    def hangs(self) -> bool:
        """True until it was set down."""
        return self._stand is not None

    def hang(self) -> None:
        """Somebody takes the robot up, however it lies, and it hangs upright as at the start."""
        if self._stand is None:
            self.sim.stand_up()
            self._stand = Stand(self.sim)
            self._held_s = self._lift_left = self._lying_s = 0.0

    def take_in_hand(self, held_rad: Mapping[int, float], nose_down_rad: float) -> None:
        """From now on hands hold these joints at these angles, rad, where their servos are limp, and the nose of a
        robot that hangs so far down."""
        self._held_rad, self._nose_down_rad = held_rad, nose_down_rad

    def trunk(self) -> TrunkState:
        """The trunk as it truly is."""
        return self.sim.trunk()

    def show(self, joints: "array[float]", imu: "array[float]") -> None:
        """Fills joints [3n] (angles, velocities, drives) and IMU [6 + k] (gyro, accelerometer, contacts)."""
        sensed, joint_row, imu_row = self.sim.sense(), _row(joints), _row(imu)
        joint_row[: self._joints] = sensed.joint_position
        joint_row[self._joints : 2 * self._joints] = sensed.joint_velocity
        # What a hand bears the servo does not feel.
        joint_row[2 * self._joints :] = np.where(self._is_in_hand, 0.0, self.sim.data.actuator_force)
        # A trunk on a stand is as still as no real one; a sensor that says always the same counts as frozen.
        self._shows += 1
        imu_row[:6] = np.concatenate([sensed.gyro, sensed.accelerometer]) + _TREMBLE * np.sin(self._shows)
        imu_row[6:] = sensed.foot_contact

    def _with_hands(
        self, goals: NDArray[np.float32], p_gains: NDArray[np.float32], torque_limits: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """What drives the joints: their servos, and hands where those are limp."""
        if not self._held_rad:
            self._is_in_hand[:] = False
            return goals, p_gains, torque_limits
        held_rad = np.full(self._joints, np.nan, dtype=np.float32)
        held_rad[list(self._held_rad)] = list(self._held_rad.values())
        hand = self._is_in_hand = np.isnan(goals) & ~np.isnan(held_rad)
        return (
            np.where(hand, held_rad, goals),
            np.where(hand, np.float32(_HAND_KP), p_gains),
            np.where(hand, np.float32(1.0), torque_limits),
        )

    def _lower(self, stand: Stand, *, are_on: bool) -> None:
        if self._lift_left > 0:
            self._lift_left = max(0.0, self._lift_left - self.step_s / _LIFT_S)
            stand.hold(1.0 - self._lift_left)
            return
        # Once it holds its pose, only servos that let go stop it: by then somebody may want it to walk.
        is_near = self._held_s > 0 or bool(np.abs(self.sim.joint_position_rad - self._pose).max() < NEAR_RAD)
        self._held_s = self._held_s + self.step_s if are_on and is_near else 0.0
        lowered_s = max(0.0, self._held_s - self._set_down_after_s)
        if lowered_s < self._release_after_s and not (lowered_s > 0 and stand.is_carried):
            # One that is lowered stands upright.
            nose_down_rad = 0.0 if self._held_s else self._nose_down_rad
            stand.hold(1.0 - lowered_s / self._release_after_s, nose_down_rad)
        else:
            stand.release()
            self._stand = None

    def _lie(self, for_s: float) -> None:
        if self._lying_s == 0:
            self.falls += 1
        self._lying_s += for_s
        if self._stand_up and self._lying_s >= LYING_S:
            self.sim.stand_up()
            self._lying_s = 0.0


def _row(buffer: "array[float]") -> NDArray[np.float32]:
    return np.frombuffer(buffer, dtype=np.float32)
