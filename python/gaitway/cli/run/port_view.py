"""What a person sees while `gaitway run --port` goes on: gaitwayd's log, and below it the robot's live status."""

import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from gaitway.api import Connection
from gaitway.api.state import checked
from gaitway.cli.run.settings import RunSettings
from gaitway.cli.top.top import LOOKS, screen
from gaitway.errors import GaitwayError
from gaitway.printable import printable
from gaitway.robot import Robot

if TYPE_CHECKING:
    from gaitway.twin import Daemon

_RATE_HZ = 5.0
#: What of an event is no detail of it.
_NO_DETAIL = ("t", "level", "event", "hint", "tick")
#: Details that are a sentence of their own.
_SENTENCES = ("why", "error", "what", "problem", "does", "fault")
_KEYS = "[dim]space: emergency stop · c clears it · h: all keys · Ctrl-C: limp softly and end[/]"


class PortView:
    """Lines for what happens; at a terminal also the robot's status, in place."""

    def __init__(self, robot: Robot, contract: str, settings: RunSettings) -> None:
        title = f"{robot.title} · {contract}"
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._told = 0
        self._has_told_end = False
        self._connection: Connection | None = None
        self._seen = 0
        self._rows: deque[dict[str, Any]] = deque(maxlen=LOOKS)
        self._has_keys = sys.stdin is not None and sys.stdin.isatty()
        commanded = settings.command is not None or settings.script is not None
        asks = "" if commanded or settings.keyboard else ", stands: gaitway walk in another terminal moves it"
        self._console.print(f"on {settings.port}: {escape(title)} · gaitwayd{escape(asks)}")

    def update(self, daemon: "Daemon", failure: GaitwayError | None) -> None:
        """Says what is new, and shows how the robot is."""
        for event in daemon.events[self._told :]:
            self._tell(event)
        self._told = len(daemon.events)
        if failure is not None and not self._has_told_end:
            self._has_told_end = True
            self._console.print(f"[yellow]the command ended: {escape(failure.message)}[/]")
        if self._console.is_terminal:
            self._show(daemon)

    def close(self) -> None:
        """Takes the status away."""
        if self._live is not None:
            self._live.stop()
        if self._connection is not None:
            self._connection.close()

    def _show(self, daemon: "Daemon") -> None:
        try:
            row = self._look(daemon)
        except GaitwayError:
            # It is about to end, begins anew, or serves no API: the lines above say what happens.
            if self._connection is not None and self._connection.has_ended:
                self._connection.close()
                self._connection, self._seen = None, 0
            return
        if row is None:
            return
        self._rows.append(row)
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(screen(self._rows, subtitle=_KEYS if self._has_keys else None), refresh=True)

    def _look(self, daemon: "Daemon") -> dict[str, Any] | None:
        """How the robot is; None where there is nothing new."""
        if self._connection is None:
            if daemon.api_socket is None:
                return None
            self._connection = Connection(daemon.api_socket, client="gaitway run, view")
            self._connection.request("subscribe", topics=["status", "joints"], rate_hz=_RATE_HZ)
        self._seen, joints = self._connection.newest("joints", after=self._seen, timeout_s=0.0)
        _, status = self._connection.newest("status", timeout_s=0.0)
        return checked(self._connection.hello, status, joints)

    def _tell(self, event: dict[str, Any]) -> None:
        """A line for what a person wants to know: states, keys, warnings, errors."""
        level, name = event["level"], event["event"]
        if name == "state":
            text = f"[bold]{escape(event['to'])}[/] ({escape(event['reason'])})"
        elif name == "keys":
            if not self._has_keys:
                return
            text = escape(", ".join(f"{key}: {does}" for key, does in event["keys"].items()))
        elif level in ("warn", "error") or name in ("key", "fault gone", "stays limp", "policy waits", "stopping"):
            colour = {"warn": "yellow", "error": "bold red"}.get(level, "default")
            text = f"[{colour}]{escape(name)}[/]: {escape(printable(_details(event)))}"
        else:
            return
        self._console.print(f"{event['t']:8.2f} s  {text}")
        if event.get("hint"):
            self._console.print(f"            [cyan]hint:[/] {escape(printable(str(event['hint'])))}")


def _details(event: dict[str, Any]) -> str:
    """What else an event says, in one line."""
    parts = []
    for key, value in event.items():
        if key in _NO_DETAIL or value is None:
            continue
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        parts.append(text if key in _SENTENCES else f"{key} {text}")
    return ", ".join(parts)
