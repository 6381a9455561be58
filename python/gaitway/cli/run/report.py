"""The closing report of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gaitway.command import VELOCITY_AXES
from gaitway.sim.trace import path_length_m, tracking

if TYPE_CHECKING:
    from gaitway.controller import Controller
    from gaitway.sim import Run


def print_report(
    run: "Run", controller: "Controller", picture: Path | None, video: Path | None, recording: Path | None
) -> None:
    """Prints how far it walked, how well it tracked each command, how often it fell, and where the pictures are.

    Of a robot that is not asked to go anywhere, only how long it ran.
    """
    console = Console(highlight=False, soft_wrap=True)
    figures = run.figures()
    fell = f"[bold red]{run.falls} fall(s)[/]" if run.falls else "[bold green]no fall[/]"
    ended = ", ended early as asked" if run.interrupted else ""
    if controller.robot.has_axes(*VELOCITY_AXES):
        console.print(
            f"walked [bold]{path_length_m(run.trace):.2f} m[/] in {run.seconds:.1f} s{ended}, "
            f"ended {figures['distance_m'][0]:+.2f} m, {figures['distance_m'][1]:+.2f} m from the start, {fell}"
        )
        if run.ticks:
            console.print(_tracking_table(run))
    else:
        console.print(f"ran {run.seconds:.1f} s{ended}" + (f", {fell}" if run.falls else ""))
    console.print(_timing(run))
    limited = figures["limited_by"]
    changed = ", ".join(f"{reason} {ticks}" for reason, ticks in limited.items() if ticks)
    console.print(f"safety filter: {figures['refusals']} ticks refused, limited: {changed or 'nothing'}")
    console.print(f"contract [bold]{escape(controller.policy.contract.name)}[/], {controller.verdict}")
    for override in (*controller.overrides, *controller.robot.ignored):
        console.print(f"  [yellow]{escape(override)}[/]")
    for name, path in (("picture", picture), ("film", video), ("recording", recording)):
        if path is not None:
            console.print(f"{name}: [bold]{escape(str(path))}[/]")


def _tracking_table(run: "Run") -> Table:
    columns = ("segment", "s", "forward, m/s", "left, m/s", "turning, rad/s")
    table = Table(*columns, caption="commanded and mean measured, the first second of each segment left out")
    for row in tracking(run.trace, run.script):
        pairs = zip(row.commanded, row.measured, strict=True)
        cells = (f"{commanded:+.2f} → {measured:+.3f}" for commanded, measured in pairs)
        table.add_row(escape(row.name), f"{row.seconds:.0f}", *cells)
    return table


def _timing(run: "Run") -> str:
    work = sorted(run.work_ns)
    p50_us, p99_us = (work[int(len(work) * share)] / 1000 if work else 0.0 for share in (0.5, 0.99))
    text = f"{run.ticks} ticks, work p50 {p50_us:.0f} µs, p99 {p99_us:.0f} µs (physics and Python included)"
    if run.pacer is None:
        return f"{text}, {run.realtime_factor:.1f} × real time"
    p50_late_us, p99_late_us = (run.pacer.lateness_ns(share) / 1000 for share in (0.5, 0.99))
    late = f"woke late by p50 {p50_late_us:.1f} µs, p99 {p99_late_us:.0f} µs"
    return f"{text}\n{late}, {run.pacer.skipped} ticks skipped"
