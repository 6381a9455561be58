"""How soon the torque is off, whoever stops the robot, while another client walks it."""

import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gaitway.bench.account import quantiles
from gaitway.bench.clock import Progress
from gaitway.bench.local_api.running_robot import RunningRobot
from gaitway.bench.local_api.walker import Walker
from gaitway.remote import Remote
from gaitway.robot import Robot

#: Between the robot running again and the next stop, s: the calls meet the loop at every phase of its tick.
_WALKS_S = (0.1, 0.2)
#: The robot follows one remote gamepad until it has been silent for half a second, s.
_RELEASED_S = 0.6
#: Signals within 0.3 s of the first are the same request; the second one is meant.
_SECOND_SIGNAL_S = 0.32

#: Stops the robot now; returns when that was asked for, ns of the monotonic clock.
Stop = Callable[[], int]


@dataclass
class Times:
    """How long it took until no servo had torque, and how sure that is, ns."""

    off_ns: list[int] = field(default_factory=list)
    #: The change came after the last look that did not show it: at most so much earlier.
    unsure_ns: list[int] = field(default_factory=list)

    def take(self, running: RunningRobot, asked_ns: int) -> None:
        """Waits for the torque to be off."""
        change = running.torque_off(asked_ns)
        self.off_ns.append(change.seen_ns - asked_ns)
        self.unsure_ns.append(change.seen_ns - change.before_ns)


class StopBench:
    """`python` stops over the local API from Python, `others` from every other kind of client that needs no restart
    of gaitwayd, `ends` of each that does."""

    def __init__(self, robot: Robot, python: int, others: int, ends: int, progress: Progress) -> None:
        self._robot, self._progress = robot, progress
        self._python, self._others, self._ends = python, others, ends
        self._chance = random.Random(0)

    def measure(self) -> dict[str, Any]:
        """Quantiles of each way to stop it: `at_once`, and those that disable the torque gradually."""
        times: dict[str, Times] = {}
        with RunningRobot(self._robot, "--pad-listen", "127.0.0.1:0") as running:
            # A pad elsewhere is stronger than an agent: what walks is the agent's all the same.
            for name, count, opened in self._ways():
                times[name] = Times()
                with opened(running) as stop, Walker(running.socket, source="agent"):
                    for number in range(count):
                        self._progress(f"stop: {name}", number, count)
                        self._walk_a_little(running)
                        times[name].take(running, stop())
                        running.walk_again()
        for name, numbers in _SIGNALS.items():
            times[name] = Times()
            for number in range(self._ends):
                self._progress(f"stop: {name}", number, self._ends)
                with RunningRobot(self._robot) as running, Walker(running.socket):
                    self._walk_a_little(running)
                    times[name].take(running, _signal(running, *numbers))
        return {
            "period_ns": round(1e9 / self._robot.control_hz),
            "gradually": [name for name in times if name in _GRADUALLY],
            "ways": {name: _row(row) for name, row in times.items()},
        }

    def _ways(self) -> Iterator[tuple[str, int, Any]]:
        yield "local API, Python", self._python, _python
        yield "local API, socket", self._others, _socket
        yield "terminal, space", self._others, _key
        yield "local API, limp", self._others, _limp
        yield "remote gamepad, stop", self._others, _remote_stop
        yield "remote gamepad, motors", self._others, _remote

    def _walk_a_little(self, running: RunningRobot) -> None:
        time.sleep(self._chance.uniform(*_WALKS_S))
        while running.is_limp:
            # A fault was faster: on a busy machine the twin may answer too late.
            running.walk_again()


_SIGNALS = {
    "SIGINT": (signal.SIGINT,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGTERM, SIGINT": (signal.SIGTERM, signal.SIGINT),
}
_GRADUALLY = ("local API, limp", "remote gamepad, motors", "SIGINT", "SIGTERM")


def _row(times: Times) -> dict[str, Any]:
    return {
        "count": len(times.off_ns),
        "torque_off_ns": quantiles(times.off_ns),
        "unsure_ns": quantiles(times.unsure_ns),
    }


def _timed(call: Callable[[], object]) -> int:
    now_ns = time.monotonic_ns()
    call()
    return now_ns


@contextmanager
def _python(running: RunningRobot) -> Iterator[Stop]:
    with running.connect("stops") as robot:
        yield lambda: _timed(robot.stop)


@contextmanager
def _limp(running: RunningRobot) -> Iterator[Stop]:
    with running.connect("stops") as robot:
        yield lambda: _timed(robot.limp)


@contextmanager
def _socket(running: RunningRobot) -> Iterator[Stop]:
    """Clients that say nothing but stop, not even hello."""

    def stop() -> int:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(running.socket))
            return _timed(lambda: line.sendall(b'{"kind": "stop"}\n'))

    yield stop


@contextmanager
def _key(running: RunningRobot) -> Iterator[Stop]:
    yield lambda: _timed(running.press_stop)


@contextmanager
def _remote_stop(running: RunningRobot) -> Iterator[Stop]:
    address = running.event("listening for a pad")["address"]
    with Remote(address) as remote:
        yield lambda: _timed(remote.emergency_stop)
    time.sleep(_RELEASED_S)


@contextmanager
def _remote(running: RunningRobot) -> Iterator[Stop]:
    address = running.event("listening for a pad")["address"]
    with Remote(address) as remote:
        yield lambda: _timed(lambda: remote.press("motors"))


def _signal(running: RunningRobot, first: signal.Signals, *second: signal.Signals) -> int:
    asked_ns = _timed(lambda: running.signal(first))
    for number in second:
        time.sleep(_SECOND_SIGNAL_S)
        asked_ns = _timed(lambda number=number: running.signal(number))  # type: ignore[misc]
    return asked_ns
