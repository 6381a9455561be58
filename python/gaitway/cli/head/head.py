"""`gaitway head`: the robot stands, and its head follows a gamepad, or looks around by itself."""

import math
import os
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway import signals
from gaitway.cli.common.options import Config, Port
from gaitway.errors import DaemonError, UsageError
from gaitway.robot import DEFAULT_PORT

if TYPE_CHECKING:
    from gaitway.contract import Contract

app = typer.Typer(no_args_is_help=True, help="Move the head while the robot stands.")

#: What is written behind the options of a command is gaitwayd's.
_ALL_ELSE = {"allow_extra_args": True, "ignore_unknown_options": True}
#: Pitch, yaw and roll, as far as they may and no further than this.
_AXES = ("head_pitch", "head_yaw", "head_roll")
_SWING_RAD = math.radians(30)
_SWING_HZ = 0.2
_STEP_S = 0.02


@app.command(context_settings=_ALL_ELSE)
def puppet(
    context: typer.Context,
    port: Port = DEFAULT_PORT,
    config: Config = None,
    pad: Annotated[Path | None, typer.Option(help="Input device (default: the first gamepad that is found).")] = None,
    keyboard: Annotated[
        bool, typer.Option("--keyboard", help="Use the keys of this terminal instead of a gamepad.")
    ] = False,
) -> None:
    """Stand the robot up and let a gamepad move its head: sticks turn, nod and tilt it.

    It is gaitwayd --stand, with all that makes it safe; whatever else is written here is handed to it.
    """
    if pad is not None and keyboard:
        raise UsageError("--pad and --keyboard: expected one of them", hint="leave one out")
    source = ["--keyboard"] if keyboard else ["--pad", pad] if pad else ["--commands"]
    _become([*_standing(port, config), *source, *context.args])


@app.command(context_settings=_ALL_ELSE)
def idle(
    context: typer.Context,
    port: Port = DEFAULT_PORT,
    config: Config = None,
    seconds: Annotated[
        float | None, typer.Option(help="Length of the run, s, getting up included (default: until Ctrl-C).")
    ] = None,
) -> None:
    """Stand the robot up and let it look around: its head pitches, turns and rolls by 30° to either side, as far as
    the policy's envelope goes, and is back every five seconds.

    It is gaitwayd --stand, with all that makes it safe; whatever else is written here is handed to it.
    """
    from gaitway.policy import Policy
    from gaitway.robot import Robot

    address = _free_address()
    command = [*_standing(port, config), "--pad-listen", address]
    command += ["--seconds", f"{seconds:g}"] if seconds is not None else []
    contract = Policy.load(Robot.load().default_policy).contract
    far = zip(_AXES, widest(contract), strict=True)
    typer.echo("looking around: " + ", ".join(f"{axis} ±{math.degrees(rad):.1f}°" for axis, rad in far), err=True)
    daemon = os.getpid()
    if os.fork() == 0:
        _look_around(address, contract, daemon)
        return
    _become([*command, *context.args])


def widest(contract: "Contract") -> list[float]:
    """How far pitch, yaw and roll swing to either side, rad."""
    ranges = (contract.envelope.get(axis, (0.0, 0.0)) for axis in _AXES)
    return [max(0.0, min(_SWING_RAD, -low, high)) for low, high in ranges]


def _look_around(address: str, contract: "Contract", daemon: int) -> None:
    """Moves the head of the robot that listens at `address` while the process `daemon` is this one's parent."""
    from gaitway.remote import Remote

    stopped: list[int] = []
    with signals.caught(stopped.append):
        while not stopped and os.getppid() == daemon:
            try:
                with Remote(address, contract=contract) as remote:
                    begun_s = time.monotonic()
                    while not stopped:
                        share = math.sin(math.tau * _SWING_HZ * (time.monotonic() - begun_s))
                        remote.look(*(share * rad for rad in widest(contract)))
                        time.sleep(_STEP_S)
            except DaemonError:
                # It does not listen yet, or no more.
                time.sleep(_STEP_S)


def _free_address() -> str:
    """Where nobody listens for datagrams on this machine."""
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    return f"{host}:{port}"


def _standing(port: Path, config: Path | None) -> list[object]:
    """A gaitwayd whose robot stands."""
    from gaitway.twin.daemon import find_daemon

    configured = ["--config", config] if config is not None else []
    return [find_daemon(), "--stand", "--port", port, *configured]


def _become(command: Iterable[object]) -> None:
    """This process becomes gaitwayd: its keys, its signals and its exit code are what the person meets."""
    words = [str(word) for word in command]
    os.execv(words[0], words)
