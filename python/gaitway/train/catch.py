"""A stand that tips steps: a fixed part of a policy turns the trunk's pitching into a velocity command.

A sole is 8.6 cm long. A duck that is pushed beyond it has 0.4 s for a step, which no learner finds by trying, and
which a duck that walks takes all the time. So a stand that tips is told to walk.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitway.contract import Contract
from gaitway.train.columns import start_of, velocity_columns, walk_shares

#: Pitching this fast, rad/s, begins to be answered, and is answered in full. Quiet stands stay below 0.25; a push of
#: 0.3 m/s, which a sole bears, brings 0.8 for a tenth of a second, one of 0.5 m/s 1.0 until the duck lies.
_FROM_RPS, _WHOLE_RPS = 0.5, 0.8

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Catch:
    """`row + share @ commands`; `share` is `clip(row @ tip - begin, 0, 1) * relu(1 - |row @ speed| @ ones)`."""

    #: From the observation to the pitching forward and backward, in units of what takes the share from 0 to 1 [w, 2].
    tip: Floats
    #: Where it begins, in the same units.
    begin: float
    #: From the observation to the velocity commands, in units of what is a whole walk, which catches itself [w, 3].
    speed: Floats
    #: From the shares to what is added to the observation [2, w].
    commands: Floats

    def share(self, rows: Tensor) -> Tensor:
        """How much rows [n, w] are answered, forward and backward [n, 2]."""
        tip, speed = torch.from_numpy(self.tip), torch.from_numpy(self.speed)
        walks = (rows @ speed).abs().sum(dim=-1, keepdim=True)
        return (rows @ tip - self.begin).clamp(0.0, 1.0) * (1.0 - walks).clamp(min=0.0)

    def added(self, rows: Tensor) -> Tensor:
        """Rows [n, w] with the commands that answer them."""
        return rows + self.share(rows) @ torch.from_numpy(self.commands)


def catch_of(contract: Contract, speed_mps: float) -> Catch:
    """What tells a stand that tips to walk at `speed_mps`. Raises TrainingError where the contract has no gyro."""
    width = contract.observation_len
    pitching, forward = start_of(contract, "gyro") + 1, velocity_columns(contract)[0]
    unit_rps = _WHOLE_RPS - _FROM_RPS
    tip = np.zeros((width, 2), dtype=np.float32)
    tip[pitching] = (1.0 / unit_rps, -1.0 / unit_rps)
    commands = np.zeros((2, width), dtype=np.float32)
    commands[:, forward] = (speed_mps, -speed_mps)
    return Catch(tip, _FROM_RPS / unit_rps, walk_shares(contract), commands)
