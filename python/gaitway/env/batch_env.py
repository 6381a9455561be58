"""`BatchEnv`: many robots in the trainer's own simulation, as one vectorised Gymnasium environment."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from gaitway.env.spaces import action_space, flat_space
from gaitway.errors import MissingExtraError, UsageError
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT
from gaitway.sim.loader import description_of
from gaitway.train import config as configuration
from gaitway.train import require_learner
from gaitway.train.tasks import task_config, task_contract

if TYPE_CHECKING:
    from gaitway.train.env import RobotBatch

Floats = NDArray[np.float32]


class BatchEnv(VectorEnv[Floats, Floats, NDArray[Any]]):
    """`num_envs` robots, stepped together as `gaitway train` steps them: noise, delays, pushes, other bodies and
    commands are the task's configuration's, and so are rewards and falls. Needs `gaitway[train]`.

    `settings` are laid over the configuration, `section.key=value`. `share` of a training is over: rewards and pushes
    depend on it. A robot whose episode is over begins anew in the next step, whose action and reward count for
    nothing.
    """

    def __init__(
        self,
        robot: Robot | str | Path = DEFAULT_ROBOT,
        *,
        num_envs: int = 64,
        task: str = "walk",
        settings: Sequence[str] = (),
        share: float = 0.0,
        episode_s: float = 20.0,
        threads: int | None = None,
        backend: str = "sim",
        render_mode: str | None = None,
    ) -> None:
        try:
            require_learner()
        except MissingExtraError as error:
            raise MissingExtraError(error.message, hint=f'{error.hint}; or vectorization_mode="sync"') from error
        if render_mode is not None:
            raise UsageError(
                f"render_mode: expected None, found {render_mode!r}: a batch has no pictures",
                hint='vectorization_mode="sync" has them',
            )
        if backend != "sim":
            raise UsageError(
                f"backend: expected sim, found {backend!r}: a batch has no wire",
                hint='vectorization_mode="sync" has one',
            )
        self.robot = robot if isinstance(robot, Robot) else Robot.load(robot)
        self.num_envs, self._share, self._is_closed = num_envs, share, False
        self.contract = task_contract(self.robot, task)
        size = {"robots": num_envs, "threads": threads or os.cpu_count() or 1, "episode_s": episode_s}
        overrides = [*settings, *(f"run.{key}={value}" for key, value in size.items())]
        self._path, self._overrides = task_config(self.robot, task), overrides
        self._robots: RobotBatch | None = None
        self.config = self._configured(None)
        self.metadata = {
            "autoreset_mode": AutoresetMode.NEXT_STEP,
            "render_modes": [],
            "render_fps": self.contract.policy_rate_hz,
        }
        self.render_mode = None
        self.single_observation_space = flat_space(self.contract)
        self.single_action_space = action_space(self.contract, self.robot)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        """All robots anew, with bodies and floors of their own. The same seed and actions give the same bytes on one
        machine with as many threads."""
        self._refuse_closed()
        if options:
            raise UsageError(f"options: no such option: {', '.join(map(str, options))}", hint="a batch has none")
        if seed is not None and not isinstance(seed, int | np.integer):
            raise UsageError(f"seed: expected a whole number, found {seed!r}", hint="one seed is for all robots")
        super().reset(seed=seed)
        self._robots = self._made(int(self.np_random.integers(2**62)))
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        return self._robots.observation.copy(), {}

    def step(self, actions: Any) -> tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control step of every robot with actions [num_envs, a].

        Raises UsageError, with nothing moved, for another shape or a number that is not finite.
        """
        self._refuse_closed()
        robots = self._robots
        if robots is None:
            raise UsageError("step: expected episodes, found none", hint="call reset first")
        rows = np.ascontiguousarray(actions, dtype=np.float32)
        if rows.shape != self.action_space.shape:
            raise UsageError(
                f"actions: expected shape {self.action_space.shape}, found {rows.shape}", hint="a row for each robot"
            )
        if not np.isfinite(rows).all():
            robot = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise UsageError(
                f"actions: expected finite numbers, found others for robot {robot}", hint="mend the policy"
            )
        began = self._over
        step = robots.step(rows, self._share)
        reward = np.where(began, 0.0, step.reward).astype(np.float64)
        terminated, truncated = step.fell & ~began, step.timed_out & ~began
        self._over = terminated | truncated
        return robots.observation.copy(), reward, terminated, truncated, {}

    def close_extras(self, **_: Any) -> None:
        """Gives the robots back."""
        self._robots, self._is_closed = None, True

    def _configured(self, seed: int | None) -> configuration.Config:
        seeded = [] if seed is None else [f"run.seed={seed}"]
        return configuration.load(self._path, [*self._overrides, *seeded], description_of(self.robot))

    def _made(self, seed: int) -> "RobotBatch":
        from gaitway.train.env import RobotBatch

        return RobotBatch(self.robot, self.contract, self._configured(seed), resets_late=True)

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise UsageError("environment: expected one that is open, found it closed", hint="make another")
