"""`RunningRobot`: gaitwayd on the twin, with a terminal somebody types at and every goal on the wire seen."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

from gaitway.api import ConnectedRobot, connect
from gaitway.errors import DaemonError
from gaitway.robot import Robot
from gaitway.socket_folder import socket_folder
from gaitway.twin.daemon import find_daemon

#: Whatever is waited for comes within this time, s: a limit against hanging.
PATIENCE_S = 60.0
#: A start without its pauses: the torque is there within a tick or two, as the joints bear nothing.
_START = {"torque_ramp_s": 0.1, "settle_s": 0.1, "speed_rps": 4.0}
#: A start that comes to nothing, after a fault, is begun again after so long, s.
_START_S = 10.0
#: After the key that stops gaitwayd hears no other for 0.3 s.
DEAF_S = 0.4
_STOP_KEY, _CLEAR_KEY, _WALK_KEY = b" ", b"c", b"w"
_KEPT = 4096
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Change:
    """The servos' goals as they are from now on."""

    #: When it was seen, and when it had not been there yet, ns of the monotonic clock.
    seen_ns: int
    before_ns: int
    #: Goals, rad; nan where limp.
    goals_rad: tuple[float, ...]

    @property
    def is_limp(self) -> bool:
        """No servo has torque."""
        return all(map(math.isnan, self.goals_rad))


