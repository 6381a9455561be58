"""What a page asks, checked before the source is asked: one page at a time, known axes, values in range."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from gaitway.errors import RefusedError, UsageError

#: A page that has commanded nothing for so long lets another one have the robot, s.
_HOLDS_S = 1.0
#: Float32 ends of ranges, as a browser rounds them.
_RANGE_SLACK = 1e-6


class Hands:
    """Which of several pages steers: the one that does so now."""

    def __init__(self) -> None:
        self._page: str | None = None
        self._until_s = 0.0

    def take(self, body: Any) -> None:
        """The page that sent this command steers. Raises RefusedError while another one does."""
        page = str(body.get("page", ""))[:40] if isinstance(body, dict) else ""
        now_s = time.monotonic()
        if page != self._page and now_s < self._until_s:
            hint = "let go there: a second later this page may"
            raise RefusedError("another page of this view steers the robot", hint=hint, code="lease_held")
        self._page, self._until_s = page, now_s + _HOLDS_S


def values_of(body: Any, ranges: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The axes and values of a command. Raises UsageError for an axis or a value that the source does not take."""
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, dict):
        raise UsageError("command: expected an object with values", hint='as in {"values": {"vx": 0.1}}')
    for axis, value in values.items():
        if axis not in ranges:
            known = ", ".join(ranges) or "none"
            raise UsageError(f"command: expected a command axis, found {axis[:20]!r}", hint=f"its axes: {known}")
        low, high = ranges[axis]
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not low - _RANGE_SLACK <= value <= high + _RANGE_SLACK:
            raise UsageError(f"{axis}: expected {low:g} to {high:g}, found {str(value)[:20]}", hint="move the slider")
    return {axis: min(max(float(value), ranges[axis][0]), ranges[axis][1]) for axis, value in values.items()}


def mode_of(body: Any, modes: Mapping[str, Callable[[], None]]) -> Callable[[], None]:
    """What sets the mode that is asked for. Raises UsageError for one that the source does not know."""
    mode = body.get("mode") if isinstance(body, dict) else None
    if not isinstance(mode, str) or mode not in modes:
        expected = f"expected {' or '.join(modes)}, found {str(mode)[:20]!r}"
        raise UsageError(f"mode: {expected}", hint='as in {"mode": "stand"}')
    return modes[mode]


def whole(written: str, name: str) -> int:
    """A whole number of a query. Raises UsageError for what is none."""
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise UsageError(f"{name}: expected a whole number, found {written[:20]!r}", hint="as in first=0&count=100")
    return int(written)
