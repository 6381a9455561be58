"""`gaitway view`: a robot in a browser, one that runs, simulated or recorded."""

import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway import signals
from gaitway.cli.common.options import Config
from gaitway.errors import DaemonError, PolicyError, UsageError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.policy import Policy
    from gaitway.robot import Robot
    from gaitway.view import LocalSource, RecordedRun, SimulationSource


def view(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[ROBOT|RECORDING]",
            help="Robot by name or path to a profile, which is simulated; or a recording, .mcap "
            f"(default: the robot that runs on this machine, else {DEFAULT_ROBOT} simulated).",
            show_default=False,
        ),
    ] = None,
    socket: Annotated[
        str | None,
        typer.Option(
            "--socket", metavar="PATH", help="Socket of gaitwayd's local API, or tcp://HOST:PORT of --listen."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File of the pairing key, for tcp:// (default: this user's).")
    ] = None,
    robot: Annotated[
        str | None, typer.Option("--robot", help="Robot of the recording or of gaitwayd, by name or path.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="ONNX file of the policy, or its name (default: the robot's).")
    ] = None,
    config: Config = None,
    pushes: Annotated[bool, typer.Option("--pushes", help="Push the simulated robot at random times.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port on 127.0.0.1 (default: a free one).")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
) -> None:
    """Show a robot in a browser: one that runs under gaitwayd, one in simulation, or a recording.

    A robot that runs, or is simulated, is steered from the page. The page is served on 127.0.0.1 until Ctrl-C, to
    whoever has the address that is printed.
    """
    from gaitway.view import ViewServer

    with ExitStack() as stack:
        shown: RecordedRun | SimulationSource | LocalSource
        if what is not None and what.endswith(".mcap"):
            _refuse("a recording has its own", {"--policy": policy, "--socket": socket})
            shown = _recording(Path(what), robot, config)
        else:
            running = _running(socket, robot, config, key) if what is None and policy is None and not pushes else None
            if running is None:
                _refuse("a simulated robot is not behind a socket", {"--socket": socket})
                _refuse(f"a simulated robot is named without it: gaitway view {robot}", {"--robot": robot})
            shown = running or _simulation(what or DEFAULT_ROBOT, policy, config, seed, pushes=pushes)
            stack.callback(shown.close)
        ended = threading.Event()
        server = stack.enter_context(ViewServer(shown, port=port))
        with signals.caught(lambda _: ended.set()):
            # A program that started this one reads the address from the first line.
            typer.echo(server.url)
            typer.echo("open it in a browser on this machine; Ctrl-C ends", err=True)
            if not no_open and has_display():
                typer.launch(server.url)
            while not ended.wait(0.2):
                pass


def has_display() -> bool:
    """Whether a window would have a screen."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _refuse(why: str, options: dict[str, object]) -> None:
    """Raises UsageError for an option that was given although it makes no sense."""
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name}: {why}", hint=f"leave {name} out")


def _recording(path: Path, named: str | None, config: Path | None) -> "RecordedRun":
    from gaitway.robot import Robot
    from gaitway.view import load_recorded

    return load_recorded(path, None if named is None else Robot.load(named, config=config))


def _running(socket: str | None, named: str | None, config: Path | None, key: Path | None) -> "LocalSource | None":
    """The robot that runs under gaitwayd; None where none does and no socket was named."""
    from gaitway.api import default_socket
    from gaitway.api.address import is_elsewhere
    from gaitway.robot import Robot
    from gaitway.view import LocalSource

    where: Path | str = default_socket()
    if socket is not None:
        where = socket if is_elsewhere(socket) else Path(socket)
    robot = None if named is None else Robot.load(named, config=config)
    try:
        source = LocalSource(where, robot, key=key)
    except DaemonError as error:
        if socket is not None or robot is not None:
            raise
        typer.echo(f"{error.message}: simulating {DEFAULT_ROBOT}", err=True)
        return None
    typer.echo(f"{source.robot.title}, which runs under gaitwayd at {where}", err=True)
    return source


def _simulation(named: str, policy: Path | None, config: Path | None, seed: int, *, pushes: bool) -> "SimulationSource":
    from gaitway.robot import Robot
    from gaitway.sim import Pushes, World
    from gaitway.view import SimulationSource

    robot = Robot.load(named, config=config)
    return SimulationSource(robot, _policy(robot, policy), seed=seed, world=World(pushes=Pushes() if pushes else None))


def _policy(robot: "Robot", named: Path | None) -> "Policy | None":
    """The policy to run; None for a robot that has none."""
    from gaitway.policy import Policy

    if named is not None:
        return Policy.load(robot.policy_file(named), robot=robot)
    try:
        _ = robot.default_policy
    except PolicyError:
        typer.echo(
            f"{robot.name} has no policy: it holds its pose, or what the page asks; name one: --policy", err=True
        )
        return None
    return Policy.default(robot)
