"""The line that follows a teleoperation at a terminal."""

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaitway.teleop import TeleopSession

_REFRESH_S = 0.2


class Line:
    """Rate, lateness and each joint's error; nothing where no terminal is. Rich takes longer to draw than there is
    time in a tick."""

    def __init__(self, *, shown: bool) -> None:
        self._is_shown = shown and sys.stderr.isatty()
        self._shown_s = 0.0
        self._ticks = 0

    def show(self, session: "TeleopSession") -> None:
        """How it is, a few times a second."""
        now_s = time.monotonic()
        if not self._is_shown or now_s < self._shown_s + _REFRESH_S:
            return
        figures = session.figures
        rate_hz = (figures.ticks - self._ticks) / (now_s - self._shown_s)
        self._shown_s, self._ticks = now_s, figures.ticks
        p50_ms, p99_ms = (session.pacer.lateness_ns(share) * 1e-6 for share in (0.5, 0.99))
        errors = " ".join(f"{joint} {error:+.3f}" for joint, error in figures.now_rad.items())
        text = f"{session.planner.phase:<11} {rate_hz:4.0f} Hz, late p50 {p50_ms:.1f} p99 {p99_ms:.1f} ms"
        self._write(f"{text}   error, rad: {errors or '-'}")

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_shown:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()
