"""What the bench of the clock makes of wake-ups, on virtual time; and the bench itself, very short."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from program import children

from gaitway.bench.account import STALL_EVERY, account, quantiles, unnoticed_stalls
from gaitway.bench.marks import marks
from gaitway.bench.surroundings import busy_processes, real_time

PERIOD = 1_000_000


@dataclass
class Wake:
    """A wake-up on virtual time; the native class cannot be made up."""

    tick: int
    now_ns: int
    lateness_ns: int = 0
    skipped: int = 0
    held: int = 0
    caught_up: bool = False

    @property
    def deadline_ns(self) -> int:
        return self.tick * PERIOD

    @property
    def hold(self) -> bool:
        return self.held > 0


def loop(ticks: int) -> list[Any]:
    return [Wake(tick, tick * PERIOD) for tick in range(ticks)]


def test_a_loop_on_time_is_accounted_for_and_does_not_drift() -> None:
    found = account(loop(1000), PERIOD)
    assert (found["run"], found["unreported"], found["drift_ns"]) == (1000, 0, 0)


def test_reported_overruns_are_no_drift() -> None:
    skipped = [*loop(3), Wake(6, 6 * PERIOD + 7, 3 * PERIOD + 7, skipped=3), Wake(7, 7 * PERIOD)]
    held = [*loop(3), Wake(6, 6 * PERIOD + 7, 3 * PERIOD + 7, held=4), Wake(7, 7 * PERIOD)]
    for wakes, key, run in ((skipped, "skipped", 5), (held, "held", 4)):
        found = account(wakes, PERIOD)
        assert (found["unreported"], found["drift_ns"], found["run"]) == (0, 0, run)
        assert found["run"] + found[key] == 8


def test_a_tick_nobody_reported_shows_though_the_pacer_numbers_as_if_it_had_never_been() -> None:
    lost = [*loop(500), *(Wake(tick, (tick + 1) * PERIOD) for tick in range(500, 1000))]
    found = account(lost, PERIOD)
    assert (found["unreported"], found["drift_ns"]) == (1, PERIOD)
    twice = [*loop(500), *(Wake(tick + 1, tick * PERIOD) for tick in range(500, 1000))]
    assert account([*twice[:500], Wake(500, 500 * PERIOD), *twice[500:]], PERIOD)["unreported"] == -1


def test_a_loop_that_falls_behind_drifts() -> None:
    slow = [Wake(tick, tick * (PERIOD + 10)) for tick in range(1000)]
    assert account(slow, PERIOD)["drift_ns"] == 9990


def test_an_over_long_tick_must_show_in_the_very_next_wake_up() -> None:
    wakes = loop(3 * STALL_EVERY)
    late = round(2.5 * PERIOD)
    wakes[STALL_EVERY] = replace(wakes[STALL_EVERY], lateness_ns=late, skipped=2)
    wakes[2 * STALL_EVERY] = replace(wakes[2 * STALL_EVERY], lateness_ns=late)
    assert unnoticed_stalls(wakes, PERIOD) == (2, 1), "late, but it says nothing of ticks left out"
    wakes[2 * STALL_EVERY] = replace(wakes[2 * STALL_EVERY], lateness_ns=late, caught_up=True)
    assert unnoticed_stalls(wakes, PERIOD) == (2, 0)


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantiles([7]) == {"p50": 7, "p99": 7, "p99_9": 7, "max": 7}
    assert quantiles(list(range(2000, 0, -1))) == {"p50": 1000, "p99": 1980, "p99_9": 1998, "max": 2000}


def measured(
    *, drift_ns: int = 0, ours_p99: int = 10_000, busy_p99: int = 12_000, canary_p99: int = 70_000, **row: int
) -> dict[str, Any]:
    policy = {"unreported": 0, "unnoticed_stalls": 0} | row
    late = {"ours": {"p99": ours_p99}, "python": {"p99": 1_000_000}}
    shift = {"quiet": 10_000, "busy": busy_p99, "python_quiet": 100_000, "python_busy": 5_000_000}
    canary = dict.fromkeys(shift, 70_000) | {"busy": canary_p99}
    return {
        "drift": {"ours": {"drift_ns": drift_ns, "unreported": 0}, "python": {"drift_ns": 400_000_000}},
        "load": {"lateness_ns": late},
        "thread": {
            "lateness_ns": {name: {"p99": p99} for name, p99 in shift.items()},
            "canary_ns": {name: {"p99": p99} for name, p99 in canary.items()},
        },
        "overruns": {"rate_hz": 500, "skip": policy},
    }


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ({}, set()),
        ({"drift_ns": -1_000_001}, {"drift"}),
        ({"ours_p99": 50_000}, set()),
        ({"ours_p99": 50_001}, {"p99_beside_busy_processes"}),
        ({"busy_p99": 60_000}, set()),
        ({"busy_p99": 60_001}, {"p99_moved_by_busy_thread"}),
        ({"busy_p99": 160_000, "canary_p99": 170_000}, set()),
        ({"busy_p99": 60_001, "canary_p99": 20_000}, {"p99_moved_by_busy_thread"}),
        ({"busy_p99": 0}, set()),
        ({"unreported": -1}, {"ticks_unreported"}),
        ({"unnoticed_stalls": 1}, {"overruns_unnoticed"}),
    ],
)
def test_each_mark_is_missed_by_what_breaks_its_promise(figures: dict[str, int], missed: set[str]) -> None:
    found = marks(measured(**figures))
    assert len(found) == 5
    assert {mark["name"] for mark in found if not mark["passed"]} == missed


def test_busy_processes_end_with_their_block_and_real_time_is_given_back() -> None:
    policy = os.sched_getscheduler(0)
    with busy_processes(2), real_time(1) as granted:
        assert (os.sched_getscheduler(0) == os.SCHED_FIFO) == granted
        begun = children(os.getpid())
        assert len(begun) >= 2
    assert os.sched_getscheduler(0) == policy
    assert not set(begun) & set(children(os.getpid()))


def run_bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaitway.cli", "bench", "rt", "--seconds", "0.2", "--rounds", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def test_a_short_run_has_every_figure_for_programs(tmp_path: Path) -> None:
    result = run_bench("--json", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    found = json.loads(result.stdout)
    rows = [
        found["drift"]["ours"]["lateness_ns"],
        *found["load"]["lateness_ns"].values(),
        *found["load"]["canary_ns"].values(),
        *found["thread"]["lateness_ns"].values(),
    ]
    assert len(rows) == 11
    for row in rows:
        assert 0 <= row["p50"] <= row["p99"] <= row["p99_9"] <= row["max"]
    for policy in ("skip", "catch_up", "hold"):
        row = found["overruns"][policy]
        assert row["stalls"] > 0
        assert (row["unreported"], row["unnoticed_stalls"]) == (0, 0)
    drift = found["drift"]["ours"]
    assert drift["unreported"] == 0
    assert drift["run"] + drift["skipped"] >= 200
    assert [mark["name"] for mark in found["marks"]] == [mark["name"] for mark in marks(measured())]


def test_a_short_run_says_to_people_what_it_measured(tmp_path: Path) -> None:
    result = run_bench(cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for words in ("SCHED_FIFO", "canary", "catch_up", "ticks unreported"):
        assert words in result.stdout
