"""The bindings under hostile hands: an error with a hint, or a goal that is safe; never a crash, never a NaN."""

import itertools
import pickle
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gaitway
from gaitway import _native
from gaitway.errors import ContractError, ControlError, GaitwayError, PolicyError, ProfileError, UsageError

ROBOT = gaitway.Robot.load()
JOINTS = 14
SENSORS = 9 + 3 * JOINTS
COMMAND = 7
OBSERVATION = 101
# Sums of a record, by their place in `counters`.
REFUSALS, FALLS = 0, 6

Rows = NDArray[np.float32]


@cache
def policy() -> gaitway.Policy:
    return gaitway.Policy.load(ROBOT.default_policy)


def controller(**options: Any) -> gaitway.Controller:
    return gaitway.Controller(policy(), ROBOT, **options)


def still() -> gaitway.Sensors:
    """A robot that stands in its default pose."""
    sensors = gaitway.Sensors(ROBOT)
    sensors.accelerometer[2] = 9.81
    for joint, angle in enumerate(ROBOT.default_pose_rad):
        sensors.joint_position[joint] = angle
    return sensors


def legs(goals: "array[float]") -> bytes:
    """The goals of the joints that follow no head command, bit by bit."""
    return np.delete(np.asarray(goals, dtype=np.float32), range(5, 9)).tobytes()


def walking(random: np.random.Generator) -> gaitway.Sensors:
    """A tick of a robot that does something."""
    sensors = still()
    row = np.asarray(sensors.row)
    row[0:3] += random.normal(0.0, 0.7, 3)
    row[3:6] += random.normal(0.0, 1.0, 3)
    row[7:9] = random.integers(0, 2, 2)
    row[9:23] += random.normal(0.0, 0.08, JOINTS)
    row[23:37] += random.normal(0.0, 2.0, JOINTS)
    return sensors


def command(random: np.random.Generator) -> "array[float]":
    return gaitway.command(*random.uniform(-0.15, 0.15, COMMAND))


def assert_safe(goals: Any) -> None:
    """Finite, and within the range of every joint."""
    low, high = np.array(ROBOT.limits_rad, np.float32).T
    row = np.asarray(goals)
    assert np.isfinite(row).all(), row
    assert (row >= low).all() and (row <= high).all(), row


# --- Rows ---

WRONG_ROWS: list[tuple[str, Callable[[int], Any]]] = [
    ("nothing", lambda n: None),
    ("number", lambda n: 1.0),
    ("list", lambda n: [0.0] * n),
    ("text", lambda n: "0" * n),
    ("bytes of the right size", lambda n: bytes(4 * n)),
    ("float64", lambda n: np.zeros(n)),
    ("float16", lambda n: np.zeros(n, np.float16)),
    ("int32", lambda n: np.zeros(n, np.int32)),
    ("complex", lambda n: np.zeros(n, np.complex64)),
    ("objects", lambda n: np.array([None] * n)),
    ("the other byte order", lambda n: np.zeros(n, np.dtype(np.float32).newbyteorder("S"))),
    ("no number", lambda n: np.zeros(0, np.float32)),
    ("no dimension", lambda n: np.array(0.0, np.float32)),
    ("one too few", lambda n: np.zeros(n - 1, np.float32)),
    ("one too many", lambda n: array("f", [0.0] * (n + 1))),
    ("every other number", lambda n: np.zeros(2 * n, np.float32)[::2]),
    ("backwards", lambda n: np.zeros(n, np.float32)[::-1]),
    ("a terabyte", lambda n: np.broadcast_to(np.float32(0.0), 2**38)),
    ("two to the 60 numbers", lambda n: np.broadcast_to(np.float32(0.0), (2**20, 2**20, 2**20))),
]


