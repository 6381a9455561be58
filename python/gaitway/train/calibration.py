"""The last step of a training: the policy's commands are scaled so that a robot as it was measured walks as asked.

What is learned amid the noise of exploration walks faster without it, and robots of the mean build are faster than
the mean of all robots. Here robots walk without noise in their actions and without pushes; what they do too much or too
little is taken off the commands that their policy sees.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.robot import Robot
from gaitway.sim.description import Description
from gaitway.sim.loader import description_of
from gaitway.train.columns import velocity_columns
from gaitway.train.config import Config
from gaitway.train.env import RobotBatch
from gaitway.train.network import Calibration, MirrorNet

Floats = NDArray[np.float64]

#: Rounds of walking, the last of which only measures, and ticks of each.
_ROUNDS, _TICKS = 3, 300
#: No correction is more than this share of what the command may be.
_MOST = 0.4
#: Bodies without what a training varies.
_EXACT = (1.0, 1.0)
_AS_MEASURED: dict[str, Any] = {
    "friction": (0.6, 0.8),
    **dict.fromkeys(("joint_stiffness", "friction_loss", "armature", "damping", "mass"), _EXACT),
    "load_kg": (0.0, 0.0),
    "centre_m": (0.0, 0.0, 0.0),
}


def calibrate(
    robot: Robot, contract: Contract, config: Config, actor: MirrorNet, tell: Callable[[str], None]
) -> list[dict[str, float]]:
    """Gives the actor its calibration; returns its errors before, on the way, and after: m/s, m/s, rad/s. It takes a
    while: `tell` is told how far it is.

    Empty, and without effect, where a task asks for no velocity or no robot stays on its feet.
    """
    errors: list[dict[str, float]] = []
    if config.commands.still == 1.0:
        return errors
    correction = np.zeros((6, 3))
    all_drives = _drives(description_of(robot))
    for round_ in range(_ROUNDS):
        walks = []
        for part, drives in enumerate(all_drives):
            tell(f"calibrating commands: walk {round_ * len(all_drives) + part + 1} of {_ROUNDS * len(all_drives)}")
            count = max(2, config.run.robots // len(all_drives))
            walks.append(_walk(robot, contract, config, actor, drives, count))
        asked, walked = (np.concatenate(rows) for rows in zip(*walks, strict=True))
        if not asked.any():
            return []
        lack = asked - walked
        errors.append(dict(zip(VELOCITY_AXES, np.abs(lack).mean(axis=0).tolist(), strict=True)))
        if round_ < _ROUNDS - 1:
            reach = np.abs(asked).max(axis=0)
            most = _MOST * reach / np.maximum(np.tile(reach, 2)[:, None], 1e-9)
            correction = np.clip(correction + _fit(asked, lack), -most, most)
            actor.calibration = _calibration(contract, correction)
    return errors


def _drives(description: Description) -> tuple[dict[str, Any], ...]:
    """The identifications there are of the robot's drives, an equal part of the robots each: the contract's spring with
    play in the gears, and a softer one without.
    """
    play = description.backlash
    if play is None:
        return ({"stiffness": _EXACT, "play_rad": (0.0, 0.0)},)
    return (
        {"stiffness": _EXACT, "play_rad": (play.half_range_rad, play.half_range_rad)},
        {"stiffness": (play.flat_stiffness, play.flat_stiffness), "play_rad": (0.0, 0.0)},
    )


def _walk(
    robot: Robot, contract: Contract, config: Config, actor: MirrorNet, drives: dict[str, Any], count: int
) -> tuple[Floats, Floats]:
    """What was asked of `count` robots with these drives, and the velocities they had [k, 3]."""
    world = replace(
        config,
        run=replace(config.run, seed=config.run.seed + 1, robots=count, episode_s=3600.0),
        physics=replace(config.physics, **_AS_MEASURED, **drives),
        noise=replace(config.noise, late_goals=(0.0,), joint_zero_rad=0.0),
        # One axis at a time: where all are asked for at once there is more than legs can do.
        commands=replace(
            config.commands,
            still=0.0,
            one_axis=1.0,
            at_limit=0.3,
            head_still=1.0,
            hold_s=(3600.0, 3600.0),
        ),
        pushes=replace(config.pushes, speed_mps=0.0),
    )
    robots = RobotBatch(robot, contract, world)
    asked, walked = [], []
    with torch.no_grad():
        for _ in range(_TICKS):
            robots.step(actor(torch.from_numpy(robots.observation.copy())).numpy(), 1.0)
            commands, velocities = robots.steady()
            asked.append(commands)
            walked.append(velocities)
    return np.concatenate(asked), np.concatenate(walked)


def _fit(asked: Floats, lack: Floats) -> Floats:
    """What must be added for each part of the command [6, 3]. Each side for itself: no robot is the same on both."""
    parts = np.concatenate([np.maximum(asked, 0.0), np.maximum(-asked, 0.0)], axis=1)
    # A part that is seldom asked for is left as it is.
    normal = parts.T @ parts / len(parts)
    normal += np.diag(1e-3 * np.diag(normal) + 1e-9)
    return np.linalg.solve(normal, parts.T @ lack / len(parts))


def _calibration(contract: Contract, correction: Floats) -> Calibration:
    """As the network has it."""
    parts = np.zeros((contract.observation_len, 6), dtype=np.float32)
    corrections = np.zeros((6, contract.observation_len), dtype=np.float32)
    for axis, column in enumerate(velocity_columns(contract)):
        parts[column, axis], parts[column, axis + 3] = 1.0, -1.0
        corrections[:, column] = correction[:, axis]
    return Calibration(parts, corrections)
