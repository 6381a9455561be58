"""Keys of a terminal that drive a simulated robot while they are held, as those of `gaitwayd --keyboard` do."""

import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

#: A terminal repeats a held key and tells no release: a first press counts for so long, a repetition for so long, s.
_FIRST_S, _AGAIN_S = 0.8, 0.15
#: From the middle to the end of an axis, s: a key knows only all or nothing, a robot that walks better not.
_WAY_S = 0.4
#: Share of the range that a key asks for.
_SHARE = 0.8
_DRIVING: dict[str, tuple[str, int]] = {
    "w": ("vx", 1),
    "s": ("vx", -1),
    "a": ("wz", 1),
    "d": ("wz", -1),
    "A": ("vy", 1),
    "D": ("vy", -1),
    "\x1b[A": ("vx", 1),
    "\x1b[B": ("vx", -1),
    "\x1b[D": ("wz", 1),
    "\x1b[C": ("wz", -1),
}
#: Arrow keys by GLFW's numbers, as MuJoCo's viewer tells them.
_IN_WINDOW = {265: "\x1b[A", 264: "\x1b[B", 263: "\x1b[D", 262: "\x1b[C", 32: " "}
_HELP = (
    "keys: w s forward and back, a d turn, or the arrow keys, A D (with shift) sideways, while held; "
    "space stops at once, c puts it back on its feet, q ends"
)


class Keys:
    """The keys of this terminal, from entering `with` to leaving it; without a terminal there are none.

    `ranges` are those of the command axes; `others` says what a key does that does not drive.
    """

    def __init__(self, ranges: Mapping[str, tuple[float, float]], others: Mapping[str, Callable[[], object]]) -> None:
        self._ranges, self._others = ranges, others
        self._until_s: dict[str, float] = {}
        self._values: dict[str, float] = {}
        self._moved_s = time.monotonic()
        self._before: Any = None

    def __enter__(self) -> "Keys":
        if not sys.stdin.isatty():
            print("no terminal to read keys from: the page's drive; Ctrl-C ends", file=sys.stderr)
            return self
        import termios
        import tty

        self._before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        print(_HELP, file=sys.stderr)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            import termios

            # A terminal that has gone needs nothing back.
            with suppress(termios.error):
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def read(self) -> None:
        """Takes what was typed since the last call; waits for nothing."""
        while self._before is not None and select.select([sys.stdin], [], [], 0)[0]:
            typed = os.read(sys.stdin.fileno(), 256).decode(errors="replace")
            if not typed:
                self._before = None
                return
            for key in _split(typed):
                self._typed(key)

    def in_window(self, number: int) -> None:
        """A key that was pressed in MuJoCo's viewer."""
        if (key := _IN_WINDOW.get(number)) is not None:
            self._typed(key)

    def command(self) -> dict[str, float]:
        """The command of the keys that are held, on its way there or back."""
        now_s = time.monotonic()
        share, self._moved_s = (now_s - self._moved_s) / _WAY_S, now_s
        pulls: dict[str, int] = {}
        for key, until_s in list(self._until_s.items()):
            axis, way = _DRIVING[key]
            pulls[axis] = pulls.get(axis, 0) + way * (now_s < until_s)
        for axis, (low, high) in self._ranges.items():
            pull = pulls.get(axis, 0)
            goal = _SHARE * (high if pull > 0 else low if pull < 0 else 0.0)
            most = share * max(high, -low)
            value = self._values.get(axis, 0.0)
            self._values[axis] = value + max(-most, min(most, goal - value))
        return {axis: self._values[axis] for axis, _ in _DRIVING.values() if axis in self._values}

    def _typed(self, key: str) -> None:
        if key in _DRIVING:
            now_s = time.monotonic()
            until_s = self._until_s.get(key, 0.0)
            # The rest of the first press counts, or a repetition.
            self._until_s[key] = max(until_s, now_s + _AGAIN_S) if now_s < until_s else now_s + _FIRST_S
        elif key in self._others:
            self._until_s.clear()
            self._others[key]()


def _split(typed: str) -> list[str]:
    """Keys; an arrow comes as three characters that are letters of other keys."""
    keys, at = [], 0
    while at < len(typed):
        length = 3 if typed.startswith("\x1b[", at) else 1
        keys.append(typed[at : at + length])
        at += length
    return keys
