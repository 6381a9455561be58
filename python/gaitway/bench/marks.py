"""What is promised of the clock, and whether a measurement shows it."""

from typing import Any

#: The last wake-up is at most so far from its place, ns.
MAX_DRIFT_NS = 1_000_000
#: Beside busy processes p99 of lateness is at most this part of the peer's.
MAX_LOAD_RATIO = 1 / 20
#: A busy Python thread moves p99 of lateness by at most this, ns: a hundredth of the period at 200 Hz.
MAX_THREAD_SHIFT_NS = 50_000

_Row = dict[str, Any]


def marks(measured: dict[str, Any]) -> list[_Row]:
    """Each promise with our figure, the largest that keeps it, the peer's figure, and whether it is kept."""
    drift, load, thread, overruns = (measured[name] for name in ("drift", "load", "thread", "overruns"))
    policies = [row for row in overruns.values() if isinstance(row, dict)]
    unreported = sum(abs(row["unreported"]) for row in (drift["ours"], *policies))
    late, shift = load["lateness_ns"], thread["lateness_ns"]
    python_p99 = late["python"]["p99"]
    return [
        _mark("drift", "ns", abs(drift["ours"]["drift_ns"]), MAX_DRIFT_NS, abs(drift["python"]["drift_ns"])),
        _mark("ticks_unreported", "ticks", unreported, 0, None),
        _mark("p99_beside_busy_processes", "ns", late["ours"]["p99"], python_p99 * MAX_LOAD_RATIO, python_p99),
        _mark(
            "p99_moved_by_busy_thread",
            "ns",
            abs(shift["busy"]["p99"] - shift["quiet"]["p99"]),
            MAX_THREAD_SHIFT_NS,
            abs(shift["python_busy"]["p99"] - shift["python_quiet"]["p99"]),
        ),
        _mark("overruns_unnoticed", "ticks", sum(row["unnoticed_stalls"] for row in policies), 0, None),
    ]


def _mark(name: str, unit: str, ours: float, limit: float, python: float | None) -> _Row:
    return {"name": name, "unit": unit, "ours": ours, "limit": limit, "python": python, "passed": ours <= limit}
