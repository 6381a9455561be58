"""What is promised of the clock, and whether a measurement shows it."""

from typing import Any

#: The last wake-up is at most so far from its place, ns.
MAX_DRIFT_NS = 1_000_000
#: Beside busy processes p99 of lateness is at most this part of the peer's.
MAX_LOAD_RATIO = 1 / 20
#: A busy Python thread moves p99 of lateness up by at most this, ns: a hundredth of the period at 200 Hz.
MAX_THREAD_SHIFT_NS = 50_000

_Row = dict[str, Any]


def marks(measured: dict[str, Any]) -> list[_Row]:
    """Each promise with our figure, the largest that keeps it, the peer's figure, and whether it is kept."""
    drift, thread, overruns = (measured[name] for name in ("drift", "thread", "overruns"))
    policies = [row for row in overruns.values() if isinstance(row, dict)]
    unreported = sum(abs(row["unreported"]) for row in (drift["ours"], *policies))
    load = measured["load"]["lateness_ns"]
    ours_p99, python_p99 = load["ours"]["p99"], load["python"]["p99"]
    shift, python_shift = _shift(thread, "quiet", "busy"), _shift(thread, "python_quiet", "python_busy")
    return [
        mark("drift", "ns", abs(drift["ours"]["drift_ns"]), MAX_DRIFT_NS, abs(drift["python"]["drift_ns"])),
        mark("ticks_unreported", "ticks", unreported, 0, None),
        mark("p99_beside_busy_processes", "ns", ours_p99, python_p99 * MAX_LOAD_RATIO, python_p99),
        mark("p99_moved_by_busy_thread", "ns", shift, MAX_THREAD_SHIFT_NS, python_shift),
        mark("overruns_unnoticed", "ticks", sum(row["unnoticed_stalls"] for row in policies), 0, None),
    ]


def _shift(thread: _Row, quiet: str, busy: str) -> int:
    """How far p99 is higher beside the thread than without it, less how far the canary's is: that is the machine."""
    moved, machine = (thread[key][busy]["p99"] - thread[key][quiet]["p99"] for key in ("lateness_ns", "canary_ns"))
    return max(0, int(moved) - max(0, int(machine)))


def mark(name: str, unit: str, ours: float, limit: float, python: float | None) -> _Row:
    """A promise: our figure, the largest that keeps it, the peer's, and whether it is kept."""
    return {"name": name, "unit": unit, "ours": ours, "limit": limit, "python": python, "passed": ours <= limit}
