"""The trainer's rewards of a task, for one simulated robot."""

import json
from collections import deque

import numpy as np
from numpy.typing import NDArray

from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.env.rewards import Moment
from gaitway.errors import GaitwayError, UsageError
from gaitway.robot import Robot
from gaitway.sim.description import Description, GaitSizes
from gaitway.sim.feet import feet_of
from gaitway.sim.trunk import pose_of, velocity_of
from gaitway.train.columns import start_of
from gaitway.train.config import Config
from gaitway.train.geometry import rotation_of
from gaitway.train.mirror import contacts_mirror
from gaitway.train.rewards import REWARDS
from gaitway.train.scene import Scene

Floats = NDArray[np.float64]


class TaskReward:
    """The weighted rewards of a task's configuration, as `gaitway train` adds them up.

    `share` of the training is over: weights that change along it are those of that moment, 0 to 1. Raises UsageError
    where the contract or the robot lacks what the rewards look at.
    """

    def __init__(self, robot: Robot, contract: Contract, description: Description, config: Config) -> None:
        self.share = 0.0
        self._weights = config.rewards
        content = json.loads(contract.to_json())
        try:
            self._phase_at = start_of(contract, "phase")
            sides = contacts_mirror(description).order
        except GaitwayError as error:
            raise _unfit(robot, error.message) from error
        if description.gait is None or "phase" not in content:
            raise _unfit(robot, "simulation.toml has no [gait], or the contract no gait clock")
        self._sizes: GaitSizes = description.gait
        names, followers = robot.joint_names, content.get("head_command", {}).get("joints", [])
        axes = list(robot.command_axes)
        self._head = (
            np.array([names.index(entry["joint"]) for entry in followers], dtype=np.int64),
            np.array([axes.index(entry["axis"]) for entry in followers], dtype=np.int64),
        )
        self._straight = np.array([names.index(joint) for joint in description.group("straight")], dtype=np.int64)
        self._foot_phase = np.array([contact.phase for contact in description.contacts], dtype=np.float32)
        left = np.flatnonzero(sides > np.arange(len(sides)))
        self._pairs = (left, sides[left])
        self._velocity_axes = [axes.index(axis) for axis in VELOCITY_AXES]
        self._default_pose_rad, self._limits_rad = np.array(robot.default_pose_rad), np.array(robot.limits_rad)
        self._gait: deque[Floats] = deque(maxlen=int(content["phase"]["period_ticks"]))
        self._actions: deque[Floats] = deque(maxlen=3)
        self.reset()

    def reset(self) -> None:
        """Forgets the episode before."""
        self._gait.clear()
        self._actions.clear()

    def __call__(self, moment: Moment) -> dict[str, float]:
        """The weighted terms of a step. Where their sum without the fall's is below zero it would pay to fall soon:
        then `floor` lifts it to zero."""
        scene = self._scene(moment)
        terms = {name: weight.at(self.share) * float(REWARDS[name](scene)[0]) for name, weight in self._weights.items()}
        once = terms.pop("fall", 0.0)
        rates = {name: moment.period_s * term for name, term in terms.items()}
        return {**rates, "floor": max(0.0, -sum(rates.values())), "fall": once}

    def _scene(self, moment: Moment) -> Scene:
        sim = moment.sim
        pose, velocity = pose_of(sim.data, sim.layout), velocity_of(sim.data, sim.layout)
        rotation = rotation_of(pose[None, 3:])
        feet, trunk = feet_of(sim), moment.trunk
        self._gait.append(np.array([*trunk.velocity_mps[:2], trunk.yaw_rate_rps]))
        self._actions.appendleft(moment.action.astype(np.float64))
        command = moment.command[None].astype(np.float64)
        phase = moment.observation[self._phase_at : self._phase_at + 2]
        actions = [*self._actions, *[np.zeros(len(moment.action))] * 2]
        return Scene(
            command=command,
            is_moving=np.any(command[:, self._velocity_axes] != 0, axis=1),
            velocity_mps=trunk.velocity_mps[None],
            mean_velocity=np.mean(self._gait, axis=0)[None],
            gyro_rps=velocity[None, 3:],
            up=rotation[:, 2],
            height_m=pose[None, 2],
            joint_position_rad=sim.joint_position_rad[None],
            joint_velocity_rps=sim.data.qvel[None, sim.layout.qvel],
            torque_nm=sim.data.actuator_force[None],
            default_pose_rad=self._default_pose_rad,
            limits_rad=self._limits_rad,
            foot_position_m=_from_trunk(feet.position_m, pose, trunk.yaw_rad)[None],
            foot_velocity_mps=feet.velocity_mps[None],
            foot_flat=feet.flat[None],
            foot_contact=sim.contact()[None],
            action=actions[0][None],
            action_1=actions[1][None],
            action_2=actions[2][None],
            phase=np.arctan2(phase[1:], phase[:1]).astype(np.float64) / (2 * np.pi) % 1.0,
            foot_phase=self._foot_phase,
            since_push_s=np.array([min(sim.time_s - sim.last_push_s, 1e3)]),
            head=self._head,
            straight=self._straight,
            pairs=self._pairs,
            sizes=self._sizes,
            has_fallen=np.array([moment.has_fallen]),
        )


def _from_trunk(position_m: Floats, pose: Floats, yaw_rad: float) -> Floats:
    """Soles [c, 3] in the heading frame, from the trunk; z is the height above the floor."""
    x, y = (position_m[:, :2] - pose[:2]).T
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.column_stack([cosine * x + sine * y, cosine * y - sine * x, position_m[:, 2]])


def _unfit(robot: Robot, why: str) -> UsageError:
    return UsageError(f"reward: the task's rewards do not fit {robot.name}: {why}", hint='reward="simple" fits')
