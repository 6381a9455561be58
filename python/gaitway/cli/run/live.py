"""The live status of a run."""

import math
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from gaitway.command import VELOCITY_AXES
from gaitway.sim.lockstep import MAX_S

if TYPE_CHECKING:
    from gaitway.controller import Controller
    from gaitway.sim import Run

_REFRESH_S = 0.2
#: Ticks the shown speed is averaged over: one gait.
_MEAN_TICKS = 27


class LiveStatus:
    """Shows a run while it goes on; on what is no terminal, only how it starts."""

    def __init__(self, controller: "Controller", seconds: float) -> None:
        policy = controller.policy
        self._seconds = seconds
        self._title = escape(f"{controller.robot.title} · {policy.contract.name} · {policy.engine} engine")
        self._console = Console(stderr=True)
        self._walks, self._axes = controller.robot.has_axes(*VELOCITY_AXES), controller.robot.command_axes
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._shown_s = 0.0
        self._ticks = 0

    def __enter__(self) -> "LiveStatus":
        if self._console.is_terminal:
            self._live.start()
        else:
            length = "until Ctrl-C" if self._seconds >= MAX_S else f"{self._seconds:g} s"
            self._console.print(f"running {length}: {self._title}", highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self, run: "Run") -> None:
        """Shows the run as it stands, a few times a second."""
        now_s = time.monotonic()
        if not self._console.is_terminal or now_s - self._shown_s < _REFRESH_S:
            return
        rate_hz = (run.ticks - self._ticks) / (now_s - self._shown_s) if self._shown_s else math.nan
        self._shown_s, self._ticks = now_s, run.ticks
        self._live.update(self._panel(run, rate_hz), refresh=True)

    def _panel(self, run: "Run", rate_hz: float) -> Panel:
        vx, vy, wz = run.trace.mean_velocity(_MEAN_TICKS)
        segment = run.script.segments[int(run.trace["segment"][-1])].name
        table = Table.grid(padding=(0, 3))
        if self._walks:
            (asked,) = run.trace.asked_velocity(1)
            table.add_row("", "[dim]forward[/]", "[dim]left[/]", "[dim]turning[/]")
            table.add_row("commanded", *(f"{value:+.3f}" for value in asked))
            measured = (f"{vx:+.3f}", f"{vy:+.3f}", f"{wz:+.3f}")
            table.add_row("measured", *measured, "[dim]m/s, m/s, rad/s, mean of a gait[/]")
        else:
            row = zip(self._axes.items(), run.trace["command"][-1], strict=True)
            table.add_row("commanded", *(f"{escape(axis)} {value:+.3f} {escape(unit)}" for (axis, unit), value in row))
        if self._walks:
            tilt_deg = math.degrees(run.trace["tilt"][-1])
            table.add_row("tilt", f"{tilt_deg:.1f}°", "falls", str(run.falls))
        table.add_row("tick", f"{rate_hz:.1f} Hz", "work", f"{_recent_us(run.work_ns):.0f} µs")
        if run.pacer is not None:
            p99_us = run.pacer.lateness_ns(0.99) / 1000
            table.add_row("lateness", f"p99 {p99_us:.0f} µs", "skipped", str(run.pacer.skipped))
        bar = Table.grid(expand=True)
        bar.add_row(table)
        bar.add_row(ProgressBar(total=self._seconds, completed=run.seconds))
        of = "" if self._seconds >= MAX_S else f" of {self._seconds:g}"
        return Panel(bar, title=self._title, subtitle=f"{escape(segment)} · {run.seconds:.1f}{of} s")


def _recent_us(work_ns: list[int]) -> float:
    recent = sorted(work_ns[-50:])
    return recent[len(recent) // 2] / 1000 if recent else 0.0
