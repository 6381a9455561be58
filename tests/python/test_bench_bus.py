"""What the bench of the bus makes of exchanges, on made-up times; the wire's figures of a real, very short run."""

import json
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from gaitway import Robot, _native
from gaitway.bench.bus_account import Cycles, match
from gaitway.bench.bus_marks import marks
from gaitway.bench.surroundings import on_cpus
from gaitway.errors import UsageError

READ, GOALS, SLOW = (22, 140), (50, 0), (8, 56)
BYTE_NS = 10_000
PERIOD_NS = 20_000_000


class Wire:
    """A wire whose exchanges are told as the twin tells them."""

    def __init__(self) -> None:
        self.free_ns = 0
        self.rows: list[tuple[int, int, int | None, int, int]] = []

    def carry(self, at_ns: int, sizes: tuple[int, int], late_ns: int = 0) -> int:
        """Bytes that come at this time; returns when the wire has carried them and what is answered."""
        begun_ns = max(at_ns, self.free_ns)
        self.free_ns = begun_ns + BYTE_NS * sum(sizes)
        fetched_ns = self.free_ns + late_ns if sizes[1] else None
        self.rows.append((begun_ns, self.free_ns, fetched_ns, *sizes))
        return self.free_ns

    def exchanges(self) -> Any:
        names = ("begun_ns", "ended_ns", "fetched_ns", "bytes_to_servos", "bytes_to_host")
        return dict(zip(names, map(list, zip(*self.rows, strict=True)), strict=True))


def paced(ticks: int) -> tuple[Wire, dict[str, Any]]:
    """Ticks whose read begins 5 µs late, whose goals come 20 µs after the answers, of which the twin owes 2."""
    wire, starts = Wire(), [1_000_000 + PERIOD_NS * tick for tick in range(ticks)]
    wire.carry(0, GOALS)
    for start_ns in starts:
        answered_ns = wire.carry(start_ns + 5_000, READ, late_ns=2_000)
        wire.carry(answered_ns + 20_000, GOALS)
    return wire, {"start_ns": starts, "bytes": [72] * ticks, "bytes_before": 50, "fresh": [14] * ticks}


def test_overhead_is_the_time_in_which_the_wire_has_nothing_to_do() -> None:
    wire, ticks = paced(3)
    cycles, first_ns = match(ticks, wire.exchanges())
    assert first_ns == 1_005_000
    for cycle in cycles:
        assert (cycle.wire_ns, cycle.idle_ns) == (2_120_000, 25_000)
        assert (cycle.lead_ns, cycle.twin_ns) == (5_000, 2_000)
        assert cycle.end_ns - cycle.start_ns == 2_145_000


def test_a_wire_that_still_carries_the_tick_before_is_no_overhead() -> None:
    wire, ticks = paced(2)
    wire.carry(wire.free_ns, GOALS)
    ticks["bytes"][-1] += 50
    # The third tick starts in the middle of these goals, and its request waits for them.
    wire.carry(wire.free_ns - 200_000, READ)
    ticks["start_ns"].append(wire.free_ns - 162 * BYTE_NS - 250_000)
    ticks["bytes"].append(22)
    last = match(ticks, wire.exchanges())[0][-1]
    assert (last.idle_ns, last.wire_ns, last.end_ns - last.start_ns) == (0, 1_620_000, 1_870_000)


def test_bytes_and_not_times_tell_which_tick_an_exchange_belongs_to() -> None:
    wire = Wire()
    wire.carry(2_000_000, READ)
    # The machine stood still: the goals were on the wire long after the next tick had begun.
    wire.carry(25_000_000, GOALS)
    wire.carry(25_400_000, READ)
    wire.carry(28_000_000, GOALS)
    ticks = {"start_ns": [2_000_000, 22_000_000], "bytes": [72, 72]}
    first, second = match(ticks, wire.exchanges())[0]
    assert (first.end_ns, first.wire_ns, first.idle_ns) == (25_500_000, 2_120_000, 21_380_000)
    assert (second.wire_ns, second.lead_ns) == (2_120_000, 0)


def test_rounds_are_pooled_and_give_shares_and_means() -> None:
    cycles = Cycles()
    for _ in range(2):
        wire, ticks = paced(10)
        cycles.add({**ticks, "fresh": [14] * 9 + [13], "skipped": [0] * 9 + [2], "cpu_ns": 500}, wire.exchanges(), 14)
    row = cycles.paced()
    assert (row["ticks"], row["skipped"], row["incomplete"], row["cpu_ns"]) == (20, 4, 2, 50)
    assert row["overhead_share_p50"] == pytest.approx(25 / 2120)
    unpaced = Cycles()
    wire, starts = Wire(), []
    for _ in range(10):
        starts.append(wire.free_ns)
        wire.carry(wire.carry(wire.free_ns, READ) + 30_000, GOALS)
    unpaced.add({"start_ns": starts, "bytes": [72] * 10}, wire.exchanges(), 14)
    found = unpaced.back_to_back()
    assert (found["wire_ns"], found["overhead_ns"]["mean"]) == (2_120_000, 30_000)
    assert (found["rate_hz"], found["limit_hz"]) == (pytest.approx(1e9 / 2_150_000), pytest.approx(1e9 / 2_120_000))
    assert found["cycle_ns"]["p50"] == 2_150_000


