"""Every measurement of the local API, in one run, and what is promised of it."""

import os
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gaitway.bench.clock import Progress
from gaitway.bench.local_api.beside import NOBODY, measure_bad_clients, measure_crowd
from gaitway.bench.local_api.joints import measure_joints
from gaitway.bench.local_api.leases import DECLARED_S, KILLS, measure_fight, measure_killed
from gaitway.bench.local_api.stops import StopBench
from gaitway.command import VELOCITY_AXES
from gaitway.errors import UsageError
from gaitway.robot import Robot

#: A stop is heard while a tick runs, and the torque is off in the next one at the latest.
MOST_TICKS_TO_STOP = 2
#: A command that has ended is over in the next tick, and seen so much later, ticks.
MOST_TICKS_AFTER_DEADLINE = 2

_Row = dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """How often and how long each is measured."""

    #: Stops over the local API from Python, and of every other kind of client.
    stops: int
    others: int
    #: Commands to a joint, round trips, and fights for a lease.
    commands: int
    #: Clients that are killed, and ends of gaitwayd by each signal.
    kills: int
    #: Ordinary clients at once.
    clients: int
    #: Length of each run beside clients, s, and rounds of those in turns.
    seconds: float
    rounds: int


def measure_api(robot: Robot, parts: Iterable[str], counts: Counts, progress: Progress) -> _Row:
    """The results of these parts by name, of stop, command, fight, killed, bad and crowd; what is promised as `marks`.

    Raises UsageError for a robot that does not walk, and where there are no pseudo-terminals.
    """
    if sys.platform != "linux":
        raise UsageError("the twin needs Linux's pseudo-terminals", hint="run it on Linux, or in a container")
    if VELOCITY_AXES[0] not in robot.command_axes:
        message = f"{robot.name}: expected a robot that walks, found no command axis {VELOCITY_AXES[0]!r}"
        raise UsageError(message, hint="name another one with --robot")
    stops = StopBench(robot, counts.stops, counts.others, counts.kills, progress)
    measures: dict[str, Callable[[], _Row]] = {
        "stop": stops.measure,
        "command": lambda: measure_joints(robot, counts.commands, progress),
        "fight": lambda: measure_fight(robot, counts.commands, progress),
        "killed": lambda: measure_killed(robot, counts.kills, progress),
        "bad": lambda: measure_bad_clients(robot, counts.seconds, progress),
        "crowd": lambda: measure_crowd(robot, counts.clients, counts.seconds, counts.rounds, progress),
    }
    asked = set(parts)
    measured: dict[str, _Row] = {part: measure() for part, measure in measures.items() if part in asked}
    return {
        "robot": robot.name,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        "period_ns": round(1e9 / robot.control_hz),
        **measured,
        "marks": _marks(measured, 1e3 / robot.control_hz),
    }


def _marks(measured: dict[str, _Row], period_ms: float) -> list[_Row]:
    rows: list[tuple[str, float, float]] = []
    if stop := measured.get("stop"):
        for name, way in stop["ways"].items():
            if name not in stop["gradually"]:
                worst_ms = way["torque_off_ns"]["max"] * 1e-6
                rows.append((f"torque off after {name}, worst, ms", worst_ms, MOST_TICKS_TO_STOP * period_ms))
    if fight := measured.get("fight"):
        rows.append(("leases held by two clients", fight["same_source"]["both"], 0))
    if killed := measured.get("killed"):
        most_ms = DECLARED_S["deadline"] * 1e3 + MOST_TICKS_AFTER_DEADLINE * period_ms
        rows += [
            (f"command after {name}, worst, ms", killed[name]["asked_ns"]["max"] * 1e-6, most_ms) for name in KILLS
        ]
    if bad := measured.get("bad"):
        rows += _loop_marks("bad clients", [row for kind, row in bad["kinds"].items() if kind != NOBODY])
    if crowd := measured.get("crowd"):
        rows += _loop_marks(f"{crowd['clients']} clients", [crowd["clients_at_once"]])
    return [{"what": what, "found": found, "at_most": most, "passed": found <= most} for what, found, most in rows]


def _loop_marks(whom: str, runs: list[_Row]) -> list[tuple[str, float, float]]:
    names = {"loop_allocations": "allocations of the loop", "skipped": "skipped ticks"}
    return [(f"{words} beside {whom}", sum(run[name] for run in runs), 0) for name, words in names.items()]
