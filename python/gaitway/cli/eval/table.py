"""The tables of `gaitway eval`."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gaitway.evaluate.acceptance import reasons
from gaitway.evaluate.battery import NAMED_SWEEPS, SWEEP_AXES

if TYPE_CHECKING:
    from gaitway.evaluate.acceptance import Criterion

#: What is written for a figure there is none for.
_NONE = "none"

# What is named, where it stands, and its format: the rows of the table, as far as the parts were played.
_ROWS: tuple[tuple[str, str, str], ...] = (
    ("tracking, {model}: forward, m/s", "tracking/{model}/error/vx", ".4f"),
    ("tracking, {model}: sideways, m/s", "tracking/{model}/error/vy", ".4f"),
    ("tracking, {model}: turning, rad/s", "tracking/{model}/error/wz", ".4f"),
    ("upstream's solver, {model}: forward, m/s", "upstream/{model}/error/vx", ".4f"),
    ("upstream's solver, {model}: sideways, m/s", "upstream/{model}/error/vy", ".4f"),
    ("upstream's solver, {model}: turning, rad/s", "upstream/{model}/error/wz", ".4f"),
    ("head, {model}: mean error, rad", "heads/{model}/error_rad", ".3f"),
    ("standing, {model}: drift, mm/s", "still/{model}/drift_mps", "mm"),
    ("standing, {model}: joint speed, rad/s", "still/{model}/joint_motion_rps", ".3f"),
    ("falls from home, {model}", "falls/{model}/home", "rate"),
    ("falls from perturbed joints, {model}", "falls/{model}/perturbed", "rate"),
    ("load, {model}: action change", "tracking/{model}/effort/action_change", ".3f"),
    ("load, {model}: second change", "tracking/{model}/effort/action_second_change", ".3f"),
    ("load, {model}: torque, rms N·m", "tracking/{model}/effort/torque_rms_nm", ".3f"),
    ("load, {model}: energy, J/m", "tracking/{model}/effort/energy_per_metre_j", ".0f"),
    ("load, {model}: cost of transport", "tracking/{model}/effort/cost_of_transport", ".2f"),
    ("load, {model}: slip, m/s", "tracking/{model}/effort/slip_mps", ".3f"),
)


def print_result(result: dict[str, Any], criteria: "tuple[Criterion, ...]", report: Path | None) -> None:
    """Prints the figures side by side, the acceptance criteria beside them, and what comes of these."""
    console = Console(highlight=False, soft_wrap=True)
    policies = result["policies"]
    bounds = {criterion.figure: criterion.bound for criterion in criteria}
    table = Table("", *(escape(policy["name"]) for policy in policies), "limit")
    for name, figure, text in _rows(policies[0]["parts"]):
        cells = [_cell(policy["parts"], figure, text, bounds) for policy in policies]
        bound = bounds.get(figure if text != "rate" else f"{figure}/share")
        table.add_row(name, *cells, "" if bound is None else f"≤ {bound:.3g}")
    for name, figure in _steps(policies[0]["parts"]):
        table.add_row(name, *(_step(_find(policy["parts"], figure)) for policy in policies), "")
    for part in (*SWEEP_AXES, *NAMED_SWEEPS):
        if part in policies[0]["parts"]:
            worst = (_worst(policy["parts"][part]["points"]) for policy in policies)
            table.add_row(f"worst of {part}: vx, vy, wz", *worst, "")
    hours = result["simulated_s"] / 3600
    console.print(table)
    console.print(f"{result['runs']} runs, {hours:.2f} simulated hours, seed {result['seed']}")
    for policy in policies:
        if "acceptance" in policy:
            _print_verdict(console, policy)
    if report is not None:
        console.print(f"report: [bold]{escape(str(report))}[/]")


def _print_verdict(console: Console, policy: dict[str, Any]) -> None:
    missed = reasons(policy)
    fit = "[bold red]not fit for hardware[/]" if missed else "[bold green]fit for hardware[/]"
    console.print(f"{escape(policy['name'])}: {fit}")
    for reason in missed:
        console.print(f"  {reason}", markup=False, style="yellow")


def _rows(parts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Rows of single figures, for every model there are figures for."""
    for name, figure, text in _ROWS:
        for model in parts.get(figure.partition("/")[0], {}):
            yield name.format(model=model), figure.format(model=model), text
    for model, gaits in parts.get("pushes", {}).items():
        for gait, speeds in gaits.items():
            for speed in speeds:
                yield f"falls, {gait}, pushed by {speed} m/s, {model}", f"pushes/{model}/{gait}/{speed}", "rate"


def _steps(parts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for axis in parts.get("steps", {}):
        yield f"step of {axis}: rise, overshoot, stop", f"steps/{axis}"


def _cell(parts: dict[str, Any], figure: str, text: str, bounds: dict[str, float]) -> str:
    found = _find(parts, figure)
    if found is None:
        return _NONE
    if text == "rate":
        low, high = found["interval"]
        shown = f"{found['falls']}/{found['runs']} ({100 * low:.0f} to {100 * high:.0f} %)"
        return _coloured(shown, found["share"], bounds.get(f"{figure}/share"))
    shown = f"{1000 * found:.1f}" if text == "mm" else f"{found:{text}}"
    return _coloured(shown, found, bounds.get(figure))


def _coloured(shown: str, value: float, bound: float | None) -> str:
    return shown if bound is None else f"[{'green' if value <= bound else 'red'}]{shown}[/]"


def _step(step: dict[str, Any]) -> str:
    rise, stop = (_NONE if step[key] is None else f"{step[key]:.2f} s" for key in ("rise_s", "stop_s"))
    over = _NONE if step["overshoot"] is None else f"{100 * step['overshoot']:.0f} %"
    return f"{rise}, {over}, {stop}"


def _worst(points: list[dict[str, Any]]) -> str:
    """The point of a sweep with the largest error along the ground, and the falls at all points."""
    point = max(points, key=lambda point: math.hypot(point["error"]["vx"], point["error"]["vy"]))
    fell, runs = (sum(point["falls"][key] for point in points) for key in ("falls", "runs"))
    error = " ".join(f"{value:.3f}" for value in point["error"].values())
    falls = f", [red]{fell}/{runs} fell[/]" if fell else ""
    return f"{error} at {escape(point['point'])}{falls}"


def _find(parts: dict[str, Any], figure: str) -> Any:
    found: Any = parts
    for key in figure.split("/"):
        found = found[key]
    return found
