"""What `gaitway bench rt` shows people."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gaitway.bench.clock import Progress as Tell

#: Marks in words.
_MARKS = {
    "drift": "drift in {seconds:g} s at {drift_hz} Hz",
    "ticks_unreported": "ticks unreported",
    "p99_beside_busy_processes": "p99, busy processes",
    "p99_moved_by_busy_thread": "p99 moved by a busy thread",
    "overruns_unnoticed": "over-long ticks unnoticed",
}
_PEER = "Python's sleep is how the published runtime keeps time: time.sleep of what a tick left of its period."
_CANARY = (
    "The canary only looks at the clock, in a thread of higher priority than any other, on each core. No program may "
    "stop it, so its lateness is the machine's own: the host took the core away, or the kernel did not let go. "
    "What a loop's p99.9 and max say of the loop is what lies above the canary's."
)


@contextmanager
def measuring(*, shown: bool) -> Iterator[Tell]:
    """A bar on stderr. It is drawn between measurements only: while one runs nothing of ours moves."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not shown)
    with bar:
        task = bar.add_task("")

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total, refresh=True)

        yield tell


def print_clock(result: dict[str, Any]) -> None:
    """Prints the lateness of every loop, the account of overruns, and the marks."""
    console = Console(highlight=False)
    granted = "SCHED_FIFO granted" if result["real_time"] else "[yellow]SCHED_FIFO not granted, run as root[/]"
    spin = " to ".join(f"{ns / 1000:.0f}" for ns in result["spin_ns"].values())
    console.print(f"{result['cores']} cores, kernel {result['kernel']}, {granted}, spin window {spin} µs")
    console.print(_lateness(result))
    console.print(f"[dim]{_PEER}\n{_CANARY}[/]")
    console.print(_overruns(result["overruns"]))
    console.print(_marks(result))


def _lateness(result: dict[str, Any]) -> Table:
    table = Table("lateness, µs", "p50", "p99", "p99.9", "max")
    load, thread = result["load"], result["thread"]
    beside = f"{load['rate_hz']} Hz, {load['processes']} busy processes"
    late, canary = load["lateness_ns"], load["canary_ns"]
    quiet, busy = (f"{thread['rate_hz']} Hz{beside}" for beside in ("", ", a busy Python thread"))
    rows = [
        (f"ours, {result['drift']['rate_hz']} Hz", result["drift"]["ours"]["lateness_ns"]),
        (f"ours, {beside}", late["ours"]),
        ("  canary meanwhile", canary["ours"]),
        ("  without SCHED_FIFO", late["ours_ordinary"]),
        ("  canary meanwhile", canary["ours_ordinary"]),
        ("Python's sleep, the same", late["python"]),
        ("  canary meanwhile", canary["python"]),
        (f"ours, {quiet}", thread["lateness_ns"]["quiet"]),
        (f"ours, {busy}", thread["lateness_ns"]["busy"]),
        (f"Python's sleep, {quiet}", thread["lateness_ns"]["python_quiet"]),
        (f"Python's sleep, {busy}", thread["lateness_ns"]["python_busy"]),
    ]
    for title, row in rows:
        table.add_row(title, *(f"{ns / 1000:.1f}" for ns in row.values()))
    return table


def _overruns(overruns: dict[str, Any]) -> Table:
    columns = ("run", "skipped", "caught_up", "held", "unreported", "stalls", "unnoticed_stalls")
    headings = ("run", "skipped", "caught up", "held", "unreported", "over-long", "unnoticed")
    caption = f"ticks; the over-long ones take {overruns['stall_periods']} periods, on purpose"
    table = Table("overruns", *headings, caption=caption)
    for policy, row in overruns.items():
        if isinstance(row, dict):
            table.add_row(policy, *(str(row[name]) for name in columns))
    return table


def _marks(result: dict[str, Any]) -> Table:
    table = Table("mark", "ours", "at most", "Python", "")
    for mark in result["marks"]:
        title = _MARKS[mark["name"]].format(seconds=result["seconds"], drift_hz=result["drift"]["rate_hz"])
        figures = (_figure(mark[name], mark["unit"]) for name in ("ours", "limit", "python"))
        table.add_row(title, *figures, "[green]kept[/]" if mark["passed"] else "[red]missed[/]")
    return table


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value / 1000:.1f} µs" if unit == "ns" else f"{value:g}"
