"""What `gaitway bench env` shows people."""

from typing import Any

from rich.console import Console


def print_env(result: dict[str, Any]) -> None:
    """Prints the control steps a second of each way to step an environment."""
    console = Console(highlight=False)
    console.print(f"{result['robot']}: control steps a second, median, and slowest to fastest")
    for name, rate in result["steps_per_s"].items():
        slowest, fastest = result["slowest_and_fastest"][name]
        console.print(f"{name}: [bold]{rate:.0f}[/] ({slowest:.0f} to {fastest:.0f})")
