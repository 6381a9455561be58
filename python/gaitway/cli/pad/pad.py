"""`gaitway pad`: what a gamepad says and what would come of it, a layout for one that nobody knows, and a key for one
that is elsewhere."""

import os
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import signals
from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway._native import Pad, PadState

app = typer.Typer(no_args_is_help=True, help="Test a gamepad, map its buttons, or pair a remote one.")

_Path = Annotated[Path | None, typer.Option("--pad", help="Input device; the first pad that is found where left out.")]
_Json = Json
_LOOK_S = 0.05


@app.command("test")
def try_out(
    path: _Path = None,
    layout: Annotated[
        Path | None, typer.Option(help="Name of a layout, or a file; by the pad's name where left out.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="How long; until it is interrupted where left out.")] = None,
    robot: RobotName = DEFAULT_ROBOT,
    policy: Annotated[
        Path | None, typer.Option(help="Policy whose ranges full sticks ask for (default: the robot's walk).")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show what the gamepad says, and what the robot would be asked. Moves nothing."""
    from gaitway.bringup.pad import moved_axes
    from gaitway.cli.pad.live import PadLive, asked_of

    loaded = Robot.load(robot)
    moves = moved_axes(loaded)
    pad = _open(path, layout, loaded, policy)
    found: dict[str, Any] = {"name": pad.name, "path": str(pad.path), "layout": pad.layout}
    found |= {"robot": loaded.name, "moves": moves}
    seen: dict[str, Any] = {"events": 0, "pressed": []}
    with PadLive(found, quiet=as_json) as live:
        for state in _states(pad, seconds):
            if state is None:
                live.say("the pad is gone")
                break
            events, pressed = seen["events"] + len(state["events"]), seen["pressed"] + state["pressed"]
            seen = {**state, "events": events, "pressed": pressed}
            live.update(state)
    if as_json:
        print_json(found | seen | {"command": asked_of(seen.get("command", []), moves)})


@app.command("map")
def learn(
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the layout goes, .toml.")],
    path: _Path = None,
    as_json: _Json = False,
) -> None:
    """Ask for one stick and one button after the other, and write a layout. Enter skips what a gamepad lacks."""
    from gaitway.bringup.pad import Learner

    if not output.absolute().parent.is_dir():
        raise UsageError(f"{output}: expected a folder to write into, found none", hint="make it first")
    # A layout is of the pad alone, whatever the robot.
    pad = _open(path, None, Robot.load())
    learner = Learner(pad.axes())
    heard = _heard(pad)
    for step in learner.steps():
        typer.echo(f"{step.ask} (Enter: it has none)", err=True)
        for event in heard:
            if event is None:
                break
            if learner.take(step, *event):
                typer.echo(f"  {step.name}: {event[0]} {event[1]:#x}", err=True)
                break
            if learner.problem:
                typer.echo(f"  {learner.problem}: again, or Enter", err=True)
    learner.save(output, pad.name)
    if as_json:
        print_json({"file": str(output), "name": pad.name, "sticks": learner.sticks, "buttons": learner.buttons})
    else:
        typer.echo(f"{output}: gaitwayd --commands --pad-layout {output}")


@app.command("pair")
def pair(
    key: Annotated[
        Path | None, typer.Option(help="Where the key goes; in the folder of this user's state where left out.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Make the key that a robot and the programs that drive it over a network share: once, on either side."""
    from gaitway._native import make_pad_key, pad_key_path

    path = key or Path(pad_key_path())
    make_pad_key(path)
    named = f" --key {path.name}"
    if as_json:
        print_json({"file": str(path)})
        return
    typer.echo(f"{path}: a new key. Whoever has it can drive the robot; only you may read it.")
    typer.echo(f"copy it to the robot:  scp -p {path} robot.local:{path.name}")
    typer.echo(f"start it there:        gaitwayd --listen 0.0.0.0:9872{named}")
    typer.echo(f'and drive it here:     gaitway.connect("tcp://robot.local"{f", key={str(path)!r}" if key else ""})')
    typer.echo(f"as a remote gamepad:   gaitwayd --pad-listen 0.0.0.0:9871{named}, gaitway.Remote here")


def _open(path: Path | None, layout: Path | None, robot: Robot, policy: Path | None = None) -> "Pad":
    """The pad; a full stick asks for what the policy, or else the robot's own, was trained for."""
    from gaitway._native import Pad
    from gaitway.bringup.pad import moved_axes
    from gaitway.policy import Policy

    own = robot.folder / "walk.onnx"
    if policy is None and not own.is_file():
        if moves := moved_axes(robot):
            message = f"{robot.name}: expected a policy that says how far {', '.join(moves)} go, found none of its own"
            raise UsageError(message, hint="name one: --policy FILE.onnx")
        # The sticks ask nothing of it; any contract shows the pad.
        robot = Robot.load()
    file = robot.policy_file(policy or "walk")
    return Pad(Policy.load(file, robot=robot).contract, path=path, layout=layout)


def _states(pad: "Pad", seconds: float | None) -> "Iterator[PadState | None]":
    """How it stands whenever something came, and now and then; None where it is gone."""
    stopped: list[int] = []
    end = None if seconds is None else time.monotonic() + seconds
    with signals.caught(stopped.append):
        while not stopped and (end is None or time.monotonic() < end):
            yield pad.wait(_LOOK_S)


def _heard(pad: "Pad") -> Iterator[tuple[str, int, int] | None]:
    """Kind, code and value of every event; None where somebody pressed Enter."""
    can_skip = True
    while True:
        state = pad.wait(_LOOK_S)
        if state is None:
            raise UsageError("the pad is gone", hint="plug it in, and begin again")
        yield from ((kind, code, value) for kind, code, value, _ in state["events"])
        if can_skip and select.select([sys.stdin], [], [], 0)[0]:
            lines = os.read(sys.stdin.fileno(), 4096)
            can_skip = lines != b""
            yield from (None for _ in range(lines.count(b"\n")))
