"""A leg's swing on the gait's clock: a fixed part of a walking policy, which so lifts its feet from the first step."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.contract import Contract
from gaitway.train.columns import start_of, velocity_columns

#: Flexion of hip, knee and ankle at the height of the swing, in units of the action: the sole goes up and stays flat.
_FLEXION = {"hip_pitch": -1.1, "knee": 2.2, "ankle": -1.1}
#: A velocity command of this much, m/s or rad/s, brings the whole swing; less brings its share.
_WHOLE = 0.02

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Swing:
    """`relu(row @ clock) * min(1, |row @ speed| @ ones) @ legs`, added to the action."""

    #: From the observation to the swing of the left and of the right leg [w, 2].
    clock: Floats
    #: From the observation to the velocity commands, as shares of what brings the whole swing [w, 3].
    speed: Floats
    #: From the swings to the action [2, a].
    legs: Floats


def swing_of(contract: Contract, size: float) -> Swing:
    """The swing of a contract's legs, `size` times as high as usual. Raises TrainingError where it has no clock."""
    description = json.loads(contract.to_json())
    width = contract.observation_len
    clock = np.zeros((width, 2), dtype=np.float32)
    # The sine of the phase: the left leg swings in the first half.
    clock[start_of(contract, "phase") + 1] = (1.0, -1.0)
    speed = np.zeros((width, 3), dtype=np.float32)
    for axis, column in enumerate(velocity_columns(contract)):
        speed[column, axis] = 1.0 / _WHOLE
    joints = description["action"]["joints"]
    legs = np.zeros((2, len(joints)), dtype=np.float32)
    for index, joint in enumerate(joints):
        side, _, name = joint["name"].partition("_")
        if side in ("left", "right") and name in _FLEXION:
            # Hips are mounted the other way round on the right; their default pose says so.
            sign = -1.0 if name == "hip_pitch" and joint["default_rad"] > 0 else 1.0
            legs[("left", "right").index(side), index] = size * sign * _FLEXION[name]
    return Swing(clock, speed, legs)
