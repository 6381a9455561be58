"""What `gaitway bench rt` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from gaitway.cli.bench.api_report import crowd_table

#: Marks in words.
_MARKS = {
    "drift": "drift in {seconds:g} s at {drift_hz} Hz",
    "ticks_unreported": "ticks unreported",
    "p99_beside_busy_processes": "p99, busy processes",
    "p99_moved_by_busy_thread": "p99 moved by a busy thread",
    "overruns_unnoticed": "over-long ticks unnoticed",
}
_LOAD = {
    "ours": "{rate_hz} Hz, busy processes",
    "ours_ordinary": "  ordinary thread",
    "python": "  python",
}
_THREAD = {
    "quiet": "{rate_hz} Hz",
    "python_quiet": "  python",
    "busy": "{rate_hz} Hz, busy thread",
    "python_busy": "  python",
}
_LEGEND = """
Lateness is the time from the wake-up that was asked for to the one that came. "python" is how the published runtime
keeps time: time.sleep of what a tick left of its period, in an ordinary thread. The canary only sleeps, on each core,
in a thread of higher priority than any other, during the same time: no program may stop it, so its long latenesses
are the machine's own. The last three columns are its p99, p99.9 and max; a loop answers for what lies above them."""


def print_clock(result: dict[str, Any]) -> None:
    """Prints the lateness of every loop, the account of overruns, and the marks."""
    console = Console(highlight=False)
    granted = "SCHED_FIFO granted" if result["real_time"] else "[yellow]SCHED_FIFO not granted, run as root[/]"
    spin = " to ".join(f"{ns / 1000:.0f}" for ns in result["spin_ns"].values())
    console.print(f"{result['cores']} cores, kernel {result['kernel']}, {granted}, spin window {spin} µs")
    console.print(_lateness(result))
    console.print(" ".join(_LEGEND.split()), style="dim")
    load, thread = result["load"]["p99_ratio"], result["thread"]["p99_ratios"]
    console.print(f"p99 beside busy processes: ours is [bold]{load:.4f}[/] of python's")
    console.print(
        f"p99 with a busy Python thread to p99 without: ours [bold]{thread['ours']:.2f}[/], "
        f"the canary {thread['canary']:.2f}, python {thread['python']:.2f}"
    )
    console.print(_overruns(result["overruns"]))
    console.print(_marks(result))
    if "clients" in result:
        console.print(crowd_table(result["clients"]))


def _lateness(result: dict[str, Any]) -> Table:
    table = Table("lateness, µs", "p50", "p99", "p99.9", "max", "canary", "p99.9", "max")
    drift, load, thread = (result[name] for name in ("drift", "load", "thread"))
    rows = [(f"{drift['rate_hz']} Hz", drift["ours"]["lateness_ns"], drift["ours"]["canary_ns"])]
    for part, titles in ((load, _LOAD), (thread, _THREAD)):
        rows += [
            (title.format(**part), part["lateness_ns"][name], part["canary_ns"][name]) for name, title in titles.items()
        ]
    for title, late, canary in rows:
        figures = [*late.values(), *(canary[name] for name in ("p99", "p99_9", "max"))]
        table.add_row(title, *(f"{ns / 1000:.1f}" if ns < 100_000 else f"{ns / 1000:.0f}" for ns in figures))
    return table


def _overruns(overruns: dict[str, Any]) -> Table:
    columns = ("run", "skipped", "caught_up", "held", "unreported", "stalls", "unnoticed_stalls")
    headings = ("run", "skipped", "caught up", "held", "lost", "over-long", "unnoticed")
    caption = f"ticks, lost: not reported; over-long: {overruns['stall_periods']} periods, on purpose"
    table = Table("policy", *headings, caption=caption)
    for policy, row in overruns.items():
        if isinstance(row, dict):
            table.add_row(policy, *(str(row[name]) for name in columns))
    return table


def _marks(result: dict[str, Any]) -> Table:
    table = Table("mark", "ours", "at most", "python", "")
    for mark in result["marks"]:
        title = _MARKS[mark["name"]].format(seconds=result["seconds"], drift_hz=result["drift"]["rate_hz"])
        figures = (_figure(mark[name], mark["unit"]) for name in ("ours", "limit", "python"))
        table.add_row(title, *figures, "[green]kept[/]" if mark["passed"] else "[red]missed[/]")
    return table


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value / 1000:.1f} µs" if unit == "ns" else f"{value:g}"
