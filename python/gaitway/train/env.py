"""`RobotBatch`: many robots that walk under one contract, a control step at a time."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaitway import _native
from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.robot import Robot
from gaitway.sim.description import Description, GaitSizes
from gaitway.sim.fall import FallLimits
from gaitway.sim.loader import description_of
from gaitway.train import checkpoint, mirror
from gaitway.train.columns import start_of
from gaitway.train.config import Config, ramp
from gaitway.train.core_options import commands_of, disturbance_of
from gaitway.train.critic import critic_mirror, critic_rows
from gaitway.train.geometry import quaternion_of, rotation_of
from gaitway.train.physics import BatchPhysics
from gaitway.train.rewards import REWARDS
from gaitway.train.scene import Scene
from gaitway.train.velocities import Velocities


@dataclass(frozen=True)
class Step:
    """What came of a control step."""

    #: Reward of each robot [n], weights and time step included.
    reward: NDArray[np.float32]
    #: True where the episode ended in a fall [n].
    fell: NDArray[np.bool_]
    #: True where it ended because it was long enough [n].
    timed_out: NDArray[np.bool_]
    #: Unweighted means of each reward over the robots.
    terms: dict[str, float]


class RobotBatch:
    """`config.run.robots` robots; `observation` [n, w] and `critic` [n, w + extras] are what they see now.

    A robot whose episode is over begins anew in the same step. With `resets_late` it does so in the next one, which
    counts for nothing: `observation` then shows the end of every episode, and all begin together.
    """

    def __init__(self, robot: Robot, contract: Contract, config: Config, *, resets_late: bool = False) -> None:
        self.config, self.count = config, config.run.robots
        self.rate_hz = contract.policy_rate_hz
        unknown = set(config.rewards) - set(REWARDS)
        if unknown:
            raise TrainingError(f"rewards: no such reward: {sorted(unknown)}", hint=f"known are {', '.join(REWARDS)}")
        self.description = description = description_of(robot)
        self._sizes, self._fall = _sizes_of(description)
        content = json.loads(contract.to_json())
        gains = content["gains"]["kp"]
        joints = len(robot.joint_names)
        kp = gains if isinstance(gains, list) else [gains] * joints
        self.physics = BatchPhysics(
            robot, description, kp, config.physics, self.count, self.rate_hz, config.run.threads, config.run.seed
        )
        self.core = _native.Batch(
            contract,
            robot.native,
            self.count,
            seed=config.run.seed,
            layout=self.physics.layout(),
            disturbance=disturbance_of(robot, description, config),
            commands=commands_of(config, self.rate_hz),
        )
        self.default_pose_rad = np.array(robot.default_pose_rad)
        self._limits = np.array(robot.limits_rad)
        self._find_columns(robot.joint_names, content.get("head_command", {}).get("joints", []))
        self._phase_at = start_of(contract, "phase")
        self._velocities = Velocities(self.count, int(content["phase"]["period_ticks"]))
        self._random = np.random.default_rng([config.run.seed, 0x0E17])
        self.mirror = mirror.observation_mirror(contract, description)
        self.critic_mirror = critic_mirror(self.mirror, description)
        self.action_mirror = mirror.action_mirror(contract, description)
        self._make_rows()
        self._reset(np.arange(self.count))
        #: Robots that begin anew in this step, where resets are late.
        self._over: NDArray[np.int64] | None = np.array([], dtype=np.int64) if resets_late else None
        if not resets_late:
            # Episodes that all end together would give the learner waves.
            self._age[:] = self._random.integers(0, self._longest, self.count)
        self._observe()

    def _find_columns(self, names: list[str], followers: list[dict[str, str]]) -> None:
        """Where the joints are that rewards speak of, and which feet stand side by side."""
        axes, contacts = _native.axes(), self.description.contacts
        self._head = (
            np.array([names.index(entry["joint"]) for entry in followers], dtype=np.int64),
            np.array([axes.index(entry["axis"]) for entry in followers], dtype=np.int64),
        )
        straight = self.description.group("straight")
        self._straight = np.array([names.index(joint) for joint in straight], dtype=np.int64)
        # As wide as the phase, which is of the observation.
        self._foot_phase = np.array([contact.phase for contact in contacts], dtype=np.float32)
        sides = mirror.contacts_mirror(self.description).order
        left = np.flatnonzero(sides > np.arange(len(contacts)))
        self._pairs = (left, sides[left])

    def _make_rows(self) -> None:
        count, actions = self.count, self.core.action_len
        self.observation = np.zeros((count, self.core.observation_len), dtype=np.float32)
        self.critic = np.zeros((count, len(self.critic_mirror.sign)), dtype=np.float32)
        self._command = np.zeros((count, len(_native.axes())), dtype=np.float32)
        self._actions = np.zeros((3, count, actions))
        self._age = np.zeros(count, dtype=np.int64)
        self._next_push = np.zeros(count, dtype=np.int64)
        self._since_push = np.full(count, 1e3)
        self._goals = np.zeros((count, self.physics.ctrl.shape[1]))
        self._longest = round(self.config.run.episode_s * self.rate_hz)

    def step(self, action: NDArray[np.float32], share: float) -> Step:
        """One control step. `share` of the run is over: weights and pushes depend on it."""
        self.core.act(np.ascontiguousarray(action), self._goals)
        self.physics.ctrl[:] = self._goals
        self._push(share)
        self._actions = np.concatenate([action[None].astype(np.float64), self._actions[:2]])
        phase = self._phase()
        self.physics.step()
        self._age += 1
        self._since_push += 1.0 / self.rate_hz
        scene = self._look(phase)
        reward, terms = self._reward(scene, share)
        timed_out = (self._age >= self._longest) & ~scene.has_fallen
        self._final_critic = self._critic_row() if timed_out.any() else None
        done = np.flatnonzero(scene.has_fallen | timed_out)
        if self._over is not None:
            done, self._over = self._over, np.setdiff1d(done, self._over)
        if len(done):
            self._reset(done)
        self._observe()
        return Step(reward, scene.has_fallen, timed_out, terms)

    def _observe(self) -> None:
        physics = self.physics
        # The simulator's rows are views of its state, one robot's state behind the other's.
        qpos, qvel, sensors = map(np.ascontiguousarray, (physics.qpos, physics.qvel, physics.sensordata))
        self.core.observe(qpos, qvel, sensors, self.observation, self._command)
        self.critic[:] = self._critic_row()

    def _phase(self) -> NDArray[np.float64]:
        """Where in the gait each robot is, 0 to 1; before the clock's first value it is at its beginning."""
        cosine, sine = self.observation[:, self._phase_at], self.observation[:, self._phase_at + 1]
        return (np.arctan2(sine, cosine) / (2 * np.pi)) % 1.0

    def _look(self, phase: NDArray[np.float64]) -> Scene:
        physics = self.physics
        rotation = rotation_of(physics.trunk_pose[:, 3:])
        velocity = self._velocity(rotation)
        gyro = physics.trunk_velocity[:, 3:]
        self._velocities.add(np.column_stack([velocity[:, :2], gyro[:, 2]]), self._command[:, :3])
        up = rotation[:, 2]
        height = physics.trunk_pose[:, 2]
        fallen = self._fall.passed(height, up[:, 2])
        return Scene(
            command=self._command.astype(np.float64),
            is_moving=np.any(self._command[:, :3] != 0, axis=1),
            velocity_mps=velocity,
            mean_velocity=self._velocities.of_gait(),
            gyro_rps=gyro,
            up=up,
            height_m=height,
            joint_position_rad=physics.joint_position_rad,
            joint_velocity_rps=physics.qvel[:, physics.joint_qvel],
            torque_nm=physics.torque_nm,
            default_pose_rad=self.default_pose_rad,
            limits_rad=self._limits,
            foot_position_m=self._feet(rotation),
            foot_velocity_mps=physics.contacts("velocity", slice(0, 3)),
            foot_flat=physics.contacts("up", slice(2, 3))[:, :, 0],
            foot_contact=physics.contacts("contact", slice(0, 1))[:, :, 0] > 0,
            action=self._actions[0],
            action_1=self._actions[1],
            action_2=self._actions[2],
            phase=phase,
            foot_phase=self._foot_phase,
            since_push_s=self._since_push,
            head=self._head,
            straight=self._straight,
            pairs=self._pairs,
            sizes=self._sizes,
            has_fallen=fallen,
        )

    def _velocity(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the trunk's origin in the trunk frame [n, 3], m/s."""
        return np.einsum("nji,nj->ni", rotation, self.physics.trunk_velocity[:, :3])  # type: ignore[no-any-return]

    def _feet(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        heading = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
        cosine, sine = np.cos(heading), np.sin(heading)
        feet = self.physics.contacts("position", slice(0, 3))
        x, y = np.moveaxis(feet[:, :, :2] - self.physics.trunk_pose[:, None, :2], 2, 0)
        feet[:, :, 0] = cosine[:, None] * x + sine[:, None] * y
        feet[:, :, 1] = cosine[:, None] * y - sine[:, None] * x
        return feet

    def _reward(self, scene: Scene, share: float) -> tuple[NDArray[np.float32], dict[str, float]]:
        total = np.zeros(self.count)
        once = np.zeros(self.count)
        terms = {}
        for name, weight in self.config.rewards.items():
            values = REWARDS[name](scene)
            if not np.isfinite(values).all():
                robot = int(np.flatnonzero(~np.isfinite(values))[0])
                message = f"reward {name}: expected finite numbers, found {values[robot]} for robot {robot}"
                raise TrainingError(message, hint="the last checkpoint is whole: correct the reward and resume")
            terms[name] = float(values.mean())
            if name == "fall":
                once += weight.at(share) * values
            else:
                total += weight.at(share) * values
        # Below zero it would pay to fall soon.
        return (np.maximum(total, 0.0) / self.rate_hz + once).astype(np.float32), terms

    def _push(self, share: float) -> None:
        pushes = self.config.pushes
        due = np.flatnonzero(self._age >= self._next_push)
        if not len(due):
            return
        strongest = pushes.speed_mps * ramp(pushes.ramp, share)
        angle = self._random.uniform(0, 2 * np.pi, len(due))
        speed = self._random.uniform(0, 1, len(due)) * strongest
        self.physics.trunk_velocity[due, 0] += speed * np.cos(angle)
        self.physics.trunk_velocity[due, 1] += speed * np.sin(angle)
        self._since_push[due] = 0.0
        self._velocities.disturb(due)
        self._next_push[due] = self._age[due] + self._draw_push(len(due))

    def _draw_push(self, count: int) -> NDArray[np.int64]:
        low, high = self.config.pushes.every_s
        return np.round(self._random.uniform(low, high, count) * self.rate_hz).astype(np.int64)

    def _reset(self, which: NDArray[np.int64]) -> None:
        start, uniform, count = self.config.start, self._random.uniform, len(which)
        physics = self.physics
        qpos = np.repeat(physics.model.key_qpos[:1], count, axis=0)
        qvel = np.zeros((count, physics.model.nv))
        pose, velocity = physics.trunk_of(qpos, qvel)
        pose[:, 2] = uniform(*start.height_m, count)
        tilt = uniform(-1, 1, (count, 2)) * start.tilt_rad
        heading = uniform(-np.pi, np.pi, count)
        pose[:, 3:] = quaternion_of(tilt, heading)
        joints = physics.joint_qpos
        qpos[:, joints] += uniform(-1, 1, (count, len(joints))) * start.joint_rad
        qpos[:, joints] = np.clip(qpos[:, joints], self._limits[:, 0], self._limits[:, 1])
        velocity[:, :2] = uniform(-1, 1, (count, 2)) * start.speed_mps
        physics.place(which.astype(np.int32), qpos, qvel)
        poses = np.repeat(self.default_pose_rad[None], count, axis=0).astype(np.float32)
        self.core.reset(which.astype(np.uint32).tolist(), poses)
        self._actions[:, which] = 0
        self._velocities.restart(which)
        self._age[which] = 0
        self._next_push[which] = self._draw_push(count)
        self._since_push[which] = 1e3

    def _critic_row(self) -> NDArray[np.float32]:
        velocity = self._velocity(rotation_of(self.physics.trunk_pose[:, 3:]))
        return critic_rows(self.observation, self.physics, velocity, self._velocities, self._since_push)

    def steady(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Commands, and mean velocities of the last gait, of robots that had the time to follow [k, 3]."""
        steady = self._velocities.moved > 2 * self._velocities.gait_ticks
        return self._command[steady, :3].astype(np.float64), self._velocities.of_gait()[steady]

    def errors(self) -> dict[str, float]:
        """Mean absolute errors of those velocities."""
        asked, walked = self.steady()
        if not len(asked):
            return {}
        error = np.abs(walked - asked).mean(axis=0)
        return {f"error/{axis}": float(value) for axis, value in zip(VELOCITY_AXES, error, strict=True)}

    @property
    def final_critic(self) -> NDArray[np.float32] | None:
        """What the critic saw of the robots before those that were timed out were reset, where there were any."""
        return self._final_critic

    _SAVED = (
        "observation",
        "critic",
        "_command",
        "_actions",
        "_age",
        "_next_push",
        "_since_push",
    )

    def save(self) -> dict[str, Any]:
        """Everything that changes."""
        rows = {name: torch.from_numpy(np.copy(getattr(self, name))) for name in self._SAVED}
        return {
            "rows": rows,
            "random": self._random.bit_generator.state,
            "physics": self.physics.save(),
            "core": self.core.save(),
            "velocities": self._velocities.save(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a saved state back; what follows is the same to the byte."""
        checkpoint.restore_rows(self, self._SAVED, saved["rows"])
        self._random.bit_generator.state = saved["random"]
        self.physics.restore(saved["physics"])
        self.core.restore(saved["core"])
        self._velocities.restore(saved["velocities"])


def _sizes_of(description: Description) -> tuple[GaitSizes, FallLimits]:
    """What rewards compare with, and where an episode ends. Raises TrainingError where the robot does not say."""
    if description.gait is None or description.training is None:
        raise TrainingError(
            "simulation.toml: expected [gait] and [training], found a robot without",
            hint="give the sizes that rewards compare with; docs/formats.md explains the keys",
        )
    return description.gait, description.training.fall
