"""What an environment asks of its robot: one command, or others every few seconds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gaitway.contract import Contract
from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.train.config import Commands as Draw

Floats = NDArray[np.float32]


class Commands:
    """Command rows [c] in the order of `Robot.command_axes`, within the contract's envelope where they are drawn."""

    def __init__(self, robot: Robot, contract: Contract, draw: Draw, rate_hz: int) -> None:
        self._robot, self._draw, self._rate_hz = robot, draw, rate_hz
        units = list(robot.command_axes.values())
        self._velocities = np.array([unit.endswith("/s") for unit in units], dtype=np.bool_)
        ends = [contract.envelope.get(axis, (0.0, 0.0)) for axis in robot.command_axes]
        self._ends = np.array(ends, dtype=np.float32).reshape(len(units), 2)
        self._given: Floats | None = None
        self.row: Floats = np.zeros(len(units), dtype=np.float32)
        self._next_tick = 0

    def read(self, given: Mapping[str, float]) -> Floats:
        """The row of a command by axis. Raises UsageError for an axis the robot lacks, and for what is no number."""
        if not isinstance(given, Mapping):
            raise UsageError(f"command: expected axis and value, found {given!r}", hint='as {"vx": 0.1}')
        for axis, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                raise UsageError(f"command: {axis}: expected a finite number, found {value!r}", hint=f"correct {axis}")
        return np.array(self._robot.command(**given), dtype=np.float32)

    def restart(self, given: Floats | None, random: np.random.Generator) -> None:
        """Begins an episode: with one command, or with drawn ones."""
        self._given, self._next_tick = given, 0
        self.at(0, random)

    def at(self, tick: int, random: np.random.Generator) -> Floats:
        """The command of this tick of the episode; the same array every time."""
        if self._given is not None:
            self.row[:] = self._given
        elif tick >= self._next_tick:
            self.row[:] = self._drawn(random)
            self._next_tick = tick + max(1, round(random.uniform(*self._draw.hold_s) * self._rate_hz))
        return self.row

    def _drawn(self, random: np.random.Generator) -> Floats:
        draw, count = self._draw, len(self.row)
        share = random.random(count)
        at_limit = random.random(count) < draw.at_limit
        row = self._ends[:, 0] + np.where(at_limit, np.round(share), share) * (self._ends[:, 1] - self._ends[:, 0])
        still, one_axis, others_still = random.random(3) < (draw.still, draw.one_axis, draw.head_still)
        moves = self._velocities & (not still)
        if one_axis and moves.any():
            moves = np.arange(count) == random.choice(np.flatnonzero(moves))
        follows = ~self._velocities & (not others_still)
        return np.where(moves | follows, row, 0.0).astype(np.float32)
