"""A leg's swing on the gait's clock: a fixed part of a walking policy, which so lifts its feet from the first step."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.sim.description import Description
from gaitway.train.columns import start_of, velocity_columns

#: A velocity command of this much, m/s or rad/s, brings the whole swing; less brings its share.
_WHOLE = 0.02

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Swing:
    """`relu(row @ clock) * min(1, |row @ speed| @ ones) @ legs`, added to the action."""

    #: From the observation to the swing of each leg [w, k].
    clock: Floats
    #: From the observation to the velocity commands, as shares of what brings the whole swing [w, 3].
    speed: Floats
    #: From the swings to the action [k, a].
    legs: Floats


def swing_of(contract: Contract, description: Description, size: float) -> Swing:
    """The swing of a robot's legs, `size` times as high as usual. Raises TrainingError where there is no clock."""
    width, legs = contract.observation_len, [contact for contact in description.contacts if contact.swing]
    clock = np.zeros((width, len(legs)), dtype=np.float32)
    phase = start_of(contract, "phase")
    for leg, contact in enumerate(legs):
        # The sine of the leg's own phase, from cosine and sine of the gait's. Rounded: half a gait is exactly -1.
        angle = 2 * np.pi * contact.phase
        clock[phase : phase + 2, leg] = np.round((np.sin(angle), np.cos(angle)), 12) + 0.0
    speed = np.zeros((width, len(VELOCITY_AXES)), dtype=np.float32)
    for axis, column in enumerate(velocity_columns(contract)):
        speed[column, axis] = 1.0 / _WHOLE
    names = [joint["name"] for joint in json.loads(contract.to_json())["action"]["joints"]]
    flexion = np.zeros((len(legs), len(names)), dtype=np.float32)
    for leg, contact in enumerate(legs):
        for joint, amount in contact.swing.items():
            if joint in names:
                flexion[leg, names.index(joint)] = size * amount
    return Swing(clock, speed, flexion)