@pytest.mark.parametrize(("what", "row"), WRONG_ROWS, ids=[what for what, _ in WRONG_ROWS])
def test_row_of_the_wrong_kind_is_refused_and_changes_nothing(what: str, row: Callable[[int], Any]) -> None:
    native = controller().native
    goals = array("f", [0.0] * JOINTS)
    good = still().row, gaitway.command(vx=0.1)
    before = native.save()
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("sensors", lambda: native.step(row(SENSORS), good[1], goals)),
        ("command", lambda: native.step(good[0], row(COMMAND), goals)),
        ("sensors", lambda: native.observe(row(SENSORS), good[1])),
        ("command", lambda: native.observe(good[0], row(COMMAND))),
        ("pose", lambda: native.reset(row(JOINTS))),
        ("action", lambda: native.act(row(JOINTS), goals)),
        ("observations", lambda: policy().native.infer(row(OBSERVATION), goals, 1)),
    ]
    for name, call in calls:
        with pytest.raises(UsageError, match=f"^{name}: expected ") as caught:
            call()
        assert caught.value.hint
    assert native.save() == before
    assert list(goals) == [0.0] * JOINTS


@pytest.mark.parametrize(("what", "row"), WRONG_ROWS, ids=[what for what, _ in WRONG_ROWS])
def test_goals_that_cannot_be_written_are_refused(what: str, row: Callable[[int], Any]) -> None:
    native = controller().native
    for goals in (row(JOINTS), memoryview(array("f", [0.0] * JOINTS)).toreadonly(), np.frombuffer(bytes(56), "f4")):
        with pytest.raises(UsageError, match=r"^goals: expected ") as caught:
            native.step(still().row, gaitway.command(), goals)
        assert caught.value.hint


def test_every_buffer_of_float32_is_taken() -> None:
    """Copied from whatever holds it: the goals must be the same to the bit."""
    random = np.random.default_rng(3)
    row, wish = bytes(walking(random).row), bytes(command(random))

    def goals_of(make: Callable[[bytes], Any]) -> bytes:
        out = make(bytes(4 * JOINTS))
        controller().native.step(make(row), make(wish), out)
        return bytes(out)

    makers: list[Callable[[bytes], Any]] = [
        lambda data: array("f", data),
        lambda data: np.frombuffer(bytearray(data), np.float32),
        lambda data: np.frombuffer(bytearray(data), np.float32).reshape(1, -1),
        lambda data: memoryview(bytearray(data)).cast("f"),
    ]
    found = {goals_of(make) for make in makers}
    assert len(found) == 1
    assert found != {bytes(array("f", ROBOT.default_pose_rad))}, "a tick that moves nothing shows nothing"


def test_rows_may_lie_in_each_other() -> None:
    """The goals over the sensors: what is read was read before anything is written."""
    random = np.random.default_rng(4)
    sensors, wish = walking(random), command(random)
    apart = controller().step(sensors, wish)
    row = array("f", sensors.row)
    controller().native.step(row, wish, memoryview(row)[:JOINTS])
    assert row[:JOINTS] == apart


def test_sensors_are_views_into_the_row_that_crosses() -> None:
    sensors = gaitway.Sensors(ROBOT)
    views = [
        sensors.gyro, sensors.accelerometer, sensors.imu_age, sensors.foot_contact,
        sensors.joint_position, sensors.joint_velocity, sensors.joint_age,
    ]  # fmt: skip
    for number, view in enumerate(views, start=1):
        np.asarray(view)[:] = number
    assert [list(sensors.row).count(number) for number in range(1, 8)] == [3, 3, 1, 2, 14, 14, 14]
    assert 0.0 not in sensors.row


@pytest.mark.parametrize("rows", [-1, 0, 2, 4, 10**6, 10**6 + 1, 2**40, 2**63, 2**64, 10**30])
def test_count_of_rows_that_is_not_theirs_is_refused(rows: int) -> None:
    three = np.zeros((3, OBSERVATION), np.float32)
    with pytest.raises(UsageError) as caught:
        policy().native.infer(three, np.zeros((3, JOINTS), np.float32), rows)
    assert caught.value.hint


