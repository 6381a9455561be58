"""What the verbs for a running robot are asked for. Each tells which robot in the same words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Json

_WHICH = "Which robot"


@dataclass(frozen=True)
class ConnectionSettings:
    """Which robot, and whether programs read the answer."""

    socket: Annotated[
        Path | None,
        typer.Option(
            help="Socket of gaitwayd's local API (default: $XDG_RUNTIME_DIR/gaitway.sock).", rich_help_panel=_WHICH
        ),
    ] = None
    on: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A robot elsewhere: tcp://HOST or tcp://HOST:PORT.", rich_help_panel=_WHICH
        ),
    ] = None
    key: Annotated[
        Path | None, typer.Option(help="Its pairing key (default: this user's own).", rich_help_panel=_WHICH)
    ] = None
    as_json: Json = False


@dataclass(frozen=True)
class WalkSettings(ConnectionSettings):
    """Options of `gaitway walk`."""

    axes: Annotated[
        list[str] | None,
        typer.Argument(metavar="AXIS=VALUE…", help="vx=0.1 wz=0.2, in m/s, rad/s and rad.", show_default=False),
    ] = None
    command: Annotated[str | None, typer.Option(help="The same as one text: vx=0.1,wz=0.2.")] = None
    seconds: Annotated[float | None, typer.Option(help="How long, s (default: until Ctrl-C).")] = None


@dataclass(frozen=True, kw_only=True)
class UseSettings(ConnectionSettings):
    """Options of `gaitway use`."""

    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of gaitway policies.", show_default=False)]


@dataclass(frozen=True)
class MarkSettings(ConnectionSettings):
    """Options of `gaitway mark`."""

    text: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]", help="What happened, for who reads the recording.")
    ] = None


@dataclass(frozen=True)
class TrimSettings(ConnectionSettings):
    """Options of `gaitway trim`."""

    axes: Annotated[
        list[str] | None,
        typer.Argument(metavar="AXIS=VALUE…", help="vx=0.01: added to every command that moves.", show_default=False),
    ] = None
    gait_speed: Annotated[float, typer.Option(help="Added to the speed of the gait: 0.1 is ten percent faster.")] = 0.0
    reset: Annotated[bool, typer.Option("--reset", help="Take the trim away.")] = False
