"""The loop of a training: walk, learn, tell, keep."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.robot import Robot
from gaitway.train import checkpoint
from gaitway.train.config import Config
from gaitway.train.env import RobotBatch
from gaitway.train.network import ActorCritic, actor_of
from gaitway.train.ppo import Learner, Rollout, log_probability

#: More than any training has, of steps or of seconds.
_MOST = 10**15


@dataclass
class Progress:
    """Where a training is."""

    steps: int = 0
    #: Seconds of training, resumed parts included.
    seconds: float = 0.0
    #: Falls since the beginning.
    falls: int = 0
    #: The figures of every rollout: the learning curve.
    curve: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def of(cls, saved: dict[str, Any]) -> "Progress":
        """From a checkpoint. Raises ValueError or TypeError for what is no progress."""
        progress = cls(**saved)
        for kind, amount in ((int, progress.steps), (int, progress.falls), (int | float, progress.seconds)):
            if not isinstance(amount, kind) or isinstance(amount, bool) or not 0 <= amount < _MOST:
                raise ValueError(f"expected an amount, found {amount!r}")
        is_curve = isinstance(progress.curve, list) and all(isinstance(row, dict) for row in progress.curve)
        if not is_curve or bool(progress.curve) != (progress.steps > 0):
            raise ValueError("expected a learning curve up to its steps, found something else")
        return progress


class Trainer:
    """A training in memory; `run` goes on until its steps are done."""

    def __init__(self, robot: Robot, contract: Contract, config: Config) -> None:
        torch.set_num_threads(config.run.threads)
        torch.manual_seed(config.run.seed)
        if config.run.steps < config.run.robots * config.ppo.rollout:
            raise TrainingError(
                f"run.steps: expected at least one rollout of {config.run.robots * config.ppo.rollout} steps, "
                f"found {config.run.steps}",
                hint="more steps, or fewer robots",
            )
        self.config = config
        self.robots = RobotBatch(robot, contract, config)
        robots, ppo = self.robots, config.ppo
        self.model = ActorCritic(
            actor_of(contract, robots.description, ppo),
            robots.critic_mirror,
            robots.action_mirror,
            ppo.hidden,
            ppo.initial_std,
        )
        #: The policy's mean over the last rollouts: it wanders less than the policy that learns.
        self.averaged = copy.deepcopy(self.model.actor)
        self.learner = Learner(self.model, ppo, config.run.seed)
        self._random = torch.Generator().manual_seed(config.run.seed + 1)
        self.progress = Progress()

    def run(self, folder: Path, watch: Callable[[Progress], bool]) -> bool:
        """Trains until the steps are done, or `watch`, told after every rollout, says False. True where they are."""
        config, progress = self.config, self.progress
        next_checkpoint = (progress.steps // config.run.checkpoint_steps + 1) * config.run.checkpoint_steps
        while progress.steps < config.run.steps:
            began_s = time.perf_counter()
            share = progress.steps / config.run.steps
            rollout, figures = self.rollout(share)
            walked_s = time.perf_counter()
            for net, rows in ((self.model.actor, rollout.observation), (self.model.critic, rollout.critic)):
                # Before the first update the figures of the first rollout are better than none.
                if progress.steps == 0:
                    net.normaliser.update(rows.flatten(0, 1))
            figures |= self.learner.learn(rollout, share)
            if progress.steps > 0:
                self._normalise(rollout)
            self._average()
            ended_s = time.perf_counter()
            progress.steps += rollout.reward.numel()
            progress.seconds += ended_s - began_s
            progress.falls += int(figures.pop("fell"))
            figures |= {
                "steps": progress.steps,
                "seconds": progress.seconds,
                "walk_s": walked_s - began_s,
                "learn_s": ended_s - walked_s,
                "std": float(self.model.std().detach().mean()),
            }
            progress.curve.append(figures)
            goes_on = watch(progress)
            if progress.steps >= next_checkpoint or not goes_on or progress.steps >= config.run.steps:
                checkpoint.write(folder, self.save())
                next_checkpoint += config.run.checkpoint_steps
            if not goes_on:
                return False
        return True

    def _normalise(self, rollout: Rollout) -> None:
        self.model.actor.normaliser.update(rollout.observation.flatten(0, 1))
        self.model.critic.normaliser.update(rollout.critic.flatten(0, 1))

    @torch.no_grad()
    def _average(self) -> None:
        actor, averaged = self.model.actor, self.averaged
        newest = 1.0 / min(len(self.progress.curve) + 1, self.config.ppo.averaged_rollouts)
        for mean, now in zip(averaged.parameters(), actor.parameters(), strict=True):
            mean.lerp_(now, newest)
        for kept, new in zip(averaged.buffers(), actor.buffers(), strict=True):
            kept.copy_(new)

    @torch.no_grad()
    def rollout(self, share: float) -> tuple[Rollout, dict[str, float]]:
        """What all robots do in one rollout when this share of the run is over, and its figures."""
        config, robots, model = self.config, self.robots, self.model
        std = model.std()
        steps: list[tuple[torch.Tensor, ...]] = []
        terms: dict[str, float] = {}
        fell = 0
        for _ in range(config.ppo.rollout):
            observation, critic = torch.from_numpy(robots.observation.copy()), torch.from_numpy(robots.critic.copy())
            mean, value = model.actor(observation), model.critic(critic).squeeze(-1)
            action = mean + std * torch.randn(mean.shape, generator=self._random)
            step = robots.step(action.numpy(), share)
            reward = torch.from_numpy(step.reward)
            if robots.final_critic is not None:
                # An episode that was cut off would have gone on: its value counts as if it had.
                timed_out = torch.from_numpy(step.timed_out)
                following = model.critic(torch.from_numpy(robots.final_critic)).squeeze(-1)
                reward = reward + config.ppo.discount * following * timed_out
            ended = torch.from_numpy(step.fell | step.timed_out)
            probability = log_probability(action, mean, std)
            steps.append((observation, critic, action, probability, mean, value, reward, ended))
            fell += int(step.fell.sum())
            for name, value_of in step.terms.items():
                terms[name] = terms.get(name, 0.0) + value_of / config.ppo.rollout
        observation, critic, action, probability, mean, value, reward, ended = (
            torch.stack(rows) for rows in zip(*steps, strict=True)
        )
        last_value = model.critic(torch.from_numpy(robots.critic)).squeeze(-1)
        rollout = Rollout(observation, critic, action, probability, mean, std, value, reward, ended, last_value)
        figures = {f"reward/{name}": value_of for name, value_of in terms.items()}
        figures |= robots.errors()
        per_thousand = 1000.0 * fell / rollout.reward.numel()
        return rollout, {**figures, "reward": float(reward.mean()), "fell": fell, "falls_per_1000": per_thousand}

    def save(self) -> dict[str, Any]:
        """Everything a training is, but for what its configuration says."""
        return {
            "threads": torch.get_num_threads(),
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "learner": self.learner.save(),
            "random": self._random.get_state(),
            "robots": self.robots.save(),
            "progress": vars(self.progress),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a saved training back; what follows is the same to the byte."""
        if saved["threads"] != torch.get_num_threads():
            raise TrainingError(
                f"checkpoint: expected {saved['threads']} threads, found {torch.get_num_threads()}",
                hint=f"resume with --set run.threads={saved['threads']}: other threads round otherwise",
            )
        self.model.load_state_dict(saved["model"])
        self.averaged.load_state_dict(saved["averaged"])
        self.learner.restore(saved["learner"])
        self._random.set_state(saved["random"])
        self.robots.restore(saved["robots"])
        self.progress = Progress.of(saved["progress"])
