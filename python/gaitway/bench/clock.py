"""How well the runtime's loop keeps time, beside the published Python runtime's way of keeping it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from gaitway import _native
from gaitway.bench.account import STALL_EVERY, STALL_PERIODS, account, period_ns, quantiles, unnoticed_stalls
from gaitway.bench.marks import marks
from gaitway.bench.surroundings import LOOP_PRIORITY, Canary, busy_processes, busy_thread, real_time

#: Rates of the measurements, Hz.
DRIFT_HZ, LOAD_HZ, THREAD_HZ, OVERRUN_HZ = 1000, 50, 200, 500
#: How long the work of a tick keeps the CPU busy, ns.
WORK_NS = {DRIFT_HZ: 100_000, LOAD_HZ: 1_000_000, THREAD_HZ: 1_000_000, OVERRUN_HZ: 200_000}
#: Overruns are made, not waited for: their measurement need not be long, s.
MAX_OVERRUN_S = 2.0
OVERRUNS = ("skip", "catch_up", "hold")

#: Loops that are measured in turns, beside busy processes and beside a thread.
_IN_TURNS = 3 + 4
_Loops = dict[str, Callable[[], list[int]]]

#: Told what is measured now, how many measurements are over, and how many there are.
Progress = Callable[[str, int, int], None]


class ClockBench:
    """Drift, lateness beside busy processes, lateness beside a busy Python thread, and the account of overruns.

    `seconds` is the length of each measurement. Where loops are compared they take turns, `rounds` times, in an order
    that changes, and what all rounds measured is pooled.
    """

    def __init__(self, seconds: float, rounds: int, progress: Progress) -> None:
        self._seconds, self._rounds, self._progress = seconds, rounds, progress
        self._measured = 0
        self._real_time = True
        self._spin_ns: list[int] = []

    def measure(self) -> dict[str, Any]:
        """Everything, in some `seconds * (2 + 7 * rounds)` seconds; what is promised as `marks`."""
        measured = {
            "drift": self._drift(),
            "load": self._load(),
            "thread": self._thread(),
            "overruns": self._overruns(),
        }
        return {
            "seconds": self._seconds,
            "rounds": self._rounds,
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "real_time": self._real_time,
            "spin_ns": {"shortest": min(self._spin_ns), "longest": max(self._spin_ns)},
            **measured,
            "marks": marks(measured),
        }

    def _drift(self) -> dict[str, Any]:
        """The last wake-up against where it belongs, and whether every tick was reported."""
        self._next("drift: ours")
        with Canary(self._seconds) as watch:
            wakes = self._pace(DRIFT_HZ)
        ours = {**account(wakes, period_ns(DRIFT_HZ)), "canary_ns": quantiles(watch.lateness_ns)}
        self._next("drift: python")
        peer = self._sleeping_loop(DRIFT_HZ)
        drift_ns = peer["elapsed_ns"] - len(peer["lateness_ns"]) * period_ns(DRIFT_HZ)
        return {"rate_hz": DRIFT_HZ, "ours": ours, "python": {"drift_ns": drift_ns}}

    def _load(self) -> dict[str, Any]:
        """Lateness beside as many busy processes as there are cores."""
        processes = os.cpu_count() or 1
        loops: _Loops = {
            "ours": lambda: self._lateness_ns(LOAD_HZ),
            "ours_ordinary": lambda: self._lateness_ns(LOAD_HZ, real=False),
            "python": lambda: self._sleeping_loop(LOAD_HZ)["lateness_ns"],
        }
        with busy_processes(processes):
            result = self._in_turns("beside busy processes", loops)
        ratio = _p99_ratio(result["lateness_ns"], "ours", "python")
        return {"rate_hz": LOAD_HZ, "processes": processes, **result, "p99_ratio": ratio}

    def _thread(self) -> dict[str, Any]:
        """Lateness beside a Python thread that wants the interpreter lock all the time, and without it."""

        def busy() -> list[int]:
            with busy_thread():
                return self._lateness_ns(THREAD_HZ)

        loops: _Loops = {
            "quiet": lambda: self._lateness_ns(THREAD_HZ),
            "busy": busy,
            "python_quiet": lambda: self._sleeping_loop(THREAD_HZ)["lateness_ns"],
            "python_busy": lambda: self._sleeping_loop(THREAD_HZ, busy=True)["lateness_ns"],
        }
        result = self._in_turns("beside a Python thread", loops)
        ratios = {
            "ours": _p99_ratio(result["lateness_ns"], "busy", "quiet"),
            "canary": _p99_ratio(result["canary_ns"], "busy", "quiet"),
            "python": _p99_ratio(result["lateness_ns"], "python_busy", "python_quiet"),
        }
        return {"rate_hz": THREAD_HZ, **result, "p99_ratios": ratios}

    def _in_turns(self, what: str, loops: _Loops) -> dict[str, Any]:
        """The lateness of each loop, pooled over the rounds, and the canary's in the same time."""
        lateness: dict[str, list[int]] = {name: [] for name in loops}
        canary: dict[str, list[int]] = {name: [] for name in loops}
        for round_ in range(self._rounds):
            for name in loops if round_ % 2 == 0 else reversed(loops):
                self._next(f"{what}: {name.replace('_', ', ')}")
                with Canary(self._seconds) as watch:
                    lateness[name] += loops[name]()
                canary[name] += watch.lateness_ns
        return {
            "lateness_ns": {name: quantiles(values) for name, values in lateness.items()},
            "canary_ns": {name: quantiles(values) for name, values in canary.items()},
        }

    def _overruns(self) -> dict[str, Any]:
        """Over-long ticks on purpose, under each policy: each must show in the wake-up that follows."""
        period = period_ns(OVERRUN_HZ)
        result: dict[str, Any] = {"rate_hz": OVERRUN_HZ, "stall_periods": STALL_PERIODS}
        for overrun in OVERRUNS:
            self._next(f"overruns, {overrun}")
            wakes = self._pace(
                OVERRUN_HZ,
                seconds=min(self._seconds, MAX_OVERRUN_S),
                overrun=overrun,
                stall_every=STALL_EVERY,
                stall_ns=round(STALL_PERIODS * period),
            )
            stalls, unnoticed = unnoticed_stalls(wakes, period)
            result[overrun] = {**account(wakes, period), "stalls": stalls, "unnoticed_stalls": unnoticed}
        return result

    def _next(self, what: str) -> None:
        self._progress(what, self._measured, 2 + _IN_TURNS * self._rounds + len(OVERRUNS))
        self._measured += 1

    def _lateness_ns(self, rate_hz: int, *, real: bool = True) -> list[int]:
        return [wake.lateness_ns for wake in self._pace(rate_hz, real=real)]

    def _pace(
        self, rate_hz: int, *, real: bool = True, seconds: float | None = None, **options: Any
    ) -> list["_native.Wake"]:
        """Every wake-up of our loop on a thread of its own, under SCHED_FIFO where `real` and where it is granted."""
        ticks = self._ticks(rate_hz, seconds)
        with real_time(LOOP_PRIORITY) if real else nullcontext(True) as granted:
            pace = _native.pace(period_ns(rate_hz), ticks, work_ns=WORK_NS[rate_hz], **options)
        self._real_time &= granted
        self._spin_ns.append(pace.spin_ns)
        return pace.wakes()

    def _sleeping_loop(self, rate_hz: int, *, busy: bool = False) -> Any:
        """The peer, an ordinary process as its runtime is."""
        program = Path(__file__).with_name("sleeping_loop.py")
        numbers = (rate_hz, self._ticks(rate_hz), WORK_NS[rate_hz])
        command = [sys.executable, "-I", str(program), *map(str, numbers), *(["busy"] if busy else [])]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def _ticks(self, rate_hz: int, seconds: float | None = None) -> int:
        return max(2, round((seconds or self._seconds) * rate_hz))


def _p99_ratio(rows: dict[str, dict[str, int]], name: str, other: str) -> float:
    return rows[name]["p99"] / max(1, rows[other]["p99"])
