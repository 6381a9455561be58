"""What the control loop does beside clients: ordinary ones, many at once, and every kind of bad one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from gaitway.bench.clock import Progress
from gaitway.bench.local_api.bad_clients import KINDS
from gaitway.bench.local_api.running_robot import PATIENCE_S, RunningRobot
from gaitway.bench.local_api.walker import Walker
from gaitway.robot import Robot

#: How often in a second each of the ordinary clients hears and asks.
RATE_HZ = 50.0
#: The run without a bad client.
NOBODY = "nobody"


def measure_crowd(robot: Robot, clients: int, seconds: float, rounds: int, progress: Progress) -> dict[str, Any]:
    """The loop without clients but the one that walks, and beside `clients` at 50 Hz, in turns.

    Medians of the rounds' quantiles, ns; sums of skipped ticks and allocations.
    """
    runs: dict[str, list[dict[str, Any]]] = {"none": [], "clients": []}
    for index in range(rounds):
        for place, name in enumerate(runs if index % 2 == 0 else reversed(runs)):
            progress(f"clients: {name}", 2 * index + place, 2 * rounds)
            runs[name].append(_crowd_run(robot, clients if name == "clients" else 0, seconds))
    heard = [run["heard_per_s"] for run in runs["clients"]]
    return {
        "clients": clients,
        "rate_hz": RATE_HZ,
        "seconds": seconds,
        "rounds": rounds,
        "heard_per_s": median(heard),
        NOBODY: _pooled(runs["none"]),
        "clients_at_once": _pooled(runs["clients"]),
    }


def _pooled(rows: list[dict[str, Any]]) -> dict[str, Any]:
    quantiles = {share: median(row["lateness_ns"][share] for row in rows) for share in ("p50", "p99")}
    sums = {name: sum(row[name] for row in rows) for name in ("skipped", "loop_allocations", "ticks")}
    return {"lateness_ns": {**quantiles, "max": max(row["lateness_ns"]["max"] for row in rows)}, **sums}


def _crowd_run(robot: Robot, clients: int, seconds: float) -> dict[str, Any]:
    with RunningRobot(robot) as running:
        with _crowd(running, clients) as told, Walker(running.socket):
            time.sleep(seconds)
        return loop_of(running.end()) | {"heard_per_s": told.get("heard", 0) / told.get("seconds", 1.0)}


@contextmanager
def _crowd(running: RunningRobot, clients: int) -> Iterator[dict[str, float]]:
    """So many clients; afterwards the dictionary says what they have heard."""
    told: dict[str, float] = {}
    if clients == 0:
        yield told
        return
    command = [sys.executable, "-m", "gaitway.bench.local_api.crowd", str(running.socket), str(clients), f"{RATE_HZ}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield told
        said, _ = process.communicate(timeout=PATIENCE_S)
        told.update(json.loads(said))


def measure_bad_clients(robot: Robot, seconds: float, progress: Progress) -> dict[str, Any]:
    """The loop while somebody walks, without and beside each kind of bad client: what those were answered, skipped
    ticks, lateness and allocations, and how many of the walker's commands were followed."""
    rows: dict[str, dict[str, Any]] = {}
    for number, kind in enumerate([NOBODY, *KINDS]):
        progress(f"bad clients: {kind}", number, 1 + len(KINDS))
        rows[kind] = _bad_run(robot, kind, seconds)
    return {"seconds": seconds, "kinds": rows}


def _bad_run(robot: Robot, kind: str, seconds: float) -> dict[str, Any]:
    with RunningRobot(robot) as running:
        with Walker(running.socket) as walker:
            told = {"tries": 0, "heard": {}}
            if kind in KINDS:
                told = _be_bad(running, kind, seconds)
            else:
                time.sleep(seconds)
            followed = {"followed": walker.followed, "not_followed": walker.others}
        running.wait_until_it_runs()
        return {**told, **followed, **loop_of(running.end())}


def _be_bad(running: RunningRobot, kind: str, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "gaitway.bench.local_api.bad_clients", str(running.socket), kind, f"{seconds}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=seconds + PATIENCE_S)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def loop_of(statistics: dict[str, Any]) -> dict[str, Any]:
    """What gaitwayd's statistics say of its loop."""
    return {name: statistics[name] for name in ("ticks", "skipped", "late", "loop_allocations", "lateness_ns")}
