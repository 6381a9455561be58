"""The same robots under rsl-rl-lib's PPO, to compare with `gaitway train`: seconds a rollout, and errors by steps.

    pip install rsl-rl-lib            # no dependency of Gaitway
    python scripts/compare_rsl_rl.py --steps 4000000

Its learner gets what ours gets: network sizes, rollouts, epochs, mini-batches, discounts, normalised observations and
the fixed swing of the legs, which here the environment adds. Left and right it learns from mirrored copies of each
sample (its `Symmetry`), where our network has the mirror built in. The weight on the action's change, which steers
ours late in a run, has no counterpart there.
"""

import argparse
import time
from typing import Any

import torch
from rsl_rl.env import VecEnv
from rsl_rl.runners import OnPolicyRunner
from tensordict import TensorDict

from gaitway.robot import Robot
from gaitway.sim.loader import description_of
from gaitway.train import config, tasks
from gaitway.train.env import RobotBatch
from gaitway.train.mirror import Mirror
from gaitway.train.network import actor_of


class Env(VecEnv):
    """`RobotBatch` as rsl-rl-lib wants them."""

    def __init__(self, steps: int) -> None:
        robot = Robot.load()
        description = description_of(robot)
        contract = tasks.task_contract(robot, "walk")
        self.config = config.load(tasks.task_config(robot, "walk"), [f"run.steps={steps}"], description)
        torch.set_num_threads(self.config.run.threads)
        self.robots = RobotBatch(robot, contract, self.config)
        self._actor = actor_of(contract, description, self.config.ppo)
        self.num_envs, self.num_actions = self.robots.count, self.robots.core.action_len
        self.max_episode_length = round(self.config.run.episode_s * self.robots.rate_hz)
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.long)
        self.device, self.cfg = "cpu", {}
        self._steps = 0

    def get_observations(self) -> TensorDict:
        rows = {"policy": self.robots.observation, "critic": self.robots.critic}
        return TensorDict({name: torch.from_numpy(row.copy()) for name, row in rows.items()}, [self.num_envs])

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict[str, Any]]:
        swung = actions + self._actor.flexion(torch.from_numpy(self.robots.observation))
        done = self.robots.step(swung.numpy(), self._steps / self.config.run.steps)
        self._steps += self.num_envs
        ended = torch.from_numpy(done.fell | done.timed_out)
        extras = {"time_outs": torch.from_numpy(done.timed_out)}
        return self.get_observations(), torch.from_numpy(done.reward), ended.long(), extras


def mirrored(env: Env, obs: TensorDict | None, actions: torch.Tensor | None) -> tuple[Any, Any]:
    """Samples, and behind them their mirror images."""

    def both(rows: torch.Tensor, mirror: Mirror) -> torch.Tensor:
        order, sign = torch.from_numpy(mirror.order), torch.from_numpy(mirror.sign)
        return torch.cat([rows, rows[:, order] * sign])

    robots = env.robots
    images = None
    if obs is not None:
        mirrors = {"policy": robots.mirror, "critic": robots.critic_mirror}
        images = TensorDict({name: both(obs[name], mirror) for name, mirror in mirrors.items()}, [2 * len(obs)])
    return images, None if actions is None else both(actions, robots.action_mirror)


def settings(env: Env) -> dict[str, Any]:
    """Their configuration, from ours."""
    ppo = env.config.ppo
    network = {"class_name": "MLPModel", "hidden_dims": list(ppo.hidden), "activation": "elu"}
    normal = {"class_name": "GaussianDistribution", "init_std": ppo.initial_std}
    return {
        "num_steps_per_env": ppo.rollout,
        "save_interval": 10**9,
        "obs_groups": {"actor": ["policy"], "critic": ["critic"]},
        "actor": {**network, "obs_normalization": True, "distribution_cfg": normal},
        "critic": {**network, "obs_normalization": True},
        "algorithm": {
            "class_name": "PPO",
            "num_learning_epochs": ppo.epochs,
            "num_mini_batches": ppo.minibatches,
            "gamma": ppo.discount,
            "lam": ppo.trace,
            "clip_param": ppo.clip,
            "entropy_coef": ppo.entropy,
            "learning_rate": ppo.learning_rate,
            "desired_kl": ppo.target_kl,
            "max_grad_norm": ppo.grad_norm,
            "use_mixed_precision": ppo.bf16,
            "symmetry_cfg": {"data_augmentation_func": mirrored, "use_data_augmentation": True},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4_000_000, help="control steps of all robots together")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    env = Env(chosen.steps)
    runner = OnPolicyRunner(env, settings(env))
    # Its own log goes by rollouts and knows nothing of tracking errors.
    runner.logger.log = lambda **figures: report(env, figures)
    runner.learn(chosen.steps // (env.num_envs * env.config.ppo.rollout))


_began_s = time.perf_counter()


def report(env: Env, figures: dict[str, Any]) -> None:
    """One line for every tenth rollout."""
    if figures["it"] % 10 == 9:
        errors = " ".join(f"{name.removeprefix('error/')} {value:.3f}" for name, value in env.robots.errors().items())
        steps = env.robots.count * env.config.ppo.rollout * (figures["it"] + 1)
        print(
            f"{steps / 1e6:.2f} M steps, {(time.perf_counter() - _began_s) / 60:.1f} min, walking "
            f"{figures['collect_time']:.2f} s, learning {figures['learn_time']:.2f} s, errors {errors}",
            flush=True,
        )


if __name__ == "__main__":
    main()
