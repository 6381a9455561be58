"""`gaitway policies`, `use`, `mark` and `trim`."""

from typing import Any

import typer

from gaitway.cli.common.output import print_json, print_table
from gaitway.cli.common.settings import with_settings
from gaitway.cli.control.opened import opened
from gaitway.cli.control.settings import ConnectionSettings, MarkSettings, TrimSettings, UseSettings
from gaitway.cli.run.command import parse_axes
from gaitway.errors import RefusedError, UsageError


@with_settings(ConnectionSettings)
def policies(settings: ConnectionSettings) -> None:
    """List the policies that a running robot has at hand."""
    with opened("policies", settings) as robot:
        known = robot.policies
    if settings.as_json:
        rows: list[dict[str, Any]] = [
            {"name": each.name, "file": None if each.file is None else str(each.file), "runs": each.runs}
            for each in known
        ]
        print_json({"policies": rows})
        return
    table = [("→" if each.runs else "", each.name, str(each.file or "carried by gaitwayd")) for each in known]
    print_table(("runs", "policy", "file"), table)


@with_settings(UseSettings)
def use(settings: UseSettings) -> None:
    """Run another policy, on a robot that is limp. It stays limp until gaitway walk or stand gets it up."""
    with opened("use", settings) as robot:
        state = robot.observe().state
        if state not in ("limp", "off"):
            message = f"expected the robot limp, found it {state}"
            hint = "gaitway limp first: on its stand, or where it may sit down"
            raise RefusedError(message, hint=hint, code="not_possible")
        robot.use(settings.name)
        contract = robot.contract
    told = f"has {settings.name}, contract {contract}; it is limp until gaitway walk or stand gets it up"
    _tell(settings, contract, told)


@with_settings(UseSettings)
def switch(settings: UseSettings) -> None:
    """Run another policy on a robot that is up: what it does goes on."""
    with opened("switch", settings) as robot:
        robot.switch(settings.name)
        contract = robot.contract
    _tell(settings, contract, f"runs {settings.name}, contract {contract}")


def _tell(settings: UseSettings, contract: str, told: str) -> None:
    """Which policy the robot has now: for programs, or `told` for people."""
    if settings.as_json:
        print_json({"policy": settings.name, "contract": contract})
    else:
        typer.echo(told)


@with_settings(MarkSettings)
def mark(settings: MarkSettings) -> None:
    """Keep the last minute as a recording of its own: gaitway mark slipped on the carpet."""
    text = " ".join(settings.text or ())
    with opened("mark", settings) as robot:
        robot.mark(text)
    if settings.as_json:
        print_json({"text": text})
    else:
        typer.echo("marked: the last minute becomes a recording of its own (gaitway record list)")


@with_settings(TrimSettings)
def trim(settings: TrimSettings) -> None:
    """Add to every command that moves: gaitway trim vx=0.01 wz=-0.02. It takes the place of the trim before it."""
    is_given = bool(settings.axes) or settings.gait_speed != 0.0
    if is_given == settings.reset:
        message = "expected AXIS=VALUE or --gait-speed, or else --reset"
        raise UsageError(message, hint="gaitway trim vx=0.01; gaitway trim --reset takes it away")
    with opened("trim", settings) as robot:
        axes = parse_axes(",".join(settings.axes), robot.command_axes, "gaitway trim") if settings.axes else {}
        robot.info.check(axes)
        robot.trim(gait_speed=settings.gait_speed, **axes)
        units = robot.command_axes
    if settings.as_json:
        print_json({"axes": axes, "gait_speed": settings.gait_speed})
        return
    parts = [f"{axis} {value:+g} {units[axis]}" for axis, value in axes.items()]
    parts += [f"speed of the gait {settings.gait_speed:+g}"] if settings.gait_speed else []
    typer.echo(f"trim: {', '.join(parts)}" if parts else "no trim")
