"""What `gaitway bench wire` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from gaitway.cli.bench.marks import print_marks


def print_wire(result: dict[str, Any]) -> None:
    """Prints what every command came to both ways, the errors, and the marks."""
    console = Console(highlight=False)
    table = Table(title=f"Mean velocity in {result['seconds']:g} s: m/s, m/s, rad/s")
    for column in ("command", "lockstep", "over the wire"):
        table.add_column(column, justify="right")
    for run in result["runs"]:
        wire = _row(run["wire"]["velocity"]) + (" fell" if run["wire"]["falls"] else "")
        table.add_row(_row(run["command"]), _row(run["lockstep"]["velocity"]), wire)
    table.add_section()
    table.add_row("mean error", *(_row(result["error"][way].values()) for way in ("lockstep", "wire")))
    console.print(table)
    print_marks(console, result["marks"])


def _row(values: Any) -> str:
    return " ".join(f"{value:7.3f}" for value in values)
