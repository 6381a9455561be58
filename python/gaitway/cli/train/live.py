"""The live view of a training."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from gaitway.command import VELOCITY_AXES

if TYPE_CHECKING:
    from gaitway.train.config import Config
    from gaitway.train.trainer import Progress

#: Seconds between two pictures, and between two lines where there is no terminal.
_REFRESH_S, _LINE_S = 0.5, 30.0


class TrainingLive:
    """Shows rate, time left, rewards, tracking errors and falls while a training runs."""

    def __init__(self, config: "Config", *, shown: bool) -> None:
        self._config = config
        self._console = Console(stderr=True, highlight=False)
        self._shown = shown
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._told_s = 0.0

    def __enter__(self) -> "TrainingLive":
        if self._shown and self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def update(self, progress: "Progress") -> None:
        """Shows the training as it stands, now and then."""
        now_s = time.monotonic()
        pause_s = _REFRESH_S if self._console.is_terminal else _LINE_S
        if not self._shown or now_s - self._told_s < pause_s:
            return
        self._told_s = now_s
        if self._console.is_terminal:
            self._live.update(self._panel(progress), refresh=True)
        else:
            self._console.print(self._line(progress))

    def _line(self, progress: "Progress") -> str:
        last = progress.curve[-1]
        errors = " ".join(f"{last.get(f'error/{axis}', float('nan')):.3f}" for axis in VELOCITY_AXES)
        return (
            f"{progress.steps / 1e6:6.2f} M  {progress.seconds / 60:5.1f} min  {self._rate(progress):6.0f}/s  "
            f"reward {50 * last['reward']:6.2f}  errors {errors}  falls {last['falls_per_1000']:5.2f}  "
            f"std {last['std']:.2f}"
        )

    def _panel(self, progress: "Progress") -> Panel:
        last, total = progress.curve[-1], self._config.run.steps
        rate = self._rate(progress)
        left_min = (total - progress.steps) / max(rate, 1.0) / 60
        top = Table.grid(padding=(0, 3))
        top.add_row(
            f"{progress.steps / 1e6:.2f} of {total / 1e6:g} M steps", f"{rate:.0f}/s", f"{left_min:.0f} min left"
        )
        errors = [f"{axis} {last.get(f'error/{axis}', float('nan')):.3f}" for axis in VELOCITY_AXES]
        top.add_row("mean error", *errors)
        top.add_row("falls in 1000 steps", f"{last['falls_per_1000']:.2f}", f"std {last['std']:.2f}")
        terms = Table.grid(padding=(0, 2))
        for name in self._config.rewards:
            terms.add_row(f"[dim]{name}[/]", f"{last[f'reward/{name}']:.4g}")
        bar = ProgressBar(total=total, completed=progress.steps)
        return Panel(Group(top, terms, bar), title=f"training {self._config.run.task}")

    def _rate(self, progress: "Progress") -> float:
        recent = progress.curve[-20:]
        seconds = sum(row["walk_s"] + row["learn_s"] for row in recent)
        first = recent[0]["steps"] - self._config.run.robots * self._config.ppo.rollout
        return (recent[-1]["steps"] - first) / max(seconds, 1e-9)
