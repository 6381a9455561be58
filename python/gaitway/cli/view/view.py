"""`gaitway view`: a robot in a browser, simulated or recorded."""

import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway import signals
from gaitway.cli.common.options import Config
from gaitway.errors import PolicyError, UsageError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.policy import Policy
    from gaitway.robot import Robot
    from gaitway.view import RecordedRun, SimulationSource


def view(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[ROBOT|RECORDING]",
            help=f"Robot by name or path to a profile, which is simulated; or a recording, .mcap "
            f"(default: {DEFAULT_ROBOT}).",
            show_default=False,
        ),
    ] = None,
    robot: Annotated[str | None, typer.Option("--robot", help="Robot of the recording, by name or path.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="ONNX file of the policy, or its name (default: the robot's).")
    ] = None,
    config: Config = None,
    pushes: Annotated[bool, typer.Option("--pushes", help="Push the simulated robot at random times.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port on 127.0.0.1 (default: a free one).")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
) -> None:
    """Show a robot in a browser: one that walks in simulation and can be steered, or a recording with a timeline.

    The page is served on 127.0.0.1 until Ctrl-C, to whoever has the address that is printed.
    """
    from gaitway.view import ViewServer

    with ExitStack() as stack:
        shown: RecordedRun | SimulationSource
        if what is not None and what.endswith(".mcap"):
            if policy is not None:
                raise UsageError("--policy: a recording has its own", hint="leave it out")
            shown = _recording(Path(what), robot, config)
        else:
            if robot is not None:
                raise UsageError("--robot goes with a recording", hint=f"gaitway view {robot}")
            shown = _simulation(what or DEFAULT_ROBOT, policy, config, seed, pushes=pushes)
            stack.callback(shown.close)
        ended = threading.Event()
        server = stack.enter_context(ViewServer(shown, port=port))
        with signals.caught(lambda _: ended.set()):
            # A program that started this one reads the address from the first line.
            typer.echo(server.url)
            typer.echo("open it in a browser on this machine; Ctrl-C ends", err=True)
            if not no_open and _has_display():
                typer.launch(server.url)
            while not ended.wait(0.2):
                pass


def _recording(path: Path, named: str | None, config: Path | None) -> "RecordedRun":
    from gaitway.robot import Robot
    from gaitway.view import load_recorded

    return load_recorded(path, None if named is None else Robot.load(named, config=config))


def _simulation(named: str, policy: Path | None, config: Path | None, seed: int, *, pushes: bool) -> "SimulationSource":
    from gaitway.robot import Robot
    from gaitway.sim import Pushes, World
    from gaitway.view import SimulationSource

    robot = Robot.load(named, config=config)
    return SimulationSource(robot, _policy(robot, policy), seed=seed, world=World(pushes=Pushes() if pushes else None))


def _policy(robot: "Robot", named: Path | None) -> "Policy | None":
    """The policy to run; None for a robot that has none and stands in its pose."""
    from gaitway.policy import Policy

    if named is not None:
        return Policy.load(robot.policy_file(named), robot=robot)
    try:
        _ = robot.default_policy
    except PolicyError:
        typer.echo(f"{robot.name} has no policy: it holds its default pose; name one with --policy", err=True)
        return None
    return Policy.default(robot)


def _has_display() -> bool:
    """Whether a browser would have a screen."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
