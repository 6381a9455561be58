"""What `gaitway bench train` shows people."""

from typing import Any

from rich.console import Console


def print_training(result: dict[str, Any]) -> None:
    """Prints how fast robots are stepped and learned from, and the marks."""

    console = Console(highlight=False)
    physics = result["physics"]
    console.print(
        f"{result['robots']} robots, {result['threads']} threads, {physics['model']}; steps of "
        f"{1e3 * physics['coarse_s']:g} ms, {physics['fine_share']:.0%} of {1e3 * physics['fine_s']:g} ms, at most "
        f"{physics['iterations_at_most']} iterations"
    )
    for name, rate in result["steps_per_s"].items():
        console.print(f"{name}: [bold]{rate:.0f}[/] control steps a second")
    learning = result["learning"]
    console.print(
        f"with the network: {learning['samples']} steps walked in {learning['walk_s']:.2f} s, learned from in "
        f"{learning['learn_s']:.2f} s: [bold]{learning['steps_per_s']:.0f}[/] a second"
    )
    for mark in result["marks"]:
        verdict = "kept" if mark["passed"] else "missed"
        console.print(f"{mark['what']}: {mark['found']:+.1%}, at most {mark['at_most']:+.0%}: [bold]{verdict}[/]")
