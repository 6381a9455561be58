"""Chaos, small: walking ducks in MuJoCo, struck by faults, and what must hold at any size."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gaitway
from gaitway.bench.chaos_account import Account, summary
from gaitway.bench.chaos_episode import Episode, Outcome, fits, run_episode
from gaitway.bench.chaos_table import TABLE, FaultClass, May
from gaitway.sim.virtual import SimulatedLoop

ROBOT = gaitway.Robot.load()
POLICY = gaitway.Policy.load(ROBOT.default_policy, robot=ROBOT)


def kind(name: str) -> FaultClass:
    return next(kind for kind in TABLE if kind.name == name)


@pytest.fixture
def walking() -> Iterator[SimulatedLoop]:
    duck = SimulatedLoop(ROBOT, POLICY, seed=1, release_after_s=0.5)
    duck.loop.command(0.1, 0.0, 0.0)
    duck.loop.wish("stand")
    for _ in range(200):
        duck.tick()
    assert (duck.loop.state, duck.body.released) == ("ready", True)
    duck.loop.wish("walk")
    for _ in range(100):
        duck.tick()
    assert duck.loop.state == "running"
    yield duck
    assert duck.loop.watched()["allocations"] == 0


def outcome(end: str, **other: Any) -> Outcome:
    known: dict[str, Any] = {
        "fell": False, "reason": "", "off_after_ns": None, "noticed": "", "noticed_after_ns": None, "fits": True,
    }  # fmt: skip
    return Outcome(end=end, **(known | other))


def test_a_small_run_keeps_every_mark(tmp_path: Path) -> None:
    page = tmp_path / "chaos.md"
    command = [sys.executable, "-m", "gaitway.cli", "bench", "chaos", "--faults", "1", "--json", "--write", page]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = json.loads(result.stdout)
    assert result.returncode == 0, (found["marks"], result.stderr)
    assert all(mark["passed"] for mark in found["marks"])
    assert not found["is_full"] and "faults" not in [mark["name"] for mark in found["marks"]]
    assert [row["name"] for row in found["classes"]] == [kind.name for kind in TABLE]
    assert all(row["faults"] >= 1 for row in found["classes"])
    assert found["watched"]["goals"] > 10_000
    assert all(f"| {kind.name} |" in page.read_text() for kind in TABLE)
    assert "`gaitway bench chaos --faults 1 --seed 0 --write docs/chaos.md`" in page.read_text(), (
        "wherever it was written"
    )


def test_the_docs_know_every_class_and_what_may_come_of_it() -> None:
    docs = (Path(__file__).parents[2] / "docs/chaos.md").read_text()
    for known in TABLE:
        assert f"| {known.name} | {known.may} | {'yes' if known.may_fall else 'no'} |" in docs, known.name


def test_an_episode_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first, again, other = (run_episode(ROBOT, POLICY, kind("overload"), seed) for seed in ("a", "a", "b"))
    assert first == again
    assert first.watched["goals"] != other.watched["goals"]


def test_it_really_walks(walking: SimulatedLoop) -> None:
    start_m = walking.body.trunk().position_m[0]
    for _ in range(250):
        walking.tick()
    assert walking.body.trunk().position_m[0] - start_m > 0.3, "five seconds at 0.1 m/s"
    assert walking.body.falls == 0


def test_a_duck_that_goes_limp_falls_and_has_no_torque(walking: SimulatedLoop) -> None:
    walking.loop.emergency_stop()
    assert walking.loop.torque_off_since_ns is None
    asked_ns = walking.loop.now_ns
    for _ in range(100):
        walking.tick()
    off_ns = walking.loop.torque_off_since_ns
    assert off_ns is not None and off_ns - asked_ns <= 40_000_000
    assert walking.body.falls == 1


def test_torque_that_somebody_else_switches_on_is_seen_on_a_limp_robot(walking: SimulatedLoop) -> None:
    """The watch can fail: nobody hears that they shall be limp."""
    for servo in range(14):
        walking.loop.inject(f"set-id servo={servo} id={100 + servo}")
    walking.loop.emergency_stop()
    for _ in range(10):
        walking.tick()
    assert walking.loop.watched()["longest_limp_ns"] > 40_000_000


def test_a_value_that_is_not_the_servos_own_is_seen() -> None:
    """The watch can fail: two flipped bits may leave the checksum right."""
    duck = SimulatedLoop(ROBOT, POLICY, seed=3)
    for _ in range(2000):
        for servo in range(0, 14, 2):
            duck.loop.inject(f"corrupted servo={servo} bits=2")
        duck.tick()
    assert duck.loop.watched()["stale_joints"] > 0


def test_a_blocked_knee_hardly_moves_and_is_walked_on(walking: SimulatedLoop) -> None:
    """The gait that ships does not lean on it so hard that the fault table calls it a stall, whose rule
    `control/tests/watch.rs` tests; docs/chaos.md says what came of a hundred blocked knees."""
    knee = ROBOT.joint_names.index("left_knee")

    def swing_rad() -> float:
        angles = []
        for _ in range(100):
            walking.tick()
            angles.append(float(walking.body.sim.joint_position_rad[knee]))
        return max(angles) - min(angles)

    free_rad = swing_rad()
    walking.body.sim.block(knee)
    assert swing_rad() < 0.5 * free_rad
    walking.body.sim.block(knee, is_blocked=False)
    swing_rad()
    assert swing_rad() > 0.8 * free_rad
    assert (walking.body.falls, walking.loop.state) == (0, "running")


@pytest.mark.parametrize(
    ("may", "may_fall", "found", "expected"),
    [
        (May.RUN_ON, False, outcome("ran on"), True),
        (May.RUN_ON, False, outcome("held"), False),
        (May.RUN_ON, False, outcome("limp", fell=True), False),
        (May.RUN_ON, True, outcome("limp", fell=True), True),
        (May.RUN_ON, True, outcome("limp"), False),
        (May.HOLD, True, outcome("held"), True),
        (May.HOLD, True, outcome("held", fell=True), False),
        (May.HOLD, True, outcome("limp"), False),
        (May.END_LIMP, True, outcome("limp"), True),
        (May.END_LIMP, True, outcome("holding"), False),
        (May.BE_LIMP, True, outcome("limp", off_after_ns=90_000_000), True),
        (May.BE_LIMP, True, outcome("limp", off_after_ns=110_000_000), False),
        (May.BE_LIMP, True, outcome("limp", fell=True, off_after_ns=110_000_000), False),
        (May.BE_LIMP, True, outcome("limp"), False),
        (May.BE_LIMP, True, outcome("ran on"), False),
    ],
)
def test_what_fits_the_table(may: May, may_fall: bool, found: Outcome, expected: bool) -> None:
    off_within_ms = 100 if may is May.BE_LIMP else None
    assert fits(FaultClass("", ((0, "unplug"),), may, may_fall, 1, 1, off_within_ms), found) is expected


def test_nothing_may_be_noticed_where_nothing_went_wrong() -> None:
    nothing = kind("nothing, for comparison")
    assert fits(nothing, outcome("ran on")) and not fits(nothing, outcome("ran on", noticed="stall"))


def test_a_full_run_that_is_too_small_or_saw_anything_bad_misses_its_marks() -> None:
    account = Account(kind("answer lost"))
    bad = outcome("held", fits=False)
    account.add(Episode(outcomes=[bad], watched={"stale_joints": 2, "longest_limp_ns": 50_000_000}))
    account.add(Episode(panic="somewhere"))
    missed = [mark["name"] for mark in summary([account], is_full=True)["marks"] if not mark["passed"]]
    assert missed == [
        "episodes", "faults", "faults_of_each_class", "outside_the_table", "panics", "stale_joints", "longest_limp_ns",
    ]  # fmt: skip
