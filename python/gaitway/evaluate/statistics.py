"""Small statistics of runs."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of the normal distribution, for 95 %.
_Z = 1.959964


def wilson(count: int, runs: int) -> tuple[float, float]:
    """The interval in which the true share lies with 95 %, where `count` of `runs` did."""
    if runs == 0:
        return (0.0, 1.0)
    share, z2 = count / runs, _Z**2
    centre = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = _Z / (1 + z2 / runs) * math.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    # Rounding must not put the ends beyond what was counted.
    return (min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def rate(count: int, runs: int) -> dict[str, Any]:
    """Falls as people count them: how many of how many, the share, and the interval it is known to."""
    return {
        "falls": count,
        "runs": runs,
        "share": count / runs if runs else 0.0,
        "interval": list(wilson(count, runs)),
    }


def step_figures(curve: Floats, hz: int, lead_ticks: int, held_ticks: int, asked: float) -> dict[str, float | None]:
    """Rise, overshoot and stop of a mean response to a command step that is held and taken back.

    The end value is the mean of the last second of the step. Times are None where the robot never got there.
    """
    step, rest = curve[lead_ticks : lead_ticks + held_ticks], curve[lead_ticks + held_ticks :]
    end = float(step[-hz:].mean())
    if abs(end) < 0.1 * abs(asked):
        return {"end": end, "rise_s": None, "overshoot": None, "stop_s": None}
    share = step / end
    tenth, most = _first(share >= 0.1), _first(share >= 0.9)
    stopped = _first(rest / end < 0.1)
    return {
        "end": end,
        "rise_s": None if tenth is None or most is None else (most - tenth) / hz,
        "overshoot": max(0.0, float(share.max()) - 1.0),
        "stop_s": None if stopped is None else stopped / hz,
    }


def smooth(values: Floats, ticks: int) -> Floats:
    """Centred mean over some ticks."""
    ones = np.ones(ticks)
    mean: Floats = np.convolve(values, ones, mode="same") / np.convolve(np.ones(len(values)), ones, mode="same")
    return mean


def _first(true: NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(true)
    return int(found[0]) if len(found) else None
