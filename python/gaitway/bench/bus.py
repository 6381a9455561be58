"""What the servo driver costs beside the wire itself, and what rustypot does in the published Python runtime."""

import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gaitway import _native
from gaitway.bench.account import period_ns, quantiles
from gaitway.bench.bus_account import Cycles, Ticks
from gaitway.bench.bus_marks import marks
from gaitway.bench.clock import Progress
from gaitway.bench.surroundings import LOOP_PRIORITY, Canary, on_cpus
from gaitway.errors import SimulationError
from gaitway.robot import Robot

#: Kinds of bus: turnaround of the servos and latency of USB, µs.
LINKS = {"ideal": (0, 0), "turnaround_50us": (50, 0), "usb_1ms": (0, 1000)}
#: Rate of the robot, and of the closed loop without slow reads, Hz.
WALK_HZ, CLOSED_HZ = 50, 400
#: Programs on each kind of bus; the others on the ideal one alone.
EVERYWHERE = ("walk", "back_to_back", "rustypot_walk", "rustypot_back_to_back")
ON_IDEAL = ("closed_loop", "bare_closed_loop", *EVERYWHERE)
#: Ticks in a second of a program that never waits are more than this on every bus; they set its length, no rate.
_BACK_TO_BACK_TICKS = 250
#: Bytes of rustypot's three requests for each servo, and the rest of them.
_PEER_BYTES_EACH, _PEER_BYTES = 1 + 1 + 3, 3 * 8
#: Exchanges of a tick are at most so many: read, twice again, goals, limits, slow read.
_EXCHANGES_PER_TICK = 6
#: A program that stands still ends with the bench, s.
_PATIENCE_S = 600


class BusBench:
    """Cycle time, wire time and what lies between them, for each program on each kind of bus.

    `seconds` is the length of each measurement; the programs take turns, `rounds` times, in an order that changes.
    The emulated servos are another process: it says when the wire carried what.
    """

    def __init__(self, robot: str, seconds: float, rounds: int, progress: Progress) -> None:
        self._name, self._robot = robot, Robot.load(robot)
        self._seconds, self._rounds, self._progress = seconds, rounds, progress
        # On the CPU of a program that spins the twin could not answer; a real wire takes no CPU.
        *self._twin_cpus, own_cpu = sorted(os.sched_getaffinity(0))
        self._own_cpus = {own_cpu} if self._twin_cpus else set()
        self._has_peer = importlib.util.find_spec("rustypot") is not None
        self._real_time = True
        self._measured = 0

    def measure(self) -> dict[str, Any]:
        """Everything, in some `14 * seconds * rounds` seconds; what is promised as `marks`."""
        plan = [(link, name) for link in LINKS for name in self._programs(link)]
        cycles = {key: Cycles() for key in plan}
        canary: dict[tuple[str, str], list[int]] = {key: [] for key in plan}
        for round_ in range(self._rounds):
            for link, name in plan if round_ % 2 == 0 else reversed(plan):
                self._progress(f"{link}: {name}".replace("_", " "), self._measured, len(plan) * self._rounds)
                self._measured += 1
                canary[link, name] += self._run(link, name, cycles[link, name])
        measured: dict[str, dict[str, Any]] = {link: {} for link in LINKS}
        late_ns = [cycle.twin_ns for found in cycles.values() for cycle in found.cycles]
        for (link, name), found in cycles.items():
            row = found.back_to_back() if name.endswith("back_to_back") else found.paced()
            measured[link][name] = {**row, "canary_ns": quantiles(canary[link, name])}
        return {
            "seconds": self._seconds,
            "rounds": self._rounds,
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "load": os.getloadavg()[0],
            "real_time": self._real_time,
            "twin_late_ns": quantiles(late_ns),
            "links": measured,
            "marks": marks(measured["ideal"]),
        }

    def _programs(self, link: str) -> list[str]:
        names = ON_IDEAL if link == "ideal" else EVERYWHERE
        return [name for name in names if self._has_peer or not name.startswith("rustypot")]

    def _run(self, link: str, name: str, cycles: Cycles) -> list[int]:
        """One program on one bus; returns what the canary saw beside it."""
        rate_hz = {"walk": WALK_HZ, "loop": CLOSED_HZ}.get(name.rsplit("_", 1)[-1], 0)
        ticks = max(2, round(self._seconds * (rate_hz or _BACK_TO_BACK_TICKS)))
        run = self._rustypot if name.startswith("rustypot") else self._ours
        with self._twin(link, _EXCHANGES_PER_TICK * (ticks + 1)) as twin:
            with Canary(self._seconds) as watch:
                found = run(twin.path, rate_hz, ticks, name)
            told = twin.end()
        cycles.add(found, told["exchanges"], len(self._robot.joint_names))
        return watch.lateness_ns

    def _ours(self, path: str, rate_hz: int, ticks: int, name: str) -> Ticks:
        with on_cpus(self._own_cpus):
            found = _native.bus_ticks(
                self._robot.native,
                path,
                ticks,
                period_ns=period_ns(rate_hz) if rate_hz else None,
                slow_reads=name == "walk",
                bare=name.startswith("bare"),
                priority=LOOP_PRIORITY,
            )
        self._real_time &= found["real_time"]
        return dict(found)

    def _rustypot(self, path: str, rate_hz: int, ticks: int, name: str) -> Ticks:
        """The peer, an ordinary process as its runtime is."""
        program = Path(__file__).with_name("bus_peer.py")
        ids = self._robot.native.servo_ids
        goals = (f"{servo}={rad}" for servo, rad in zip(ids, self._robot.default_pose_rad, strict=True))
        command = [sys.executable, "-I", str(program), path, str(rate_hz), str(ticks), *goals]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise SimulationError(f"{name}: {last}", hint="rustypot gives up where one answer is missing; run it again")
        found: Ticks = json.loads(done.stdout.splitlines()[-1])
        return {**found, "bytes": [_PEER_BYTES + _PEER_BYTES_EACH * len(ids)] * ticks}

    @contextmanager
    def _twin(self, link: str, exchanges: int) -> "Iterator[_Twin]":
        numbers = map(str, (*LINKS[link], exchanges))
        command = [sys.executable, "-m", "gaitway.bench.bus_twin", self._name, *numbers]
        with on_cpus(set(self._twin_cpus)):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with process:
            try:
                yield _Twin(process)
            finally:
                process.kill()


class _Twin:
    """The emulated servos, another process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.path = "" if process.stdout is None else process.stdout.readline().strip()

    def end(self) -> Any:
        """Ends it; returns what it has to tell."""
        told, _ = self._process.communicate(timeout=_PATIENCE_S)
        return json.loads(told)
