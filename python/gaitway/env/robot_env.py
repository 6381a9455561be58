"""`RobotEnv`: one robot in the embedded simulation, as a Gymnasium environment."""

from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from gaitway._native import Record
from gaitway.contract import Contract
from gaitway.env.commands import Commands
from gaitway.env.contracts import JOINTS, contract_of, controller_of
from gaitway.env.rendering import View
from gaitway.env.rewards import Moment, Reward, simple_reward
from gaitway.env.spaces import action_space, dict_of, dict_space, flat_space, parts_of, pose_action, terms_of
from gaitway.env.task_reward import TaskReward
from gaitway.env.wired_sim import Plant, WiredSim
from gaitway.errors import UsageError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT
from gaitway.sensors import Sensors
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import TrunkState
from gaitway.sim.world import World
from gaitway.train import config as configuration
from gaitway.train.tasks import task_config, task_names

Floats = NDArray[np.float32]

OBSERVATIONS = ("flat", "dict")
REWARDS = ("task", "simple")
BACKENDS = ("sim", "twin")
RENDER_MODES = ("rgb_array", "human")
#: The task that is meant where none is named and the robot has it.
_USUAL_TASK = "walk"
_ACTION = "one number for each joint of the contract, as env.action_space says"
#: Longest episode, s.
_LONGEST_S = 3600.0