@pytest.mark.parametrize("shape", [(OBSERVATION,), (2, OBSERVATION - 1), (OBSERVATION, 1), (2, 3, OBSERVATION)])
def test_observations_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="observations: expected"):
        policy().infer(np.zeros(shape))


def test_no_observations_are_no_actions() -> None:
    assert policy().infer(np.zeros((0, OBSERVATION))).shape == (0, JOINTS)


# --- Arguments ---


def refused_kindly(call: Callable[[], Any]) -> None:
    """A Gaitway error with a hint, or Python's own about a wrong type. A PanicException is neither."""
    with pytest.raises((GaitwayError, TypeError)) as caught:
        call()
    assert not isinstance(caught.value, GaitwayError) or caught.value.hint


@pytest.mark.parametrize("wrong", [None, 1, 1.5, b"text", [], {}, object()])
def test_text_that_is_no_text_is_a_type_error(wrong: Any) -> None:
    for call in (
        _native.Robot.from_toml,
        _native.Contract.from_json,
        gaitway.Contract.from_json,
    ):
        with pytest.raises(TypeError):
            call(wrong)


@pytest.mark.parametrize("text", ["", "\0", "{", "null", "[]", "x = ", "[" * 20_000, "\N{DUCK}" * 1000, "9" * 100_000])
def test_text_that_is_nonsense_says_where(text: str) -> None:
    calls: list[tuple[Callable[[str], Any], type[GaitwayError]]] = [
        (_native.Robot.from_toml, ProfileError),
        (_native.Contract.from_json, ContractError),
        (lambda text: ROBOT.native.with_duck_config(text.encode()), ProfileError),
    ]
    for call, error in calls:
        with pytest.raises(error, match=": at ") as caught:
            call(text)
        assert caught.value.hint


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 1000, b"x" * 10_000, bytes(10_000)])
def test_bytes_that_are_no_network_are_a_policy_error(data: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        _native.Policy.from_onnx(data, ROBOT.known_contracts)
    assert caught.value.hint


@pytest.mark.parametrize("wrong", [None, 1, "x", [], object()])
def test_objects_that_are_something_else_are_type_errors(wrong: Any) -> None:
    native, robot = policy().native, ROBOT.native
    for call in (
        lambda: _native.Policy.from_onnx(wrong, []),
        lambda: _native.Policy.from_onnx(b"", [wrong]),
        lambda: _native.Controller(wrong, robot),
        lambda: _native.Controller(native, wrong),
        lambda: _native.check(wrong, robot),
        lambda: _native.check(native, wrong),
        lambda: _native.embed(wrong, policy().contract),
        lambda: _native.embed(b"", wrong),
        lambda: _native.tick_times(wrong, controller().native, 1),
        lambda: _native.tick_times(native, wrong, 1),
        lambda: controller().restore(wrong),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("cls", [_native.Policy, _native.Record, _native.Robot, _native.Contract])
def test_classes_that_only_the_core_makes_cannot_be_made(cls: type) -> None:
    with pytest.raises(TypeError):
        cls()


@pytest.mark.parametrize("hz", [-(2**70), -1, 0, 1, 49, 51, 75, 2**31, 2**32, 2**32 + 50, 2**64, 1.5, "50", object()])
def test_loop_rate_that_is_no_multiple_of_the_policys_is_refused(hz: Any) -> None:
    refused_kindly(lambda: controller(loop_hz=hz))


def test_refused_loop_rate_names_both_rates() -> None:
    with pytest.raises(ControlError, match="loop rate 75 Hz does not fit a policy of 50 Hz") as caught:
        controller(loop_hz=75)
    assert caught.value.hint == "run the loop at 50, 100 or 200 Hz"


@pytest.mark.parametrize("number", [-1.0, 256.0, float("nan"), float("inf"), "30", [], 1j])
def test_option_out_of_range_is_refused(number: Any) -> None:
    refused_kindly(lambda: controller(kp=number))
    refused_kindly(lambda: controller(phase_factor=number))


@pytest.mark.parametrize("period", [-(2**70), -1, 0, 99_999, 2**63, 2**64, 1.5, None, "x"])
def test_pacer_of_an_impossible_period_is_refused(period: Any) -> None:
    refused_kindly(lambda: gaitway.Pacer(period))


@pytest.mark.parametrize("ticks", [-1, 2**64, 1.5, None])
def test_impossible_number_of_ticks_is_refused(ticks: Any) -> None:
    refused_kindly(lambda: _native.tick_times(policy().native, controller().native, ticks))


@pytest.mark.parametrize("quantile", [float("nan"), float("inf"), -1.0, 2.0])
def test_pacer_answers_any_quantile_and_keeps_its_pace(quantile: float) -> None:
    pacer = gaitway.Pacer(1_000_000)
    ticks = [pacer.wait().tick for _ in range(3)]
    assert ticks == sorted(set(ticks))
    assert pacer.lateness_ns(quantile) >= 0


@pytest.mark.parametrize("overrun", ["skip", "catch_up", "hold"])
def test_pacer_accounts_for_every_tick_under_each_overrun_policy(overrun: str) -> None:
    pacer = gaitway.Pacer(1_000_000, overrun)
    wakes = [pacer.wait()]
    time.sleep(0.012)
    wakes += [pacer.wait() for _ in range(10)]
    for before, wake in itertools.pairwise(wakes):
        assert wake.tick - before.tick == wake.skipped + (wake.held or 1)
        assert wake.now_ns - wake.deadline_ns <= wake.lateness_ns
    assert wakes[1].lateness_ns >= 11_000_000
    assert (wakes[1].skipped > 0, wakes[1].caught_up, wakes[1].hold) == {
        "skip": (True, False, False),
        "catch_up": (True, True, False),
        "hold": (False, False, True),
    }[overrun]
    assert pacer.run + pacer.skipped + pacer.held == wakes[-1].tick + 1
    assert pacer.late > 0
    figures = pacer.lateness_quantiles_ns()
    assert list(figures) == ["p50", "p99", "p99_9", "max"]
    assert figures["max"] >= figures["p99_9"] >= figures["p99"] >= figures["p50"]
    assert 20_000 <= pacer.spin_ns <= 300_000


def test_pacer_of_an_unknown_overrun_policy_is_refused() -> None:
    with pytest.raises(UsageError, match='expected skip, catch_up or hold, found "Skip"') as caught:
        gaitway.Pacer(1_000_000, "Skip")
    assert "robot" in caught.value.hint
    for overrun in (None, 3, b"skip"):
        refused_kindly(lambda overrun=overrun: gaitway.Pacer(1_000_000, overrun))


@pytest.mark.parametrize("number", [-1, 2**64, 1.5, "x", 2**63])
def test_pace_of_an_impossible_length_is_refused(number: Any) -> None:
    refused_kindly(lambda: _native.pace(1_000_000, number))
    refused_kindly(lambda: _native.pace(number, 10))
    refused_kindly(lambda: _native.canary(1_000_000, number))
    refused_kindly(lambda: _native.pace(1_000_000, 10, work_ns=number))
    refused_kindly(lambda: _native.pace(1_000_000, 10, stall_every=1, stall_ns=number))


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for load in (gaitway.Policy.load, gaitway.Robot.load):
        with pytest.raises(UsageError, match=r"nowhere\.toml") as caught:
            load(tmp_path / "nowhere.toml")
        assert caught.value.hint
    with pytest.raises(UsageError, match="no robot is called 'go3'") as caught:
        gaitway.Robot.load("go3")
    assert "open_duck_mini_v2" in caught.value.hint


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError, match="native, onnxruntime"):
        gaitway.Policy.load(ROBOT.default_policy, engine="tensorrt")


def test_records_and_contracts_cannot_be_changed() -> None:
    record = controller().record()
    for target, name in ((record, "tick"), (policy().contract, "name")):
        with pytest.raises(AttributeError):
            setattr(target, name, 1)
    with pytest.raises(TypeError):
        record.goal_rad[0] = 1.0


# --- Goals ---


def test_act_without_observe_is_refused() -> None:
    native, goals = controller().native, array("f", [0.0] * JOINTS)
    with pytest.raises(ControlError, match="needs an observe"):
        native.act(goals, goals)
    assert native.observe(still().row, gaitway.command())
    native.act(array("f", [0.0] * JOINTS), goals)
    with pytest.raises(ControlError, match="needs an observe"):
        native.act(goals, goals)


@pytest.mark.parametrize("loop_hz", [50, 100, 150])
@pytest.mark.parametrize("seed", range(4))
def test_goals_stay_within_range_and_speed_whatever_the_network_says(loop_hz: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    native = controller(loop_hz=loop_hz).native
    low, high = np.array(ROBOT.limits_rad, np.float32).T
    fastest = np.array(ROBOT.velocity_limits_rps) / loop_hz * (1 + 1e-5) + 1e-6
    goals = np.zeros(JOINTS, np.float32)
    previous = random.uniform(low, high).astype(np.float32)
    native.reset(previous)
    moved = 0.0
    for tick in range(400):
        due = native.observe(walking(random).row, command(random))
        if due:
            spread = 10.0 ** random.uniform(-1, 38)
            action = random.normal(0.0, spread, JOINTS).astype(np.float32)
            action[random.integers(JOINTS)] = random.choice(
                [np.nan, np.inf, -np.inf, 3e38, 0.0, 1.0], p=[0.1] * 4 + [0.3] * 2
            )
            native.act(action, goals)
        else:
            goals = np.array(native.record().goal_rad)
        assert_safe(goals)
        assert (np.abs(goals - previous) <= fastest).all(), tick
        moved += float(np.abs(goals - previous).sum())
        previous = goals.copy()
    assert moved > 50.0, "a gate that holds still is no test of it"
    assert 5 < native.record().counters[REFUSALS] < 200


def test_robot_outside_its_range_is_led_back_at_a_safe_speed() -> None:
    pose = array("f", ROBOT.default_pose_rad)
    low, _ = ROBOT.limits_rad[0]
    pose[0] = low - 1.0
    walk = controller()
    walk.reset(pose)
    seen = [pose[0]]
    for _ in range(12):
        seen.append(walk.step(still(), gaitway.command())[0])
    steps = np.diff(seen)
    assert (steps > 0).all()
    assert steps.max() <= ROBOT.velocity_limits_rps[0] / 50 + 1e-6
    assert seen[-1] >= low


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
@pytest.mark.parametrize("place", [*range(6), 7, 9, 22, 23, 36])
def test_sensor_that_is_no_number_holds_the_last_goal_and_is_counted(place: int, value: float) -> None:
    random = np.random.default_rng(place)
    walk = controller()
    for _ in range(5):
        held = legs(walk.step(walking(random), command(random)))
    broken = walking(random)
    broken.row[place] = value
    goals = walk.step(broken, command(random))
    record = walk.record()
    assert_safe(goals)
    if value != 3e38:
        assert record.refusal == "non-finite observation"
        assert legs(goals) == held, "the head goes on following its command"
        assert record.counters[REFUSALS] == 1
    for _ in range(20):
        goals = walk.step(walking(random), command(random))
        assert_safe(goals)
        assert walk.record().refusal is None
    assert bytes(goals) != held
    assert walk.record().counters[REFUSALS] <= 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_command_that_is_no_number_becomes_one_the_policy_knows(value: float) -> None:
    walk = controller()
    wish = array("f", [value] * COMMAND)
    for _ in range(10):
        assert_safe(walk.step(still(), wish))
        record = walk.record()
        assert record.refusal is None
        assert record.command_limited
        seen = np.asarray(record.command)
        assert np.isfinite(seen).all()
        assert (np.abs(seen) <= 1.5).all()
        assert (seen == 0.0).all() == (not np.isfinite(value)), "no number is rest, a huge one the most there is"


def test_fallen_robot_holds_its_goals_until_it_is_reset() -> None:
    walk, random = controller(), np.random.default_rng(1)
    lying = still()
    lying.accelerometer[0], lying.accelerometer[2] = 9.81, 0.0
    for _ in range(20):
        walk.step(lying, command(random))
    held = bytes(walk.goals)
    for _ in range(5):
        assert bytes(walk.step(walking(random), command(random))) == held
    record = walk.record()
    assert record.fallen and record.counters[FALLS] == 1
    assert set(record.joint_limits) == {8}
    walk.reset(array("f", ROBOT.default_pose_rad))
    walk.step(still(), command(random))
    assert not walk.record().fallen
    assert bytes(walk.goals) != held


@pytest.mark.parametrize(("loop_hz", "divider"), [(50, 1), (100, 2), (150, 3)])
def test_faster_loop_runs_the_policy_at_its_own_rate(loop_hz: int, divider: int) -> None:
    random = np.random.default_rng(8)
    fast, plain = controller(loop_hz=loop_hz), controller()
    assert (fast.native.divider, fast.verdict) == (divider, "compatible")
    for tick in range(30 * divider):
        due = tick % divider == 0
        if due:
            sensors, wish = walking(random), command(random)
            plain.step(sensors, wish)
        goals = fast.step(sensors, wish)
        record = fast.record()
        assert record.policy_ran == due
        assert_safe(goals)
        if due:
            assert bytes(record.observation) == bytes(plain.record().observation)
            assert bytes(record.target_rad) == bytes(plain.record().target_rad)


def test_override_is_told_and_a_plain_pair_is_compatible() -> None:
    assert controller().verdict == "compatible"
    for options, words in (({"kp": 22.0}, "kp 22"), ({"phase_factor": 1.2}, "gait clock at 1.2")):
        walk = controller(**options)
        assert walk.verdict == "compatible with override"
        assert words in " ".join(walk.overrides)
    assert {kp for kp, _ in controller(kp=22.0).gains} == {22.0}


# --- Saving and restoring ---


def run(walk: gaitway.Controller, random: np.random.Generator, ticks: int) -> bytes:
    """Goals of `ticks` ticks, and observations where the policy ran."""
    rows = []
    for _ in range(ticks):
        rows.append(bytes(walk.step(walking(random), command(random))))
        if walk.record().policy_ran:
            rows.append(bytes(walk.record().observation))
    return b"".join(rows)


@pytest.mark.parametrize("loop_hz", [50, 100])
@pytest.mark.parametrize("at", [0, 1, 31, 60])
def test_restored_controller_continues_bit_for_bit(loop_hz: int, at: int) -> None:
    walk = controller(loop_hz=loop_hz)
    run(walk, np.random.default_rng(1), at)
    state = walk.save()
    on = run(walk, np.random.default_rng(2), 70)
    again = controller(loop_hz=loop_hz)
    run(again, np.random.default_rng(9), 13)
    again.restore(state)
    assert again.save() == state
    assert run(again, np.random.default_rng(2), 70) == on
    assert again.save() == walk.save()


def test_state_saved_between_the_halves_of_a_tick_continues_bit_for_bit() -> None:
    random = np.random.default_rng(5)
    first, second = controller().native, controller().native
    goals, more = np.zeros(JOINTS, np.float32), np.zeros(JOINTS, np.float32)
    first.observe(walking(random).row, command(random))
    second.restore(first.save())
    action = random.normal(0.0, 1.0, JOINTS).astype(np.float32)
    first.act(action, goals)
    second.act(action, more)
    assert goals.tobytes() == more.tobytes()
    assert first.save() == second.save()


def test_state_is_plain_bytes_and_controllers_are_not_pickled() -> None:
    """Unpickling runs code; a state is data."""
    state = controller().save()
    assert type(state) is bytes and state.startswith(b"GWSTATE")
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(state)
    with pytest.raises(TypeError):
        pickle.dumps(controller().native)


def test_state_of_another_controller_is_refused() -> None:
    state = controller().save()
    with pytest.raises(ControlError, match="divider: expected 2, found 1"):
        controller(loop_hz=100).restore(state)
    for wrong in (b"", state[:7], state[:-1], state + b"\0", b"X" + state[1:], state[:8] + b"g" + state[9:]):
        with pytest.raises(ControlError, match="does not belong") as caught:
            controller().restore(wrong)
        assert caught.value.hint


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_damaged_state_is_refused_whole_or_runs_safely(flip: int) -> None:
    """At every byte: it is refused with nothing changed, or the robot goes on with goals that are numbers."""
    random = np.random.default_rng(6)
    walk, sensors, wish = controller(), walking(random), command(random)
    run(walk, random, 30)
    state, refused = walk.save(), 0
    victim = controller()
    for place in range(len(state)):
        damaged = bytearray(state)
        damaged[place] ^= flip
        before = victim.save()
        try:
            victim.restore(bytes(damaged))
        except ControlError as error:
            assert error.hint
            assert victim.save() == before, place
            refused += 1
        for _ in range(2):
            assert np.isfinite(victim.step(sensors, wish)).all(), place
    assert refused > 100, "format, contract and flags are all checked"


def test_random_bytes_behind_a_good_head_never_crash() -> None:
    random = np.random.default_rng(11)
    state = controller().save()
    head = 8 + 64 + 8
    victim, restored = controller(), 0
    for _ in range(500):
        damaged = np.frombuffer(state, np.uint8).copy()
        places = random.integers(head, len(state), random.integers(1, 40))
        damaged[places] = random.integers(0, 256, len(places))
        try:
            victim.restore(damaged.tobytes())
            restored += 1
        except ControlError:
            pass
        assert np.isfinite(victim.step(still(), gaitway.command(vx=0.1))).all()
    assert restored > 10


# --- Imports and threads ---


def test_import_loads_nothing_heavy() -> None:
    heavy = {"numpy", "mujoco", "onnxruntime", "onnx", "matplotlib", "av", "PIL", "typer", "rich"}
    script = f"""
import sys
import gaitway
robot = gaitway.Robot.load()
policy = gaitway.Policy.load(robot.default_policy)
gaitway.Controller(policy, robot).step(gaitway.Sensors(robot), gaitway.command(vx=0.1))
print(sorted({heavy!r} & {{name.partition(".")[0] for name in sys.modules}}))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


def test_controller_shared_by_threads_is_an_error_or_safe_never_a_crash() -> None:
    walk, wish = controller(), gaitway.command(vx=0.1)
    sensors, goals = still().row, [array("f", [0.0] * JOINTS) for _ in range(4)]
    strange: list[BaseException] = []

    def hammer(row: "array[float]") -> None:
        try:
            for _ in range(300):
                walk.native.step(sensors, wish, row)
        except RuntimeError:
            pass  # The controller is in use: PyO3 says so.
        except BaseException as error:  # noqa: BLE001
            strange.append(error)

    threads = [threading.Thread(target=hammer, args=(row,)) for row in goals]
    busy = threading.Thread(target=lambda: _native.tick_times(policy().native, controller().native, 20_000))
    for thread in (busy, *threads):
        thread.start()
    for thread in (busy, *threads):
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert strange == []
    assert_safe(walk.step(still(), wish))
