"""What `gaitway bench switches` shows people."""

from typing import Any

from rich.console import Console
from rich.table import Table

_LEGEND = """
Sensors are noisy. Standing: the way over the ground from the first to the last tick, joint speed as root mean square,
tilt as mean and largest, by the default policy alone and by the set. Acceleration: the largest of any joint within the
ten ticks after a switch, and within any ten ticks while one policy runs: of the goals, and of the joint itself."""


def print_switches(result: dict[str, Any]) -> None:
    """Prints how the robot stands, what came of the switches, and how hard joints were moved."""
    console = Console(highlight=False)
    console.print(_still(result))
    console.print(_switched(result))
    console.print(" ".join(_LEGEND.split()), style="dim")


def _still(result: dict[str, Any]) -> Table:
    drift = f"drift in {result['still_s']:g} s, mm"
    table = Table("model", "nobody asks to move", drift, "joint speed, rad/s", "tilt, °", "largest", "falls")
    for model, found in result["models"].items():
        for which, row in found["still"].items():
            table.add_row(
                model,
                "default policy alone" if which == "alone" else "policy set",
                f"{row['drift_m'] * 1000:.1f}",
                f"{row['joint_speed_rps']:.3f}",
                f"{row['tilt_deg']:.1f}",
                f"{row['largest_tilt_deg']:.1f}",
                f"{row['falls']} of {row['runs']}",
            )
    return table


def _switched(result: dict[str, Any]) -> Table:
    table = Table("model", "", "switches", "falls", "at gait ticks", "goals, rad/s²: p50", "max", "joints: p50", "max")
    for model, found in result["models"].items():
        for name, row in found["to"].items():
            phases = ", ".join(f"{phase:g}" for phase in row["fell_at_phase_ticks"])
            style = "red" if row["falls"] else None
            table.add_row(
                model, f"to {name}", str(row["switches"]), str(row["falls"]), phases, *_bends(row), style=style
            )
        for name, row in found["between"].items():
            table.add_row(model, f"{name}, for comparison", "", "", "", *_bends(row))
    return table


def _bends(row: dict[str, Any]) -> list[str]:
    keys = ("goal_rps2_p50", "goal_rps2_max", "joint_rps2_p50", "joint_rps2_max")
    return [f"{row[key]:.0f}" for key in keys]
