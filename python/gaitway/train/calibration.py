"""The last step of a training: the policy's commands are scaled so that a duck as it was measured walks as asked.

What is learned amid the noise of exploration walks faster without it, and ducks of the mean build are faster than the
mean of all ducks. Here ducks walk without noise in their actions and without pushes; what they do too much or too
little is taken off the commands that their policy sees: for each direction a line with a knee in the middle, since
small commands are followed otherwise than large ones.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaitway.contract import Contract
from gaitway.robot import Robot
from gaitway.sim.model import FLAT_STIFFNESS, OPEN_DUCK_MINI_V2_BACKLASH
from gaitway.train.columns import VELOCITIES, velocity_columns
from gaitway.train.config import Config
from gaitway.train.env import Ducks
from gaitway.train.network import Calibration, MirrorNet

Floats = NDArray[np.float64]

#: Rounds of walking, the last of which only measures, and ticks of each.
_ROUNDS, _TICKS = 3, 300
#: No part of a correction is more than this share of what the command may be.
_MOST = 0.8
#: Bodies without what a training varies, between the two identifications there are of the robot's drives: without
#: play a softer spring, and with it the contract's.
_EXACT = (1.0, 1.0)
_AS_MEASURED: dict[str, Any] = {
    "friction": (0.6, 0.8),
    "stiffness": (FLAT_STIFFNESS, 1.0),
    **dict.fromkeys(("joint_stiffness", "friction_loss", "armature", "damping", "mass"), _EXACT),
    "play_rad": (0.0, OPEN_DUCK_MINI_V2_BACKLASH.half_range_rad),
    "load_kg": (0.0, 0.0),
    "centre_m": (0.0, 0.0, 0.0),
}
#: In the mirror leftward and turning change their sign.
_MIRROR = np.array([1.0, -1.0, -1.0])


def calibrate(robot: Robot, contract: Contract, config: Config, actor: MirrorNet) -> list[dict[str, float]]:
    """Gives the actor its calibration; returns its errors before, on the way, and after: m/s, m/s, rad/s.

    Empty, and without effect, where a task asks for no velocity or no duck stays on its feet.
    """
    errors: list[dict[str, float]] = []
    if config.commands.still == 1.0:
        return errors
    limits = _limits(contract)
    correction = np.zeros((12, 3))
    for round_ in range(_ROUNDS):
        asked, walked = _walk(robot, contract, config, actor)
        if not asked.any():
            return []
        lack = asked - walked
        errors.append(dict(zip(VELOCITIES, np.abs(lack).mean(axis=0).tolist(), strict=True)))
        if round_ < _ROUNDS - 1:
            most = _MOST * limits / np.tile(limits, 4)[:, None]
            correction = np.clip(correction + _fit(asked, lack, limits), -most, most)
            actor.calibration = _calibration(contract, correction)
    return errors


def _walk(robot: Robot, contract: Contract, config: Config, actor: MirrorNet) -> tuple[Floats, Floats]:
    """What was asked of ducks as they were measured, and the velocities they had [k, 3]."""
    world = replace(
        config,
        run=replace(config.run, seed=config.run.seed + 1, episode_s=3600.0),
        physics=replace(config.physics, **_AS_MEASURED),
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
    ducks = Ducks(robot, contract, world)
    asked, walked = [], []
    with torch.no_grad():
        for _ in range(_TICKS):
            ducks.step(actor(torch.from_numpy(ducks.observation.copy())).numpy(), 1.0)
            commands, velocities = ducks.steady()
            asked.append(commands)
            walked.append(velocities)
    return np.concatenate(asked), np.concatenate(walked)


def _limits(contract: Contract) -> Floats:
    """The largest velocity commands [3]."""
    commands = {entry["axis"]: entry for entry in json.loads(contract.to_json())["command"]}
    return np.array([max(abs(commands[axis]["min"]), abs(commands[axis]["max"])) for axis in VELOCITIES])


def _begins(limits: Floats) -> Floats:
    """Where the parts of the commands begin [12]: both directions from 0, and from the middle on."""
    return np.concatenate([np.zeros(6), np.tile(limits / 2, 2)])


def _fit(asked: Floats, lack: Floats, limits: Floats) -> Floats:
    """What must be added for each part of the command [12, 3], the same on both sides of the mirror."""
    both = np.concatenate([asked, asked * _MIRROR])
    parts = np.maximum(np.concatenate([both, -both, both, -both], axis=1) - _begins(limits), 0.0)
    lacks = np.concatenate([lack, lack * _MIRROR])
    # A part that is seldom asked for is left as it is.
    normal = parts.T @ parts / len(parts)
    normal += np.diag(1e-3 * np.diag(normal) + 1e-9)
    return np.linalg.solve(normal, parts.T @ lacks / len(parts))


def _calibration(contract: Contract, correction: Floats) -> Calibration:
    """As the network has it."""
    parts = np.zeros((contract.observation_len, 12), dtype=np.float32)
    corrections = np.zeros((12, contract.observation_len), dtype=np.float32)
    for axis, column in enumerate(velocity_columns(contract)):
        parts[column, axis::3] = (1.0, -1.0, 1.0, -1.0)
        corrections[:, column] = correction[:, axis]
    return Calibration(parts, _begins(_limits(contract)).astype(np.float32), corrections)
