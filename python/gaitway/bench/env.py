"""How fast Gymnasium environments step: one, and many by each way of vectorising, beside the physics alone."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

from gaitway import extras

#: Told what is measured now, how many measurements are over, and how many there are.
Progress = Callable[[str, int, int], None]
#: Steps a second, measured for so long.
Measure = Callable[[float], float]


def measure_env(robot: str, robots: int, batch: int, seconds: float, rounds: int, progress: Progress) -> dict[str, Any]:
    """Control steps a second, median of `rounds` measurements of `seconds`, in turns.

    `robots` are stepped together by Gymnasium's own vectors, `batch` by the trainer's batch, where PyTorch and a task
    are there. Actions are noise about the default pose; a robot that falls begins anew.
    """
    numpy = extras.load("numpy", "gym")
    measures = _measures(robot, robots, batch)
    rates: dict[str, list[float]] = {name: [] for name in measures}
    for round_ in range(rounds):
        for index, (name, measure) in enumerate(measures.items()):
            progress(name, round_ * len(measures) + index, rounds * len(measures))
            rates[name].append(measure(seconds))
    return {
        "robot": robot,
        "vectorised": robots,
        "batch": batch,
        "steps_per_s": {name: float(numpy.median(row)) for name, row in rates.items()},
        "slowest_and_fastest": {name: [min(row), max(row)] for name, row in rates.items()},
    }


def _measures(robot: str, robots: int, batch: int) -> dict[str, Measure]:
    from gaitway.env import make_env
    from gaitway.errors import GaitwayError

    measures: dict[str, Measure] = {"physics alone": _physics(robot)}
    env = make_env(robot)
    measures[f"one, {type(env.reward).__name__}"] = _single(env)
    measures["one, simple reward"] = _single(make_env(robot, reward="simple"))
    # Where servos of this kind are emulated.
    with contextlib.suppress(GaitwayError):
        measures["one, twin"] = _single(make_env(robot, backend="twin"))
    for mode in ("sync", "async"):
        measures[f"{mode}, {robots}"] = _vector(robot, robots, mode)
    # Without PyTorch, or a task, there is none.
    with contextlib.suppress(GaitwayError):
        measures[f"batch, {batch}"] = _batch(robot, batch)
    return measures


def _rate(step: Callable[[], None], robots: int, seconds: float) -> float:
    step()
    began_s, steps = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        step()
        steps += robots
    return steps / (time.perf_counter() - began_s)


def _physics(robot: str) -> Measure:
    numpy = extras.load("numpy", "gym")
    from gaitway.robot import Robot
    from gaitway.sim import RobotSim

    sim = RobotSim(Robot.load(robot))
    random, pose = numpy.random.default_rng(0), numpy.array(sim.robot.default_pose_rad)

    def step() -> None:
        sim.step(pose + 0.05 * random.standard_normal(len(pose)))
        if sim.fallen:
            sim.reset()

    return lambda seconds: _rate(step, 1, seconds)


def _single(env: Any) -> Measure:
    numpy = extras.load("numpy", "gym")
    random, shape = numpy.random.default_rng(0), env.action_space.shape
    env.reset(seed=0)

    def step() -> None:
        action = env.default_action + 0.2 * random.standard_normal(shape).astype(numpy.float32)
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return lambda seconds: _rate(step, 1, seconds)


def _vector(robot: str, robots: int, mode: str) -> Measure:
    gymnasium = extras.load("gymnasium", "gym")
    from gaitway.env import make_env

    def made() -> Any:
        return make_env(robot)

    def measure(seconds: float) -> float:
        # Its processes live no longer than the measurement.
        kind = {"sync": gymnasium.vector.SyncVectorEnv, "async": gymnasium.vector.AsyncVectorEnv}[mode]
        return _stepped(kind([made] * robots), robots, seconds)

    return measure


def _batch(robot: str, batch: int) -> Measure:
    from gaitway.env.batch_env import BatchEnv

    env = BatchEnv(robot, num_envs=batch)
    env.close()
    return lambda seconds: _stepped(BatchEnv(robot, num_envs=batch), batch, seconds)


def _stepped(envs: Any, robots: int, seconds: float) -> float:
    numpy = extras.load("numpy", "gym")
    random = numpy.random.default_rng(0)
    envs.reset(seed=0)

    def step() -> None:
        envs.step(0.2 * random.standard_normal(envs.action_space.shape).astype(numpy.float32))

    try:
        return _rate(step, robots, seconds)
    finally:
        envs.close()
