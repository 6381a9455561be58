"""What `gaitway bench bus` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

_LINKS = {
    "ideal": "ideal bus",
    "turnaround_50us": "50 µs turnaround",
    "usb_1ms": "USB hands over every ms",
}
_PROGRAMS = {
    "closed_loop": "closed loop, 400 Hz",
    "bare_closed_loop": "  without the driver",
    "walk": "walking, 50 Hz, slow reads",
    "rustypot_walk": "rustypot, 50 Hz",
    "back_to_back": "never waiting",
    "rustypot_back_to_back": "rustypot, never waiting",
}
_MARKS = {
    "overhead_share": "overhead / wire, 400 Hz, p50",
    "overhead_share_walking": "overhead / wire, walking, p50",
    "lost_at_400_hz": "ticks lost or incomplete, 400 Hz",
    "cycle": "cycle, never waiting",
}
_LEGEND = """
A cycle is a tick: from its start until the wire has carried all of it. The wire's part is what the emulated servos say
it was taken for: bytes, turnarounds, and what USB keeps back. All the rest is overhead, the pseudo-terminal's own
included, through which every byte takes the kernel's wake-ups; "without the driver" shows how much that is: the same
bytes, made beforehand, without decoding. "first bit" is the part of the overhead before it, "twin late" is the p99 of
what the emulator took to hand over. Where a program never waits, one tick runs into the next, and its figures are
means. Our loop is a SCHED_FIFO thread, rustypot an ordinary process as its runtime is; each has one CPU, the emulator
the others. The canary, p99 here, sleeps beside them in a thread of higher priority than any other:
its long latenesses are the machine's own."""


def print_bus(result: dict[str, Any]) -> None:
    """Prints the row of every program on every bus, and the marks."""
    console = Console(highlight=False)
    granted = "SCHED_FIFO granted" if result["real_time"] else "[yellow]real time not granted, run as root[/]"
    console.print(f"{result['cores']} cores, kernel {result['kernel']}, {granted}, load {result['load']:.1f}")
    for link, rows in result["links"].items():
        console.print(_table(_LINKS[link], rows))
    console.print(" ".join(_LEGEND.split()), style="dim")
    console.print(_marks(result["marks"]))


def _table(title: str, rows: dict[str, Any]) -> Table:
    headings = (
        "wire",
        "cycle",
        "p99",
        "overhead",
        "share",
        "first bit",
        "twin late",
        "Hz",
        "lost",
        "CPU",
        "canary",
    )
    table = Table(f"{title}, µs", *headings)
    for name, program in _PROGRAMS.items():
        if name in rows:
            table.add_row(program, *_cells(rows[name]))
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    paced = "overhead_share_p50" in row
    middle = "p50" if paced else "mean"
    lost = row["skipped"] + row["incomplete"]
    return [
        _us(row["wire_ns"]),
        _us(row["cycle_ns"][middle]),
        _us(row["cycle_ns"]["p99"]),
        _us(row["overhead_ns"][middle]),
        f"{row['overhead_share_p50' if paced else 'overhead_share']:.2%}",
        _us(row["lead_ns"]) if paced else "",
        _us(row["twin_ns"]["p99"]) if paced else "",
        "" if paced else f"{row['rate_hz']:.0f} of {row['limit_hz']:.0f}",
        f"{lost} of {row['ticks']}",
        "" if row["cpu_ns"] is None else _us(row["cpu_ns"]),
        _us(row["canary_ns"]["p99"]),
    ]


def _marks(marks: list[dict[str, Any]]) -> Table:
    table = Table("mark", "ours", "at most", "rustypot", "")
    for mark in marks:
        figures = (_figure(mark[name], mark["unit"]) for name in ("ours", "limit", "python"))
        table.add_row(_MARKS[mark["name"]], *figures, "[green]kept[/]" if mark["passed"] else "[red]missed[/]")
    return table


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{_us(value)} µs" if unit == "ns" else f"{value:.2%}"


def _us(ns: float) -> str:
    return f"{ns / 1000:.1f}" if ns < 100_000 else f"{ns / 1000:.0f}"