class RunningRobot:
    """gaitwayd and the twin, from `start` to `close`. The robot stands on no floor: its joints bear nothing.

    Raises DaemonError where the robot does not come to run, or ends by itself.
    """

    def __init__(self, robot: Robot, *arguments: str) -> None:
        self._folder = socket_folder()
        folder = Path(self._folder.name)
        self.robot = robot
        self.socket, self._stats = folder / "api.sock", folder / "stats.json"
        self._news = threading.Condition()
        self._changes: deque[Change] = deque(maxlen=_KEPT)
        self._events: list[dict[str, Any]] = []
        self._profile = quick_profile(robot, folder)
        self._twin = _twin(self._profile, folder)
        self._terminal, slave = os.openpty()
        self._daemon: subprocess.Popen[bytes] | None = None
        try:
            self._daemon = self._start(folder, slave, arguments)
            os.close(slave)
            self._follow(self._twin.stdout, self._hear_twin)
            self._follow(self._daemon.stdout, self._hear_daemon)
            self.wait_until_it_runs()
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, terminal: int, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        imu = ("--imu-socket", folder / "imu") if self.robot.native.imu_bus is not None else ()
        command: list[str | Path] = [find_daemon(), "--robot", self._profile, "--policy", self.robot.default_policy]
        command += ["--on-stand", "--no-config", "--no-record", "--json", "--port", folder / "bus", *imu]
        command += ["--socket", self.socket, "--stats-json", self._stats, *arguments]
        with (folder / "errors").open("wb") as errors:
            return subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=errors, env=os.environ)

    def connect(self, client: str, *, source: str = "network") -> ConnectedRobot:
        """Another client of it."""
        return connect(self.socket, client=client, source=source)

    def event(self, name: str, **keys: str) -> dict[str, Any]:
        """What gaitwayd has said of this last; waits for it."""

        def found() -> dict[str, Any] | None:
            rows = (row for row in reversed(self._events) if row["event"] == name)
            return next((row for row in rows if all(row.get(key) == value for key, value in keys.items())), None)

        return self._wait(found, f"{name} is never said")

    def torque_off(self, after_ns: int) -> Change:
        """The first change after this time since which no servo has torque; waits for it."""
        return self.change(after_ns, lambda change: change.is_limp, "the servos keep their torque")

    def change(self, after_ns: int, is_it: Callable[[Change], bool], otherwise: str) -> Change:
        """The first change after this time that `is_it`; waits for it."""
        return self._wait(lambda: next((row for row in self._after(after_ns) if is_it(row)), None), otherwise)

    def goals_at(self, time_ns: int) -> tuple[float, ...]:
        """The servos' goals as they were then, rad."""
        with self._news:
            return next(row.goals_rad for row in reversed(self._changes) if row.seen_ns <= time_ns)

    def press_stop(self) -> None:
        """Somebody at the robot presses the key of the emergency stop."""
        os.write(self._terminal, _STOP_KEY)

    def walk_again(self) -> None:
        """Somebody at the robot clears the stop and has it walk; returns when it runs.

        A fault on the way, as the twin of a busy machine has them, is cleared in the same way.
        """
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            time.sleep(DEAF_S)
            os.write(self._terminal, _CLEAR_KEY)
            os.write(self._terminal, _WALK_KEY)
            if self._runs_within(_START_S):
                return
        raise self._does_not_run()

    @property
    def is_limp(self) -> bool:
        """Whether no servo has torque now."""
        with self._news:
            return self._changes[-1].is_limp

    def signal(self, number: int) -> None:
        """Sends gaitwayd a signal."""
        assert self._daemon is not None
        self._daemon.send_signal(number)

    def wait_until_it_runs(self) -> None:
        """Until the policy runs."""
        if not self._runs_within(PATIENCE_S):
            raise self._does_not_run()

    def _runs_within(self, seconds: float) -> bool:
        """Whether the policy runs within this time; False at once where gaitwayd has ended."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            with contextlib.suppress(DaemonError), self.connect("gaitway bench api") as seen:
                while time.monotonic() < end_s:
                    if seen.observe().state == "running":
                        return True
            if self._daemon is not None and self._daemon.poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def _does_not_run(self) -> DaemonError:
        said = (Path(self._folder.name) / "errors").read_text(errors="replace").strip()
        last = self._events[-1] if self._events else "nothing"
        hint = "the machine is too busy for the twin: try again"
        return DaemonError(f"the robot on the twin does not run: {said or last}", hint=hint)

    def end(self) -> dict[str, Any]:
        """Ends gaitwayd as Ctrl-C does; returns its statistics."""
        assert self._daemon is not None
        self.signal(signal.SIGINT)
        self._daemon.wait(timeout=PATIENCE_S)
        statistics: dict[str, Any] = json.loads(self._stats.read_text())
        return statistics

    def close(self) -> None:
        """Ends both, however they are."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
        assert self._twin.stdin is not None
        self._twin.stdin.close()
        self._twin.wait(timeout=PATIENCE_S)
        os.close(self._terminal)
        self._folder.cleanup()

    def __enter__(self) -> "RunningRobot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _after(self, after_ns: int) -> list[Change]:
        return [row for row in self._changes if row.seen_ns > after_ns]

    def _wait(self, found: Callable[[], _Found | None], otherwise: str) -> _Found:
        with self._news:
            if not self._news.wait_for(lambda: found() is not None, PATIENCE_S):
                raise DaemonError(f"gaitwayd on the twin: {otherwise}", hint="is the machine too busy? try again")
            result = found()
        assert result is not None
        return result

    def _follow(self, stream: IO[bytes] | None, hear: Callable[[bytes], None]) -> None:
        def read() -> None:
            assert stream is not None
            for line in stream:
                with self._news:
                    hear(line)
                    self._news.notify_all()

        threading.Thread(target=read, daemon=True).start()

    def _hear_twin(self, line: bytes) -> None:
        seen, before, *goals = line.split()
        self._changes.append(Change(int(seen), int(before), tuple(map(float, goals))))

    def _hear_daemon(self, line: bytes) -> None:
        self._events.append(json.loads(line))


def quick_profile(robot: Robot, folder: Path) -> Path:
    """The robot's profile with a start that does not take its time, as a file of `folder`."""
    text = (robot.folder / "profile.toml").read_text()
    for key, value in _START.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
    path = folder / "profile.toml"
    path.write_text(text)
    return path


def _twin(profile: Path, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gaitway.bench.local_api.watched_twin", str(profile), str(folder)]
    twin = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert twin.stdout is not None
    if twin.stdout.readline().strip() != b"ready":
        raise DaemonError("the twin did not start", hint="the lines above say why")
    return twin
