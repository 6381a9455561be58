"""What `gaitway bench nets` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

_IN_L2 = {True: "yes", False: "no", None: "?"}


def print_nets(result: dict[str, Any]) -> None:
    """Prints a network a line: its weights, and our time beside onnxruntime's with warm and with cold caches."""
    console = Console(highlight=False)
    l2 = "unknown" if result["l2_bytes"] is None else f"{_kib(result['l2_bytes'])} KiB a core"
    paths = ", ".join(sorted({row["cpu_path"] for row in result["networks"]}))
    console.print(f"{paths}, L2 {l2}, medians of {result['rounds']} rounds")
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("network", overflow="fold")
    for name in ("KiB", "in L2", "warm µs", "ratio", "threads", "cold µs", "ratio", "threads"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result["networks"]:
        cells = [cell for caches in ("warm", "cold") for cell in _cells(row[caches])]
        table.add_row(row["network"], _kib(row["weights_bytes"]), _IN_L2[row["fits_l2"]], *cells)
    console.print(table)
    console.print("ratio: our time ÷ onnxruntime's on one thread; threads: on as many as it takes")
    missed = [row["network"] for row in result["networks"] if row["warm"]["ratio_to_onnxruntime"] > row["max_ratio"]]
    console.print(f"above the promised ratio: [bold]{', '.join(missed) or 'none'}[/]")


def _cells(times: dict[str, float]) -> tuple[str, str, str]:
    one, several = (f"{times[name]:.2f}" for name in ("ratio_to_onnxruntime", "ratio_to_onnxruntime_threads"))
    return f"{times['native_ns'] / 1000:.1f}", f"[bold]{one}[/]", several


def _kib(count: int) -> str:
    return f"{count / 1024:,.0f}"
