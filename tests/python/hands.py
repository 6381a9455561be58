"""Hands at a pad: input events through a pipe, as the kernel writes them, and what a program said of them."""

import json
import os
import struct
from pathlib import Path
from typing import Any

KEY, AXIS, REPORT = 1, 3, 0
#: Codes and ends of an Xbox pad over Bluetooth.
LEFT_X, LEFT_Y, RIGHT_X, RIGHT_Y, RIGHT_TRIGGER, LEFT_TRIGGER, HAT_Y = 0, 1, 2, 5, 9, 10, 17
A, B, X, Y, LEFT_BUMPER, VIEW, MENU = 0x130, 0x131, 0x133, 0x134, 0x136, 0x13A, 0x13B
MIDDLE, FORWARD, PULLED = 32768, 0, 1023


class Hands:
    """Writes what a pad writes."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.pipe = -1

    def hold(self) -> None:
        self.pipe = os.open(self.path, os.O_WRONLY)

    def let_go(self) -> None:
        os.close(self.pipe)

    def move(self, code: int, value: int) -> None:
        self._write(AXIS, code, value)

    def swing(self, code: int, rest: int, peak: int) -> None:
        """From where it rests to where it goes, and back."""
        for value in (rest, peak, rest):
            self.move(code, value)

    def press(self, code: int) -> None:
        self._write(KEY, code, 1)

    def release(self, code: int) -> None:
        self._write(KEY, code, 0)

    def tap(self, code: int) -> None:
        self.press(code)
        self.release(code)

    def _write(self, kind: int, code: int, value: int) -> None:
        for event in ((kind, code, value), (REPORT, 0, 0)):
            os.write(self.pipe, struct.pack("llHHi", 0, 0, *event))


def events_of(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]
