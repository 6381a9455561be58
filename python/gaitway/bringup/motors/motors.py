"""`Motors`: the robot's motors on their bus, looked at, moved slowly and let go."""

import math
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gaitway import _native
from gaitway.errors import UsageError
from gaitway.robot import Robot

#: A second process that cuts the torque when this one is killed.
_GUARD = [sys.executable, "-P", "-c", "import sys; from gaitway._native import run_guard; sys.exit(run_guard())"]
#: A goal that has come to its end is waited for so long, ticks of 20 ms.
_SETTLE_TICKS = 25


@dataclass(frozen=True)
class Look:
    """What a servo says of itself."""

    position_rad: float
    velocity_rps: float
    voltage_v: float | None
    temperature_c: float | None
    current_a: float | None
    load: float | None
    torque_on: bool | None
    faults: list[str]
    answers: int
    misses: int


class Motors:
    """Motors behind a port, limp until they are held, limp again when this is closed or the process dies.

    Angles are joint angles in rad. Whatever moves passes the safety filter, at most at the profile's starting speed,
    under its fault table: a fault makes everything limp and raises BusError. Joints without a servo are no fault.
    """

    def __init__(self, robot: Robot, port: Path, *, kp: int | None = None, torque: float = 0.5) -> None:
        self.robot = robot
        self._before: dict[int, Any] = {}
        self._native = _native.Motors(robot.native, port, guard=_GUARD, kp=kp, torque=torque)

    def look(self) -> dict[str, Look | None]:
        """What each joint's servo says; None for one that does not answer."""
        rows = self._native.look()
        return {name: row and Look(**row) for name, row in zip(self.robot.joint_names, rows, strict=True)}

    def positions_rad(self) -> dict[str, float]:
        """Joint angles as last heard; NaN where never."""
        return dict(zip(self.robot.joint_names, self._native.positions_rad(), strict=True))

    def hold(self, joints: Iterable[str]) -> None:
        """Holds joints where they are."""
        self._refuse_to_be_stopped()
        self._native.hold([self._index(joint) for joint in joints])

    def step(self, target_rad: Mapping[str, float]) -> bool:
        """Waits for the next tick, 50 a second, and goes a step; true once every held joint's goal has arrived."""
        row = [math.nan] * len(self.robot.joint_names)
        for joint, angle_rad in target_rad.items():
            row[self._index(joint)] = angle_rad
        return self._native.step(row)

    def move(self, target_rad: Mapping[str, float], watch: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Moves held joints to their targets and waits until they rest. Returns where they are, rad."""
        while not self.step(target_rad):
            watch()
        for _ in range(_SETTLE_TICKS):
            self.step(target_rad)
            watch()
        return {joint: self.positions_rad()[joint] for joint in target_rad}

    def release(self, joints: Iterable[str] | None = None) -> None:
        """Lets joints go limp; all where none is named."""
        self._native.release(None if joints is None else [self._index(joint) for joint in joints])

    def counters(self) -> dict[str, int]:
        """Sums since the bus was opened: reads, retries, strays, implausible, garbage_bytes."""
        return self._native.counters()

    def audit(self, *, fix: bool = False) -> dict[str, list[dict[str, Any]] | None]:
        """What is wrong with each servo's settings; None for one that does not answer. `fix` writes what can be."""
        return dict(zip(self.robot.joint_names, self._native.audit(fix=fix), strict=True))

    def close(self) -> None:
        """Everything limp, the port free."""
        self._native.close()
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()

    def __enter__(self) -> "Motors":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refuse_to_be_stopped(self) -> None:
        """A stopped program (Ctrl-Z) would leave its joints held and watch nothing: it ends in order instead."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        self._before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.default_int_handler)
        for number in (signal.SIGTTIN, signal.SIGTTOU):
            self._before[number] = signal.signal(number, signal.SIG_IGN)

    def _index(self, joint: str) -> int:
        check_joints(self.robot, [joint])
        return self.robot.joint_names.index(joint)


def check_joints(robot: Robot, joints: Iterable[str]) -> None:
    """Refuses names that are none of the robot's joints."""
    for joint in joints:
        if joint not in robot.joint_names:
            known = ", ".join(robot.joint_names)
            raise UsageError(f"no joint is called {joint!r}", hint=f"{robot.name} has {known}")
