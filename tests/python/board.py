"""What the duck's body shows, seen from behind its lines: eyes, projector and antennas."""

import os
import statistics
import struct
import time
from collections.abc import Callable
from pathlib import Path

LEFT_EYE, RIGHT_EYE, PROJECTOR, LEFT_ANTENNA, RIGHT_ANTENNA = 24, 23, 25, 13, 12
LINES = (LEFT_EYE, RIGHT_EYE, PROJECTOR, LEFT_ANTENNA, RIGHT_ANTENNA)
CHANGE = struct.Struct("<QII")


class Board:
    """What lies behind the lines, on a pipe made here or a device that is there: how each stands, and was high."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            os.mkfifo(path)
        self.path = path
        self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        #: Of each line: when it rose (s), and for how long it was high (ms).
        self.rises: dict[int, list[float]] = {line: [] for line in LINES}
        self.widths: dict[int, list[float]] = {line: [] for line in LINES}
        self.high: dict[int, bool] = dict.fromkeys(LINES, False)

    def close(self) -> None:
        os.close(self._pipe)

    def take(self) -> None:
        while True:
            try:
                changes = os.read(self._pipe, 256 * CHANGE.size)
            except BlockingIOError:
                return
            for at_ns, line, level in CHANGE.iter_unpack(changes):
                self._told(at_ns, line, level)
            if not changes:
                return

    def _told(self, at_ns: int, line: int, level: int) -> None:
        assert self.high[line] != bool(level), "only changes are told"
        self.high[line] = bool(level)
        if level:
            self.rises[line].append(at_ns * 1e-9)
        else:
            self.widths[line].append(at_ns * 1e-6 - self.rises[line][-1] * 1e3)

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 30) -> None:
        """A generous limit against hanging, no measurement."""
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, (self.high, {line: widths[-5:] for line, widths in self.widths.items()})
            time.sleep(0.002)
            self.take()

    def wait_for_antennas(self, left_ms: float, right_ms: float) -> None:
        """Until the last pulses of both are so long; a busy machine makes single ones longer."""

        def are_there() -> bool:
            last = [self.widths[line][-9:] for line in (LEFT_ANTENNA, RIGHT_ANTENNA)]
            pairs = zip(last, (left_ms, right_ms), strict=True)
            return all(len(widths) == 9 and abs(statistics.median(widths) - ms) < 0.15 for widths, ms in pairs)

        self.wait_until(are_there)
