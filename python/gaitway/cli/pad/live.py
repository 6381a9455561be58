"""A pad, shown while somebody tries it."""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from gaitway._native import axes

if TYPE_CHECKING:
    from gaitway._native import PadState

#: Cells of a stick's bar, to each side of its middle.
_HALF = 10


def asked_of(command: Sequence[float], moved: Sequence[str]) -> dict[str, float]:
    """What a pad's standard command asks of a robot whose axes `moved` it moves."""
    return {axis: value for axis, value in zip(axes(), command, strict=False) if axis in moved}


class PadLive:
    """Sticks, triggers and buttons as they stand, and above them every press, and every axis once.

    On what is no terminal only the lines; with `quiet` nothing.
    """

    def __init__(self, found: dict[str, Any], *, quiet: bool) -> None:
        self._found = found
        self._console = Console(quiet=quiet, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._title = escape(f"{found['name'] or found['path']} · layout {found['layout']}")
        self._axes: set[int] = set()

    def __enter__(self) -> "PadLive":
        self.say(f"pad {self._title}")
        moved = self._found["moves"]
        self.say(f"{self._found['robot']}: the sticks move {', '.join(moved) or 'none of its command axes'}")
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """A line above."""
        self._console.print(line)

    def update(self, state: "PadState") -> None:
        """Shows how it stands."""
        for kind, code, value, meaning in state["events"]:
            if (kind == "axis" and code not in self._axes) or (kind == "key" and value == 1):
                self.say(f"{kind} {code:#x}: {meaning or 'nothing in this layout'}")
            if kind == "axis":
                self._axes.add(code)
        if self._console.is_terminal:
            self._live.update(self._panel(state), refresh=True)

    def _panel(self, state: "PadState") -> Panel:
        table = Table.grid(padding=(0, 3))
        for side, stick in (("left", state["left"]), ("right", state["right"])):
            table.add_row(f"{side} stick", _bar(stick[0]), f"right {stick[0]:+.2f}", f"up {stick[1]:+.2f}")
        left, right = state["triggers"]
        table.add_row("triggers", "", f"left {left:.2f}", f"right {right:.2f}")
        table.add_row("buttons", " ".join(state["held"]))
        command = asked_of(state["command"], self._found["moves"])
        asked = " ".join(f"{axis} {value:+.2f}" for axis, value in command.items() if value)
        mode = "[dim]the sticks move the head[/]" if state["moves_head"] else ""
        table.add_row("asks for", asked or "nothing", mode)
        return Panel(table, title=self._title)


def _bar(way: float) -> str:
    """A stick from left to right, the mark where it is."""
    at = round(way * _HALF) + _HALF
    return "".join("●" if cell == at else "┊" if cell == _HALF else "─" for cell in range(2 * _HALF + 1))
