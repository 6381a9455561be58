"""`gaitwayd` while it runs: what it says, line by line, and somebody in front of its terminal."""

import json
import math
import os
import re
import signal
import subprocess
import termios
import threading
import time
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

from daemon_bench import Bench

from gaitway.recording import Recording


class Session:
    """A program under test. Waiting is for what it says; the limit is one against hanging, no measurement."""

    def __init__(self, process: "subprocess.Popen[str]", limit_s: float = 180) -> None:
        self.process = process
        #: Everything it has said.
        self.said: list[dict[str, Any]] = []
        self._limit = threading.Timer(limit_s, process.kill)
        self._limit.start()

    def until(self, name: str, **keys: str) -> list[dict[str, Any]]:
        """What is said from now on up to an event with these keys."""
        begin = len(self.said)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            self.said.append(event)
            if event["event"] == name and all(event[key] == value for key, value in keys.items()):
                return self.said[begin:]
        raise AssertionError(f"no {name} {keys} in {self.said}")

    def ended(self) -> list[dict[str, Any]]:
        """What is said until it has ended by itself, and well."""
        begin = len(self.said)
        assert self.process.stdout is not None and self.process.stderr is not None
        self.said += map(json.loads, self.process.stdout)
        errors = self.process.stderr.read()
        assert self.process.wait() == 0, errors
        return self.said[begin:]

    def stop(self) -> list[dict[str, Any]]:
        """Asks it to end; all it has said since its start, what came before this call included."""
        self.process.send_signal(signal.SIGINT)
        self.ended()
        return self.said

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limit.cancel()
        self.process.kill()
        self.process.communicate()


def listen(bench: Bench, *arguments: str) -> tuple[Session, str]:
    """A duck that has got up, and the address where it listens for a pad."""
    session = Session(bench.start("--pad-listen", "127.0.0.1:0", *arguments))
    address: str = session.until("listening for a pad")[-1]["address"]
    session.until("state", to="running")
    return session, address


#: After the key that stops, no other is heard for 0.3 s.
DEAF_S = 0.5


class Keyboard(Session):
    """A terminal that gaitwayd was started from, and somebody in front of it."""

    def __init__(self, bench: Bench, *arguments: str) -> None:
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self._is_open = True
        self._deaf_until_s = 0.0
        super().__init__(bench.start(*arguments, stdin=self.slave))

    def press(self, keys: bytes) -> None:
        """After a stop it waits until other keys are heard again."""
        time.sleep(max(0.0, self._deaf_until_s - time.monotonic()))
        os.write(self.master, keys)
        if b" " in keys:
            self._deaf_until_s = time.monotonic() + DEAF_S

    def hold(self, key: bytes, bench: Bench, writes: int) -> None:
        """Holds a key until the program has written so often to the bus: the terminal repeats it."""
        end = bench.writes() + writes
        while bench.writes() < end:
            self.press(key)
            time.sleep(0.03)

    def tap(self, key: bytes, button: str) -> None:
        """Presses a key that is a pad's button. What comes within 0.8 s is the terminal's repetition of the last."""
        time.sleep(1.0)
        self.press(key)
        self.until("pad button", button=button)

    def is_cooked(self) -> bool:
        """As a shell left it: keys wait for the end of a line, and are shown."""
        return bool(termios.tcgetattr(self.slave) == self.before)

    def hang_up(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self.slave)
            os.close(self.master)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.hang_up()


def asked(recording: Recording, axis: int) -> list[float]:
    """What the one source asked along this axis of the command, tick by tick. A machine that is busy elsewhere may
    be a fault that slows the duck down, and no fault of what was asked."""
    column = recording.column(f"tick.asked.offers[0].command[{axis}]")
    return [0.0 if math.isnan(value) else value for value in column]


def asked_in_turn(recording: Recording, axis: int) -> list[float]:
    """What it was asked one after the other along an axis, rounded, without what only passed."""
    runs = ((value, len(list(run))) for value, run in groupby(round(each, 4) for each in asked(recording, axis)))
    return [value for value, ticks in runs if ticks >= 10]


def states(said: list[dict[str, Any]]) -> list[str]:
    """Every state it went to."""
    return [event["to"] for event in said if event["event"] == "state"]


def flight(folder: Path) -> Path:
    """The one recording. A machine that was busy elsewhere may have been a fault, which has a file of its own."""
    (path,) = [path for path in folder.glob("*.mcap") if re.search(r"Z(-\d+)?$", path.stem)]
    return path