class RobotEnv(gymnasium.Env[Any, Any]):
    """One robot. A step is a tick of the policy: the action goes through the contract's action map and the safety
    filter to the servos, as on the robot, and the observation is what the robot senses then.

    `units` and `names` say what each number of the observation is. An episode ends with `terminated` where the robot
    falls, or the physics breaks down, and with `truncated` after `episode_s`. With `backend="twin"` goals and samples
    go over the wire of the emulated servos and IMU.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 50}  # noqa: RUF012  # as Gymnasium declares it

    def __init__(
        self,
        robot: Robot | str | Path = DEFAULT_ROBOT,
        *,
        task: str | None = None,
        contract: Contract | Policy | str | Path | None = None,
        observation: str = "flat",
        reward: Reward | str | None = None,
        command: Mapping[str, float] | None = None,
        world: World | None = None,
        episode_s: float = 20.0,
        backend: str = "sim",
        render_mode: str | None = None,
        width: int = 640,
        height: int = 480,
    ) -> None:
        self.robot = robot if isinstance(robot, Robot) else Robot.load(robot)
        _check(observation, render_mode, episode_s, backend)
        self._sim = RobotSim(self.robot, world=world)
        if task is None and _USUAL_TASK in task_names(self.robot):
            task = _USUAL_TASK
        self._config = None
        if task is not None:
            self._config = configuration.load(task_config(self.robot, task), [], self._sim.description)
        self.contract = contract_of(self.robot, (task or JOINTS) if contract is None else contract, self._model_kp())
        self._controller = controller_of(self.contract, self.robot)
        #: The reward, to be looked at or set.
        self.reward = self._reward(reward)
        rate_hz = self.contract.policy_rate_hz
        self.metadata = {**self.metadata, "render_fps": rate_hz}
        self.render_mode = render_mode
        self._view = View(self._sim, rate_hz, width, height)
        self._period_s, self._ticks = 1.0 / rate_hz, max(1, round(episode_s * rate_hz))
        draw = self._config.commands if self._config is not None else configuration.Commands()
        self._commands = Commands(self.robot, self.contract, draw, rate_hz)
        self._fixed = None if command is None else self._commands.read(command)
        self.action_space = action_space(self.contract, self.robot)
        self._set_observation(observation)
        self._goals = array("f", self.robot.default_pose_rad)
        #: The simulation behind emulated servos with `backend="twin"`; None without.
        self.twin = WiredSim(self._sim) if backend == "twin" else None
        self._plant: Plant = self.twin or self._sim
        self._tick: int | None = None
        self._is_closed = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Puts the robot on its feet, in another world where `world` varies. `options={"command": {"vx": 0.1}}` gives
        the command of this episode. The same seeds and actions give the same bytes on one machine."""
        self._refuse_closed()
        asked = dict(options or {})
        command = asked.pop("command", None)
        if asked:
            raise UsageError(f"options: no such option: {', '.join(map(str, asked))}", hint='"command" is the only one')
        given = self._fixed if command is None else self._commands.read(command)
        super().reset(seed=seed)
        self._plant.restart(int(self.np_random.integers(2**62)))
        self._plant.set_gains(self._controller.gains)
        self._controller.reset(array("f", self.robot.default_pose_rad))
        self._commands.restart(given, self.np_random)
        restart: Callable[[], None] | None = getattr(self.reward, "reset", None)
        if restart is not None:
            restart()
        self._tick = 0
        self._last_action = np.zeros(self.action_space.shape or (), dtype=np.float32)
        self._sensors = self._plant.sense()
        self._controller.observe(self._sensors.row, self._commands.row)
        self._record = self._controller.record()
        if self.render_mode == "human":
            self._view.show()
        return self._observation(self._sensors, self._record), self._info(self._sim.trunk())

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One tick of the policy with this action [a].

        Raises UsageError, with nothing moved, for an action of another shape or with a number that is not finite.
        """
        self._refuse_closed()
        if self._tick is None:
            raise UsageError("step: expected an episode, found none", hint="call reset first")
        row = self._checked(action)
        before = self._record
        self._move(row)
        self._tick += 1
        followed = np.array(before.command, dtype=np.float32)
        command = self._commands.at(self._tick, self.np_random)
        self._sensors = self._plant.sense()
        self._controller.observe(self._sensors.row, command)
        self._record = record = self._controller.record()
        has_fallen = self._sim.fallen or record.fallen
        trunk = self._sim.trunk()
        terms = self._judge(before, trunk, followed, row, has_fallen)
        self._last_action = row
        if self.render_mode == "human":
            self._view.show()
        truncated = self._tick >= self._ticks and not has_fallen
        info = self._info(trunk) | {"reward_terms": terms}
        return self._observation(self._sensors, record), sum(terms.values()), has_fallen, truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """The picture [height, width, 3] with `rgb_array`; None otherwise: `human` shows every step by itself."""
        self._refuse_closed()
        return self._view.picture() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Gives window and pictures back; the environment cannot be used any more."""
        self._view.close()
        if self.twin is not None and not self._is_closed:
            self.twin.close()
        self._is_closed = True

    @property
    def sim(self) -> RobotSim:
        """The simulation, to be looked at."""
        return self._sim

    @property
    def default_action(self) -> Floats:
        """The action [a] that asks for the default pose."""
        return pose_action(self.contract, self.robot)

    def _move(self, action: Floats) -> None:
        self._controller.act(action, self._goals)
        for tick in range(self._controller.divider):
            if tick > 0:
                # Between two ticks of the policy the filter goes on alone.
                self._controller.observe(self._plant.sense().row, self._commands.row)
                self._goals = array("f", self._controller.record().goal_rad)
            self._plant.step(self._goals)

    def _judge(
        self, before: Record, trunk: TrunkState, followed: Floats, action: Floats, has_fallen: bool
    ) -> dict[str, float]:
        seen = np.array(before.observation, dtype=np.float32)
        moment = Moment(
            sim=self._sim,
            trunk=trunk,
            record=self._record,
            command=followed,
            observation=seen,
            action=action,
            last_action=self._last_action,
            has_fallen=has_fallen,
            period_s=self._period_s,
        )
        worth = self.reward(moment)
        return worth if isinstance(worth, dict) else {"reward": float(worth)}

    def _set_observation(self, observation: str) -> None:
        self._parts = parts_of(self.robot) if observation == "dict" else None
        parts = terms_of(self.contract, self.robot) if self._parts is None else self._parts
        self.observation_space = flat_space(self.contract) if self._parts is None else dict_space(self._parts)
        #: What each number of an entry, or of a term of the flat observation, is of, and the unit.
        self.names = {name: part.names for name, part in parts.items()}
        self.units = {name: part.unit for name, part in parts.items()}

    def _observation(self, sensors: Sensors, record: Record) -> Any:
        if self._parts is None:
            return np.array(record.observation, dtype=np.float32)
        return dict_of(self._parts, sensors, record)

    def _info(self, trunk: TrunkState) -> dict[str, Any]:
        return {
            "time_s": self._sim.time_s,
            "command": dict(zip(self.robot.command_axes, map(float, self._record.command), strict=True)),
            "position_m": trunk.position_m,
            "velocity_mps": trunk.velocity_mps,
            "tilt_rad": trunk.tilt_rad,
            "goal_rad": np.array(self._goals, dtype=np.float32),
        }

    def _checked(self, action: Any) -> Floats:
        try:
            row = np.array(action, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise UsageError(f"action: expected numbers, found {type(action).__name__}", hint=_ACTION) from error
        if row.shape != self.action_space.shape:
            raise UsageError(
                f"action: expected shape {self.action_space.shape}, found {row.shape}",
                hint=_ACTION,
            )
        if not np.isfinite(row).all():
            at = int(np.flatnonzero(~np.isfinite(row))[0])
            raise UsageError(
                f"action: expected finite numbers, found {row[at]} at {at}",
                hint="the robot would hold its last goals; look at the policy that gave it",
            )
        return row

    def _reward(self, asked: Reward | str | None) -> Reward:
        if asked is not None and not isinstance(asked, str):
            if not callable(asked):
                raise UsageError(f"reward: expected a callable or a name, found {asked!r}", hint=_known(REWARDS))
            return asked
        if asked not in (None, *REWARDS):
            raise UsageError(f"reward: no such reward: {asked}", hint=_known(REWARDS))
        if asked == "task" and self._config is None:
            raise UsageError(f"reward: {self.robot.name} has no task", hint='reward="simple", or name a task=')
        if asked == "simple" or self._config is None:
            return simple_reward(self.robot, self.contract, self._sim)
        try:
            return TaskReward(self.robot, self.contract, self._sim.description, self._config)
        except UsageError:
            if asked == "task":
                raise
            # Nobody asked for it: a contract without a gait clock, as `joints`, has the simple one.
            return simple_reward(self.robot, self.contract, self._sim)

    def _model_kp(self) -> list[float]:
        """The model's own gains [n], in the servos' register units."""
        gains = self._sim.model.actuator_gainprm[:, 0] / self.robot.stiffness_per_kp
        return [float(gain) for gain in gains]

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise UsageError("environment: expected one that is open, found it closed", hint="make another")


def _known(names: tuple[str, ...]) -> str:
    return f"known are {', '.join(names)}; or a function of a Moment"


def _check(observation: str, render_mode: str | None, episode_s: float, backend: str) -> None:
    if backend not in BACKENDS:
        known = " or ".join(BACKENDS)
        raise UsageError(f"backend: expected {known}, found {backend!r}", hint="sim steps the physics itself")
    if observation not in OBSERVATIONS:
        known = ", ".join(OBSERVATIONS)
        raise UsageError(f"observation: expected one of {known}, found {observation!r}", hint="flat is the contract's")
    if render_mode not in (None, *RENDER_MODES):
        raise UsageError(f"render_mode: expected rgb_array, human or None, found {render_mode!r}", hint="rgb_array")
    if not 0 < episode_s <= _LONGEST_S:
        raise UsageError(f"episode_s: expected more than 0, at most {_LONGEST_S:g}, found {episode_s}", hint="20")
