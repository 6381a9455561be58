"""How fast the trainer walks its ducks, beside the physics alone, and where the time goes."""

import time
from pathlib import Path
from typing import Any

from gaitway import extras
from gaitway.bench.account import quantiles

#: The trainer may cost this share of the physics alone, the learner not counted.
MAX_SHARE = 0.25


def measure_training(task: str, robot_name: str, robots: int, steps: int, rounds: int) -> dict[str, Any]:
    """Control steps a second of the physics alone and of whole environments, in turns, and the learner's share.

    Whole environments are noise, delays, observation, action map, rewards and resets; the policy is asked in both.
    """
    np = extras.load("numpy", "train")
    extras.load("torch", "train")
    from gaitway.robot import Robot
    from gaitway.train import config as configuration
    from gaitway.train import runs
    from gaitway.train.trainer import Trainer

    robot = Robot.load(robot_name)
    path = Path(task) if task.endswith(".toml") else runs.task_config(robot, task)
    config = configuration.load(path, [f"run.robots={robots}"])
    trainer = Trainer(robot, runs.task_contract(robot, config.run.task), config)
    ducks = trainer.ducks
    random = np.random.default_rng(0)
    physics_ns: list[int] = []
    whole_ns: list[int] = []
    inside_ns = 0
    for _ in range(rounds):
        # The same robots and the same kind of motion, so that the same contacts have to be solved.
        for _ in range(steps):
            action = 0.3 * random.standard_normal((robots, ducks.core.action_len)).astype(np.float32)
            began_ns = time.perf_counter_ns()
            ducks.step(action, 0.0)
            whole_ns.append(time.perf_counter_ns() - began_ns)
        saved = ducks.physics.save()
        for _ in range(steps):
            ducks.physics.ctrl[:] = ducks.default_pose_rad + 0.1 * random.standard_normal(ducks.physics.ctrl.shape)
            began_ns = time.perf_counter_ns()
            ducks.physics.step()
            physics_ns.append(time.perf_counter_ns() - began_ns)
        ducks.physics.restore(saved)
    rollout, figures = trainer.rollout(0.0)
    began_ns = time.perf_counter_ns()
    trainer.learner.learn(rollout, 0.0)
    inside_ns = time.perf_counter_ns() - began_ns
    model = ducks.physics.model
    rates = {
        name: robots * len(times) / (1e-9 * sum(times))
        for name, times in (("physics", physics_ns), ("environments", whole_ns))
    }
    overhead = rates["physics"] / rates["environments"] - 1.0
    return {
        "task": config.run.task,
        "robots": robots,
        "threads": config.run.threads,
        "physics": {
            "model": "flat, no backlash",
            "coarse_s": config.physics.coarse_s,
            "fine_s": config.physics.fine_s,
            "fine_share": config.physics.fine_share,
            "iterations": int(model.opt.iterations),
        },
        "steps_per_s": rates,
        "step_ns": {"physics": quantiles(physics_ns), "environments": quantiles(whole_ns)},
        "overhead": overhead,
        "learn_s": 1e-9 * inside_ns,
        "learn_samples": int(rollout.reward.numel()),
        "marks": [
            {
                "what": "environments beside physics alone",
                "found": overhead,
                "at_most": MAX_SHARE,
                "passed": overhead <= MAX_SHARE,
            }
        ],
    }