def rows(*, share: float = 0.02, walk: float = 0.02, lost: int = 0, cycle_ns: float = 2_200_000) -> dict[str, Any]:
    return {
        "closed_loop": {"overhead_share_p50": share, "ticks": 100, "skipped": lost, "incomplete": 0},
        "walk": {"overhead_share_p50": walk},
        "back_to_back": {"cycle_ns": {"mean": cycle_ns}},
    }


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ({}, set()),
        ({"share": 0.031}, {"overhead_share"}),
        ({"walk": 0.031}, {"overhead_share_walking"}),
        ({"lost": 2}, {"lost_at_400_hz"}),
        ({"cycle_ns": 2_500_001}, {"cycle"}),
    ],
)
def test_each_mark_is_missed_by_what_breaks_its_promise(figures: dict[str, Any], missed: set[str]) -> None:
    found = marks(rows(**figures))
    assert len(found) == 4
    assert {mark["name"] for mark in found if not mark["passed"]} == missed
    assert all(mark["python"] is None for mark in found), "rustypot was not there"


def test_goals_that_no_gate_has_passed_go_to_a_twin_only() -> None:
    robot = Robot.load("open_duck_mini_v2").native
    with pytest.raises(UsageError, match="pseudo-terminal"):
        _native.bus_ticks(robot, "/dev/null", 10)
    with pytest.raises(UsageError, match="ticks"):
        _native.bus_ticks(robot, "/dev/null", 0)


def test_every_byte_of_the_program_is_in_the_exchanges_of_the_twin() -> None:
    robot = Robot.load("open_duck_mini_v2").native
    for bare in (False, True):
        host = _native.TwinHost(robot, exchanges=1000)
        found = _native.bus_ticks(robot, host.path, 30, period_ns=PERIOD_NS // 2, bare=bare)
        assert host.exchanges()["begun_ns"] == [], "they are told at the end"
        host.stop()
        told = host.exchanges()
        before, written = found["bytes_before"], found["bytes_before"] + sum(found["bytes"])
        sizes = list(zip(told["bytes_to_servos"], told["bytes_to_host"], strict=True))
        taken = [ended - begun for begun, ended in zip(told["begun_ns"], told["ended_ns"], strict=True)]
        whole = [(size, ns) for size, ns in zip(sizes, taken, strict=True) if size in (READ, GOALS)]
        # A machine that stands still makes one piece of two writes, and there are retries then; never of all.
        assert {size for size, _ in whole} == {READ, GOALS}
        for size in (READ, GOALS):
            ideal_ns, taken_ns = BYTE_NS * sum(size), [ns for other, ns in whole if other == size]
            # One during which the machine stood still took longer: its request came in two parts, or was overlapped by
            # another's answers.
            assert min(taken_ns) == median(taken_ns) == ideal_ns, "an ideal wire takes ten bits a byte, nothing else"
        # Each exchange belongs to the tick that wrote its first byte. The reads at the end, by which the program knows
        # that the wire has carried everything, belong to none.
        starts = list(accumulate((count for count, _ in sizes), initial=0))
        assert starts[-1] > written >= before + 30 * 72
        own_ns = sum(ns for start, ns in zip(starts, taken, strict=False) if before <= start < written)
        cycles, _ = match(dict(found), told)
        assert sum(cycle.wire_ns for cycle in cycles) == own_ns


def test_threads_and_processes_begin_on_the_cpus_named_and_nobody_else() -> None:
    import os

    before = os.sched_getaffinity(0)
    one = {min(before)}
    with on_cpus(one):
        assert os.sched_getaffinity(0) == one
        child = subprocess.run(
            [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], capture_output=True, text=True
        )
        assert child.stdout.strip() == str(one)
    with on_cpus(set()):
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


def run_bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaitway.cli", "bench", "bus", "--seconds", "0.1", "--rounds", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


def test_a_short_run_has_every_figure_for_programs(tmp_path: Path) -> None:
    result = run_bench("--json", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert {link: len(programs) for link, programs in found["links"].items()} == {
        "ideal": 6,
        "turnaround_50us": 4,
        "usb_1ms": 4,
    }
    for programs in found["links"].values():
        for row in programs.values():
            assert row["ticks"] >= 2
            assert 0 <= row["cycle_ns"]["p50"] <= row["cycle_ns"]["p99"] <= row["cycle_ns"]["max"]
    peer = found["links"]["ideal"]["rustypot_walk"]
    assert peer["wire_ns"] == 3_180_000, "three transactions of 318 bytes"
    slower = found["links"]["turnaround_50us"]["rustypot_walk"]
    assert slower["wire_ns"] == 3_180_000 + 28 * 50_000
    assert [mark["name"] for mark in found["marks"]] == [mark["name"] for mark in marks(rows())]


def test_a_short_run_says_to_people_what_it_measured(tmp_path: Path) -> None:
    result = run_bench(cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for words in ("ideal bus", "50 µs turnaround", "USB", "rustypot", "canary", "at most"):
        assert words in result.stdout
