"""Starts in somebody's hands, with physics, over the emulated wire: none falls."""

import pytest

from gaitway.bench.starts import draw, play
from gaitway.policy import Policy
from gaitway.robot import Robot

ROBOT = Robot.load()
PAIR = Policy.default(ROBOT)


@pytest.mark.parametrize("seed", range(4), ids=["datagrams", "chip", "datagrams-switches", "chip-switches"])
def test_a_duck_that_was_hung_and_set_down_stands(seed: int) -> None:
    """`gaitway bench starts` plays 300 of them; before the policy waited for the ground half of them fell."""
    start = draw(seed, lifts=seed == 3)
    ended = play(ROBOT, PAIR, start)
    assert (ended["fell_s"], ended["runs"]) == (None, True), ended
    assert any("running" in word for _, word in ended["log"])
