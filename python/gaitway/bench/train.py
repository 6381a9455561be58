"""How fast the trainer simulates its robots, beside the physics alone, and where the time goes."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway import extras
from gaitway.bench.account import quantiles

if TYPE_CHECKING:
    from gaitway.train.env import RobotBatch
    from gaitway.train.trainer import Trainer

#: What lies between simulators and network may cost this share of the physics alone.
MAX_OVERHEAD = 0.25

#: Told what is measured now, how many measurements are over, and how many there are.
Progress = Callable[[str, int, int], None]


def measure_training(
    task: str, robot_name: str, robots: int, steps: int, rounds: int, progress: Progress
) -> dict[str, Any]:
    """Control steps a second of whole environments and of their physics alone, in turns, and one learning step.

    Whole environments are physics, noise, delays, commands, observations, action map, rewards, pushes and resets; the
    network is not asked in either.
    """
    trainer = _trainer(task, robot_name, robots)
    times_ns: dict[str, list[int]] = {"environments": [], "physics": []}
    for round_ in range(rounds):
        progress("environments", 2 * round_, 2 * rounds + 1)
        times_ns["environments"] += _environments(trainer.robots, steps, seed=round_)
        progress("physics alone", 2 * round_ + 1, 2 * rounds + 1)
        times_ns["physics"] += _physics(trainer.robots, steps, seed=round_)
    progress("learning", 2 * rounds, 2 * rounds + 1)
    rates = {name: robots * len(times) / (1e-9 * sum(times)) for name, times in times_ns.items()}
    overhead = rates["physics"] / rates["environments"] - 1.0
    config = trainer.config
    return {
        "task": config.run.task,
        "robots": robots,
        "threads": config.run.threads,
        "physics": {
            "model": f"play in the gears up to {config.physics.play_rad[1]:g} rad",
            "coarse_s": config.physics.coarse_s,
            "fine_s": config.physics.fine_s,
            "fine_share": config.physics.fine_share,
            "iterations_at_most": config.physics.iterations,
        },
        "steps_per_s": rates,
        "step_ns": {name: quantiles(times) for name, times in times_ns.items()},
        "learning": _learning(trainer),
        "marks": [
            {
                "what": "environments beside the physics alone",
                "found": overhead,
                "at_most": MAX_OVERHEAD,
                "passed": overhead <= MAX_OVERHEAD,
            }
        ],
    }


def _trainer(task: str, robot_name: str, robots: int) -> "Trainer":
    extras.load("torch", "train")
    from gaitway.robot import Robot
    from gaitway.sim.loader import description_of
    from gaitway.train import config as configuration
    from gaitway.train import tasks
    from gaitway.train.trainer import Trainer

    robot = Robot.load(robot_name)
    path = Path(task) if task.endswith(".toml") else tasks.task_config(robot, task)
    config = configuration.load(path, [f"run.robots={robots}"], description_of(robot))
    return Trainer(robot, tasks.task_contract(robot, config.run.task), config)


def _environments(robots: "RobotBatch", steps: int, seed: int) -> list[int]:
    np = extras.load("numpy", "train")
    random, times = np.random.default_rng(seed), []
    for _ in range(steps):
        action = 0.3 * random.standard_normal((robots.count, robots.core.action_len)).astype(np.float32)
        began_ns = time.perf_counter_ns()
        robots.step(action, 0.0)
        times.append(time.perf_counter_ns() - began_ns)
    return times


def _physics(robots: "RobotBatch", steps: int, seed: int) -> list[int]:
    """The same robots from where they are, with goals as wild; they are put back afterwards."""
    np = extras.load("numpy", "train")
    physics, random, times = robots.physics, np.random.default_rng(seed), []
    before = physics.save()
    for step in range(steps):
        if step % 10 == 0:
            # Else they would soon lie on the floor, where there is more, or less, to solve than in a walk.
            physics.restore(before)
        physics.ctrl[:] = robots.default_pose_rad + 0.075 * random.standard_normal(physics.ctrl.shape)
        began_ns = time.perf_counter_ns()
        physics.step()
        times.append(time.perf_counter_ns() - began_ns)
    physics.restore(before)
    return times


def _learning(trainer: "Trainer") -> dict[str, float]:
    """One rollout with the network, and what it teaches."""
    began_s = time.perf_counter()
    rollout, _ = trainer.rollout(0.0)
    walked_s = time.perf_counter()
    trainer.learner.learn(rollout, 0.0)
    learned_s = time.perf_counter()
    samples = rollout.reward.numel()
    return {
        "samples": samples,
        "walk_s": walked_s - began_s,
        "learn_s": learned_s - walked_s,
        "steps_per_s": samples / (learned_s - began_s),
    }
