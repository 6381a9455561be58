"""`RobotSim`: the robot in MuJoCo, in lockstep with whoever steps it."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.sensors import Sensors
from gaitway.sim.description import Backlash
from gaitway.sim.layout import Layout, check_ranges
from gaitway.sim.loader import description_of
from gaitway.sim.model import build_model, set_gain
from gaitway.sim.senses import Senses
from gaitway.sim.trunk import TrunkState, pose_of, trunk_state, velocity_of
from gaitway.sim.world import World

# Friction that no servo of the family overcomes: the strongest has 3.35 N·m.
_BLOCKED_NM = 50.0

#: What of the model a simulation changes, and a new one finds as it was built.
_CHANGED = (
    "geom_friction",
    "body_mass",
    "body_inertia",
    "dof_frictionloss",
    "dof_armature",
    "actuator_gainprm",
    "actuator_biasprm",
    "actuator_forcerange",
)


def _keep_quiet(_: str) -> None:
    """MuJoCo's warnings are counted where they arise; written out they would end in a file in the user's folder."""


mujoco.set_mju_user_warning(_keep_quiet)


class RobotSim:
    """One robot on a flat floor, or fixed to it, stepped a control tick at a time on a virtual clock.

    Two simulations with the same arguments and goals give the same bytes on one machine; MuJoCo's trajectories
    differ between machines. Raises UsageError for a loop rate that is no whole number of physics steps.
    """

    def __init__(
        self,
        robot: Robot,
        *,
        backlash: bool = True,
        seed: int = 0,
        world: World | None = None,
        loop_hz: int | None = None,
    ) -> None:
        self.robot = robot
        #: What stands beside the robot's profile.
        self.description = description_of(robot)
        self.world = world or World()
        self.loop_hz = robot.control_hz if loop_hz is None else loop_hz
        self.model = build_model(
            self.description, backlash=self._backlash() if backlash else None, physics=self.world.physics
        )
        self.data = mujoco.MjData(self.model)
        self.substeps = self._whole_substeps()
        self.layout = Layout(self.model, self.description, robot.joint_names)
        check_ranges(self.model, self.description, robot.joint_names, robot.limits_rad)
        self._as_built = {name: getattr(self.model, name).copy() for name in _CHANGED}
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Begins anew as a simulation made with this seed, another robot and floor where they vary.

        The model is not compiled again. Gains are the model's until `set_gains` is called.
        """
        if seed < 0:
            raise UsageError(f"seed: expected 0 or more, found {seed}", hint="any whole number from 0 on")
        for name, values in self._as_built.items():
            getattr(self.model, name)[:] = values
        self._rng = np.random.default_rng(seed)
        self._stiffness = np.ones(len(self.robot.joint_names))
        self._action_delay_ticks = self.world.action_delay_ticks
        self._imu_delay_ticks = self.world.imu_delay_ticks
        self._vary()
        self._kp_nm_per_rad = self.model.actuator_gainprm[:, 0].copy()
        self._force_range_nm = self.model.actuator_forcerange.copy()
        self._friction_nm = self.model.dof_frictionloss.copy()
        self._senses = Senses(self.robot, self.description, self.world, self._rng, seed=seed, loop_hz=self.loop_hz)
        self.reset()

    def reset(self) -> None:
        """Puts the robot on its feet at the origin, in its default pose, at time zero."""
        mujoco.mj_resetDataKeyframe(self.model, self.data, 0)
        if self.world.start_joint_rad > 0:
            self._disturb_start()
        self._senses.reset()
        self._start_histories()
        self._next_push_s = self._draw_push_time()
        #: Virtual time of the last push; minus infinity before there is one.
        self.last_push_s = float("-inf")

    def stand_up(self) -> None:
        """Puts a fallen robot back on its feet where it lies, heading as it did; time goes on."""
        trunk, time_s = self.trunk(), self.data.time
        mujoco.mj_resetDataKeyframe(self.model, self.data, 0)
        self.data.time = time_s
        pose = pose_of(self.data, self.layout)
        pose[:2] = np.nan_to_num(trunk.position_m[:2])
        half = 0.5 * float(np.nan_to_num(trunk.yaw_rad))
        pose[3:] = (np.cos(half), 0.0, 0.0, np.sin(half))
        self.set_torque(True)
        self._start_histories()

    def set_gains(self, gains: Sequence[tuple[float, float]]) -> None:
        """Sets the servos' proportional gains (register units, as `Controller.gains`) as stiffness."""
        if len(gains) != len(self._stiffness):
            found = f"expected {len(self._stiffness)} pairs, found {len(gains)}"
            raise UsageError(f"gains: {found}", hint="pass Controller.gains")
        for joint, (kp, _) in enumerate(gains):
            self._kp_nm_per_rad[joint] = kp * self.robot.stiffness_per_kp * self._stiffness[joint]
        self.set_torque(True)

    def set_torque(self, on: bool) -> None:
        """Switches all servos on, or limp."""
        for joint, kp_nm_per_rad in enumerate(self._kp_nm_per_rad):
            set_gain(self.model, joint, kp_nm_per_rad if on else 0.0)

    def push(self, vx_mps: float, vy_mps: float) -> None:
        """Changes the trunk's velocity at once, in world axes."""
        self.last_push_s = self.time_s
        velocity_of(self.data, self.layout)[:2] += (vx_mps, vy_mps)

    def step(self, goals_rad: Any, watch: Callable[[], None] | None = None) -> None:
        """One control tick with these goals [n], rad. `watch` is called after every step of the physics."""
        goals = np.array(goals_rad, dtype=np.float64)
        if goals.shape != self._stiffness.shape:
            found = f"expected {len(self._stiffness)} goals, found shape {goals.shape}"
            raise UsageError(f"goals: {found}", hint="pass what Controller.step returned")
        self._waiting.append(goals)
        self.data.ctrl[:] = self._waiting.popleft()
        pushes = self.world.pushes
        if pushes is not None and self.data.time >= self._next_push_s:
            speed, angle = self._rng.uniform(*pushes.speed_mps), self._rng.uniform(0, 2 * np.pi)
            self.push(speed * np.cos(angle), speed * np.sin(angle))
            self._next_push_s = self._draw_push_time()
        if watch is None:
            mujoco.mj_step(self.model, self.data, nstep=self.substeps)
        else:
            for _ in range(self.substeps):
                mujoco.mj_step(self.model, self.data)
                watch()
        self._imu.append(self._read_imu())

    def step_physics(
        self,
        goals_rad: NDArray[np.float32],
        p_gains: NDArray[np.float32],
        torque_limits: NDArray[np.float32],
        count: int = 1,
    ) -> None:
        """`count` steps of the physics (2 ms each), servo by servo, without delay and pushes.

        Goals [n] in rad, not a number where limp; P gains [n] in register units; torque limits [n] as shares of the
        stall torque. D and I move nothing: the model that was identified has neither.
        """
        is_limp = np.isnan(goals_rad)
        kp = np.where(is_limp, 0.0, self.robot.stiffness_per_kp * self._stiffness * p_gains)
        self.model.actuator_gainprm[:, 0] = kp
        self.model.actuator_biasprm[:, 1] = -kp
        self.model.actuator_forcerange[:] = self._force_range_nm * torque_limits[:, None]
        self.data.ctrl[:] = np.where(is_limp, 0.0, goals_rad)
        mujoco.mj_step(self.model, self.data, nstep=count)
        self._imu.append(self._read_imu())

    def block(self, joint: int, *, is_blocked: bool = True) -> None:
        """Something is stuck in the gears of a joint, or no longer."""
        dof = self.layout.qvel[joint]
        self.model.dof_frictionloss[dof] = _BLOCKED_NM if is_blocked else self._friction_nm[dof]

    def sense(self) -> Sensors:
        """This tick's samples, noise and latency included. The same object every time, filled anew."""
        return self._senses.fill(
            imu=self._imu[0],
            joint_position=self.joint_position_rad,
            joint_velocity=self.data.qvel[self.layout.qvel],
            contact=self.contact(),
            imu_age_s=self._imu_delay_ticks / self.loop_hz,
        )

    def contact(self) -> NDArray[np.bool_]:
        """Where the soles truly touch the floor [c], in the robot's order."""
        touching = self.data.contact.geom[:, :, None] == self.layout.soles
        with_floor = (self.data.contact.geom == self.layout.floor).any(axis=1)
        result: NDArray[np.bool_] = touching.any(axis=1)[with_floor].any(axis=0)
        return result

    def trunk(self) -> TrunkState:
        """The trunk as it truly is."""
        return trunk_state(self.data, self.layout)

    def floor_force_n(self) -> float:
        """What the floor carries, N."""
        force, total_n = np.empty(6), 0.0
        for index in np.nonzero((self.data.contact.geom == self.layout.floor).any(axis=1))[0]:
            mujoco.mj_contactForce(self.model, self.data, int(index), force)
            total_n += float(force[0])
        return total_n

    @property
    def joint_position_rad(self) -> NDArray[np.float64]:
        """Joint angles [n] as they truly are, rad."""
        position: NDArray[np.float64] = self.data.qpos[self.layout.qpos]
        position[self.layout.backlash_joints] += self.data.qpos[self.layout.backlash_qpos]
        return position

    @property
    def time_s(self) -> float:
        """Virtual time."""
        return float(self.data.time)

    @property
    def warnings(self) -> int:
        """Warnings MuJoCo has given since the last reset: a state it could not simulate."""
        return int(self.data.warning.number.sum())

    @property
    def fallen(self) -> bool:
        """True where the robot lies, or the physics has broken down."""
        return self.warnings > 0 or self._lies()

    def _lies(self) -> bool:
        if self.description.fall is None:
            return False
        pose = pose_of(self.data, self.layout)
        return bool(self.description.fall.passed(pose[2], 1 - 2 * (pose[4] ** 2 + pose[5] ** 2)))

    def _backlash(self) -> Backlash | None:
        play, half_range_rad = self.description.backlash, self.world.backlash_half_range_rad
        if play is None or half_range_rad is None:
            return play
        return replace(play, half_range_rad=half_range_rad) if half_range_rad > 0 else None

    def _whole_substeps(self) -> int:
        timestep_s = float(self.model.opt.timestep)
        exact = 1.0 / (self.loop_hz * timestep_s) if 0 < self.loop_hz <= 1 / timestep_s else 0.0
        if exact == 0.0 or abs(exact - round(exact)) > 1e-6:
            message = f"loop_hz: {self.loop_hz} is no whole number of physics steps of {timestep_s} s"
            raise UsageError(message, hint="50, 100, 250 and 500 Hz are")
        return round(exact)

    def _vary(self) -> None:
        """Draws this robot and this floor."""
        ranges, model, rng = self.world.variation, self.model, self._rng
        if ranges is None:
            return
        model.geom_friction[self.layout.floor, 0] = rng.uniform(*ranges.friction)
        factor = rng.uniform(*ranges.mass, model.nbody)
        model.body_mass[:] *= factor
        model.body_inertia[:] *= factor[:, None]
        model.dof_frictionloss[:] *= rng.uniform(*ranges.friction_loss, model.nv)
        model.dof_armature[:] *= rng.uniform(*ranges.armature, model.nv)
        self._stiffness = rng.uniform(*ranges.stiffness, model.nu)
        self._action_delay_ticks += int(rng.integers(ranges.action_delay_ticks, endpoint=True))
        self._imu_delay_ticks += int(rng.integers(ranges.imu_delay_ticks, endpoint=True))
        mujoco.mj_setConst(model, self.data)

    def _disturb_start(self) -> None:
        """Moves every joint a little, and lifts the trunk until no sole is in the floor."""
        reach_rad, joints = self.world.start_joint_rad, self.layout.qpos
        self.data.qpos[joints] += self._rng.uniform(-reach_rad, reach_rad, len(joints))
        mujoco.mj_forward(self.model, self.data)
        pose_of(self.data, self.layout)[2] -= self.data.contact.dist.min(initial=0.0)

    def _start_histories(self) -> None:
        mujoco.mj_forward(self.model, self.data)
        pose = np.array(self.robot.default_pose_rad)
        self.data.ctrl[:] = pose
        self._waiting = deque([pose] * self._action_delay_ticks)
        samples = self._imu_delay_ticks + 1
        self._imu = deque([self._read_imu()] * samples, maxlen=samples)

    def _draw_push_time(self) -> float:
        pushes = self.world.pushes
        return float("inf") if pushes is None else self.time_s + float(self._rng.uniform(*pushes.every_s))

    def _read_imu(self) -> NDArray[np.float64]:
        return self.data.sensordata[self.layout.imu].copy()  # type: ignore[no-any-return]
