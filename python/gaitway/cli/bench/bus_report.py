"""What `gaitway bench bus` shows people."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

#: An emulator that hands over so late, p99, was itself kept from its work, ns: a tenth of a cycle.
DISTURBED_NS = 200_000

_LINKS = {
    "ideal": "ideal bus",
    "turnaround_50us": "50 µs turnaround",
    "usb_1ms": "USB hands over every ms",
}
_PROGRAMS = {
    "closed_loop": "400 Hz",
    "bare_closed_loop": "  without driver",
    "walk": "50 Hz, slow reads",
    "rustypot_walk": "  rustypot, 50 Hz",
    "back_to_back": "never waiting",
    "rustypot_back_to_back": "  rustypot",
}
_MARKS = {
    "overhead_share": "overhead / wire, 400 Hz, p50",
    "overhead_share_walking": "overhead / wire, walking, p50",
    "lost_at_400_hz": "ticks lost or incomplete, 400 Hz",
    "cycle": "cycle, never waiting",
}
_LEGEND = """
A cycle is a tick: from its start until the wire has carried all of it. The wire's part is what the emulated servos say
it was taken for: bytes, turnarounds, and what USB keeps back. The rest is overhead, the pseudo-terminal's own
included, through which bytes take the kernel's wake-ups; "without driver" shows how much that is: the same bytes, made
beforehand, without decoding. Medians; where a program never waits one tick runs into the next, and there are means.
CPU is the program's own in a tick. Our loop is a SCHED_FIFO thread on one CPU, the emulator has the others, and
rustypot is an ordinary process, as its runtime is. The canary sleeps beside them in threads of higher priority than any
other: its long latenesses are the machine's own."""


def print_bus(result: dict[str, Any]) -> None:
    """Prints the row of every program on every bus, and the marks."""
    console = Console(highlight=False)
    granted = "SCHED_FIFO granted" if result["real_time"] else "[yellow]real time not granted, run as root[/]"
    console.print(f"{result['cores']} cores, kernel {result['kernel']}, {granted}, load {result['load']:.1f}")
    for link, rows in result["links"].items():
        console.print(_table(_LINKS[link], rows))
    late = result["twin_late_ns"]
    console.print(f"emulator late by, µs: p50 {_us(late['p50'])}, p99 {_us(late['p99'])}")
    if late["p99"] > DISTURBED_NS:
        console.print("[yellow]Other programs kept the CPU from the emulator: these are no figures of the driver.[/]")
    console.print(f"canary beside the worst of these, µs: {_canary(result['links'])}")
    console.print(" ".join(_LEGEND.split()), style="dim")
    console.print(_marks(result["marks"]))


def _table(title: str, rows: dict[str, Any]) -> Table:
    headings = ("wire", "cycle", "p99", "over", "share", "Hz", "lost", "CPU")
    style: dict[str, Any] = {
        "title_justify": "left",
        "box": box.SIMPLE_HEAD,
        "pad_edge": False,
        "padding": (0, 1, 0, 0),
    }
    table = Table(title=f"{title}, µs", **style)
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, program in _PROGRAMS.items():
        if name in rows:
            table.add_row(program, *_cells(rows[name]))
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    paced = "overhead_share_p50" in row
    middle = "p50" if paced else "mean"
    return [
        _us(row["wire_ns"]),
        _us(row["cycle_ns"][middle]),
        _us(row["cycle_ns"]["p99"]),
        _us(row["overhead_ns"][middle]),
        f"{row['overhead_share_p50' if paced else 'overhead_share']:.2%}",
        "" if paced else f"{row['rate_hz']:.0f}",
        f"{row['skipped'] + row['incomplete']}/{row['ticks']}",
        "" if row["cpu_ns"] is None else _us(row["cpu_ns"]),
    ]


def _canary(links: dict[str, Any]) -> str:
    """The largest of the canary's figures over all measurements, µs."""
    rows = [row["canary_ns"] for programs in links.values() for row in programs.values()]
    return ", ".join(
        f"{name.replace('_', '.')} {_us(max(row[name] for row in rows))}" for name in ("p50", "p99", "max")
    )


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
