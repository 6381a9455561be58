"""What the wake-ups of a loop say about it."""

import math
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaitway._native import Wake

#: After so many ticks that were run one is over-long on purpose, and takes so many periods.
STALL_EVERY, STALL_PERIODS = 20, 3.5


def period_ns(rate_hz: int) -> int:
    """The period of a rate, ns."""
    return round(1e9 / rate_hz)


def quantiles(values: list[int]) -> dict[str, int]:
    """p50, p99, p99.9 and the largest: the smallest value that such a share of the values does not exceed."""
    ordered = sorted(values)
    shares = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    return {name: ordered[max(1, math.ceil(share * len(ordered))) - 1] for name, share in shares.items()}


def time_calls(call: Callable[[int], object], calls: int) -> dict[str, int]:
    """Quantiles of the durations of `calls` calls, ns; a tenth as many before them only warm up."""
    clock = time.perf_counter_ns
    times = []
    for number in range(calls // 10 + calls):
        start = clock()
        call(number)
        times.append(clock() - start)
    return quantiles(times[calls // 10 :])


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over rounds."""
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def account(wakes: "list[Wake]", period: int) -> dict[str, Any]:
    """How many ticks were reported and how many the clock saw, and how far the last wake-up is from its place.

    The pacer's tick numbers and deadlines are not asked: a tick that it lost would be missing in them too.
    """
    first, last = wakes[0], wakes[-1]
    reported = sum(wake.skipped + (wake.held or 1) for wake in wakes[1:])
    elapsed_ns = last.now_ns - first.now_ns
    return {
        "run": sum(not wake.hold for wake in wakes),
        "skipped": sum(wake.skipped for wake in wakes),
        "caught_up": sum(wake.caught_up for wake in wakes),
        "held": sum(wake.held for wake in wakes),
        "unreported": (last.now_ns - first.deadline_ns) // period - reported,
        "drift_ns": elapsed_ns - reported * period,
        "lateness_ns": quantiles([wake.lateness_ns for wake in wakes]),
    }


def unnoticed_stalls(wakes: "list[Wake]", period: int) -> tuple[int, int]:
    """How many over-long ticks were run, and after how many the next wake-up did not say so."""
    stalls = unnoticed = run = 0
    for wake, following in pairwise(wakes):
        if wake.hold:
            continue
        run += 1
        if run % STALL_EVERY == 0:
            stalls += 1
            said = following.skipped > 0 or following.hold or following.caught_up
            late = following.lateness_ns >= (STALL_PERIODS - 1) * period
            unnoticed += not (said and late)
    return stalls, unnoticed
