"""What `gaitway bench record` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from gaitway.cli.bench.marks import print_marks

_WHO = {
    "gaitway": "Gaitway, a whole tick into the ring",
    "foxglove": "foxglove-sdk from Python, 512 bytes",
    "mcap": "mcap in Python, 512 bytes",
}


def print_record(result: dict[str, Any]) -> None:
    """Prints what the calling thread waits for, and the marks."""
    console = Console(highlight=False)
    table = Table(title=f"ns of the calling thread, medians of {result['rounds']} rounds")
    for column in ("", "p50", "p99", "p99.9", "longest"):
        table.add_column(column, justify="right" if column else "left")
    for name, title in _WHO.items():
        row = result["push_ns"].get(name)
        figures = [f"{row[key]:.0f}" for key in ("p50", "p99", "p99_9", "max")] if row else ["not installed"]
        table.add_row(title, *figures)
    console.print(table)
    print_marks(console, result["marks"])


def print_replay(result: dict[str, Any]) -> None:
    """Prints what was walked, what became of it on every path, and the marks."""
    console = Console(highlight=False)
    size = result["bytes"] / 1e6
    console.print(f"{result['seconds']:g} s walked: {result['ticks']} ticks in {result['files']} files, {size:.0f} MB")
    for path, found in result["paths"].items():
        console.print(f"{path}: {found['same']} the same, {found['different']} different, {found['skipped']} skipped")
    print_marks(console, result["marks"])
