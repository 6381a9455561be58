"""`gaitway run --view` and `--keyboard`: a run that is looked at while it goes on, and driven by keys."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from gaitway import signals
from gaitway.cli.run.keys import Keys
from gaitway.cli.run.settings import RunSettings
from gaitway.cli.view.view import has_display
from gaitway.errors import UsageError
from gaitway.socket_folder import socket_folder

if TYPE_CHECKING:
    from gaitway.controller import Controller
    from gaitway.robot import Robot
    from gaitway.sim import RobotSim, Run, Script
    from gaitway.sim.window import Window
    from gaitway.twin import Walk
    from gaitway.view import WatchedRun

_WAYS = ("auto", "web")
#: The page's server ends within this time, s.
_ENDS_WITHIN_S = 5.0
#: Pictures a second of MuJoCo's viewer.
_PICTURES_HZ = 30


class ViewCommand(TyperCommand):
    """A command whose `--view` may stand alone: typer knows no option whose value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Writes out what `--view` alone means."""
        written: list[str] = []
        for index, each in enumerate(args):
            written.append(each)
            if each == "--view" and (index + 1 == len(args) or args[index + 1] not in _WAYS):
                written.append("auto")
        return super().parse_args(ctx, written)


def check(settings: RunSettings) -> None:
    """Raises UsageError for what cannot be looked at or driven so."""
    if settings.view is not None and settings.view not in _WAYS:
        raise UsageError(f"--view: expected web, or nothing behind it, found {settings.view!r}", hint="--view web")
    if not settings.keyboard:
        return
    options = {"--command": settings.command, "--script": settings.script, "--fast": settings.fast}
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"--keyboard and {', '.join(given)} exclude each other", hint="the keys are the command")


def script(settings: RunSettings, robot: "Robot") -> "tuple[Script, float]":
    """The run that keys drive: one command, which changes, for as long as somebody drives."""
    from gaitway.sim import Script, Segment
    from gaitway.sim.lockstep import MAX_S

    seconds = float(MAX_S) if settings.seconds is None else settings.seconds
    return Script((Segment("keyboard", seconds, robot.command()),)), seconds


@contextmanager
def opened(
    settings: RunSettings, sim: "RobotSim", controller: "Controller", plan: "Script"
) -> "Iterator[Callable[[Run], bool]]":
    """What is shown beside a simulated run; yields what is to be called after every tick, False to end the run."""
    if settings.view is None and not settings.keyboard:
        yield lambda _: True
        return
    from gaitway.view import WatchedRun

    ended: list[bool] = []
    shown = WatchedRun(sim, controller, plan.segments[0].command if settings.keyboard else None)
    others = {" ": shown.stop_button.press, "c": shown.stop_button.clear, "q": lambda: ended.append(True)}
    with ExitStack() as stack:
        keys = Keys(shown.steering.ranges, others) if settings.keyboard else None
        # First, so that an error of theirs finds the terminal as it was.
        window = _window(settings, sim, None if keys is None else keys.in_window)
        if window is not None:
            stack.callback(window.close)
        else:
            _serve(stack, shown)
        if keys is not None:
            stack.enter_context(keys)
        every = max(1, round(sim.loop_hz / _PICTURES_HZ))

        def look(run: "Run") -> bool:
            if keys is not None:
                keys.read()
            shown.look(run, {} if keys is None else keys.command())
            if window is not None and run.ticks % every == 0:
                window.draw()
            return not ended and (window is None or window.is_open)

        yield look


@contextmanager
def over_the_wire(settings: RunSettings, sim: "RobotSim") -> "Iterator[Beside]":
    """What is shown beside the twin."""
    with socket_folder("gaitway-view-") as folder:
        beside = Beside(settings, sim, Path(folder))
        try:
            yield beside
        finally:
            beside.close()


class Page:
    """`gaitway view` of what a gaitwayd says: a process of its own, for which nothing here waits."""

    def __init__(self, robot: str) -> None:
        """Of a robot of this name or profile."""
        self._robot = robot
        self._process: subprocess.Popen[bytes] | None = None

    def show(self, api_socket: Path | None) -> None:
        """Opens the page as soon as gaitwayd can be asked, and not before."""
        if self._process is None and api_socket is not None and api_socket.exists():
            command = [sys.executable, "-m", "gaitway.cli", "view", "--socket", str(api_socket)]
            # Its first line, the address, is for a person; stdout is for the report.
            self._process = subprocess.Popen(
                [*command, "--robot", self._robot],
                stdout=sys.stderr.fileno(),
                preexec_fn=signals.bound_to_this_process(),
            )

    def close(self) -> None:
        """Ends the page's server."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Beside:
    """MuJoCo's viewer of the twin's truth, or the page of what gaitwayd says."""

    def __init__(self, settings: RunSettings, sim: "RobotSim", folder: Path) -> None:
        from gaitway.api import default_socket

        self._is_web = settings.view is not None and not _has_window(settings)
        self._window = _window(settings, sim, None) if settings.view is not None else None
        self._page = Page(settings.robot)
        # The usual one is where gaitway top and others look; another robot's is left alone.
        usual = default_socket()
        is_free = not usual.exists() and os.access(usual.parent, os.W_OK)
        self._socket = settings.socket or (usual if is_free else folder / "api.sock")
        #: More arguments for gaitwayd.
        self.arguments: list[str | Path] = ["--socket", self._socket] if self._is_web else []

    def showing(self, show: "Callable[[Walk], None]") -> "Callable[[Walk], None]":
        """What is to be called now and then, `show` included."""

        def both(walk: "Walk") -> None:
            show(walk)
            self._show(walk)

        return both

    def close(self) -> None:
        """Closes what was opened."""
        if self._window is not None:
            self._window.close()
        self._page.close()

    def _show(self, walk: "Walk") -> None:
        if self._window is not None:
            self._window.draw()
            # Who closes the window has seen enough.
            if not self._window.is_open and not walk.interrupted:
                walk.interrupted = True
                walk.daemon.signal()
        if self._is_web:
            self._page.show(self._socket)


def _has_window(settings: RunSettings) -> bool:
    """Whether MuJoCo's own viewer can be opened; on macOS it needs a Python of its own."""
    return settings.view != "web" and sys.platform != "darwin" and has_display()


def _window(settings: RunSettings, sim: "RobotSim", key: "Callable[[int], None] | None") -> "Window | None":
    if not _has_window(settings):
        return None
    from gaitway.sim.window import Window

    return Window(sim, sim.loop_hz, key)


def _serve(stack: ExitStack, shown: "WatchedRun") -> None:
    from gaitway.view import ViewServer

    server = stack.enter_context(ViewServer(shown))
    stack.callback(shown.end)
    typer.echo(f"view: {server.url}", err=True)
    if has_display():
        typer.launch(server.url)
