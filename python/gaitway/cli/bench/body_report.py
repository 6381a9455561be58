"""How `gaitway bench body` shows what it measured."""

from typing import Any

from rich.console import Console
from rich.table import Table

from gaitway.cli.bench.marks import print_marks


def print_body(result: dict[str, Any]) -> None:
    """Prints medians of both, each round, and the marks."""
    console = Console(highlight=False)
    table = Table(title=f"µs, {result['rounds']} rounds of {result['seconds']:g} s")
    for column in ("", "computing p50", "p99", "late p50", "p99"):
        table.add_column(column, justify="right" if column else "left")
    for index, (bare, full) in enumerate(zip(*result["runs"].values(), strict=True)):
        table.add_row(f"{index + 1}, bare", *_row(bare))
        table.add_row("   everything", *_row(full), end_section=True)
    for name, row in result["median"].items():
        table.add_row(f"median, {name}", *_row(row))
    console.print(table)
    print_marks(console, result["marks"])


def _row(run: dict[str, Any]) -> list[str]:
    return [f"{run[key][share] / 1000:.1f}" for key in ("compute_ns", "lateness_ns") for share in ("p50", "p99")]
