"""What `gaitway bench tick` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_tick(result: dict[str, Any]) -> None:
    """Prints the times of a tick and of the network beside their peers."""

    console = Console(highlight=False)
    console.print(f"{result['policy']} on {result['cpu_path']}, medians of {result['rounds']} rounds")
    table = Table("", "p50 µs", "p99 µs")
    for name in ("tick", "inference", "onnxruntime", "numpy"):
        row = result[name]
        cells = (f"{row['p50_ns'] / 1000:.2f}", f"{row['p99_ns'] / 1000:.2f}") if row else ("not installed", "")
        table.add_row(name, *cells)
    console.print(table)
    for name, ratio in result["ratios"].items():
        console.print(f"{name.replace('_', ' ')}: [bold]{ratio:.2f}[/]")
    console.print(f"allocations per tick: [bold]{result['allocations_per_tick']:g}[/]")
    if result["instructions_per_inference"] is not None:
        console.print(f"instructions per inference: [bold]{result['instructions_per_inference']}[/] (callgrind)")
