"""`gaitway walk`, `stand`, `limp`, `stop` and `clear`."""

import json
import math
import sys
import time
from typing import TYPE_CHECKING, Any

import typer

from gaitway import signals
from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.control.opened import address, not_as_asked, opened, stopped_error
from gaitway.cli.control.settings import ConnectionSettings, WalkSettings
from gaitway.cli.run.command import parse_axes
from gaitway.errors import DaemonError, RefusedError, UsageError

if TYPE_CHECKING:
    from gaitway.api import ConnectedRobot, RobotState
    from gaitway.api.motion import Motion

#: Between two looks at a robot that walks, s.
_LOOK_S = 0.2
#: A command is followed within this time: until then another owner is the one before.
_FOLLOWED_S = 1.0
#: A robot stands, or is limp, within this time of being asked, s: an arm first goes to its rest.
_DONE_WITHIN_S = 30.0
_CLEARED_BY = "clear it at the robot: c at the terminal of gaitwayd or gaitway run, then w or s gets it up"
#: A stop is confirmed within this time, s.
_STOPPED_WITHIN_S = 5.0


@with_settings(WalkSettings)
def walk(settings: WalkSettings) -> None:
    """Walk with a command: gaitway walk vx=0.1 wz=0.2 --seconds 3. The robot stands afterwards.

    Ctrl-C makes it stand. A robot that is limp gets up first. For an arm the axes are its joints.
    """
    if settings.axes and settings.command is not None:
        raise UsageError("--command and AXIS=VALUE exclude each other", hint="they mean the same")
    seconds = settings.seconds
    if seconds is not None and not (math.isfinite(seconds) and 0 < seconds <= 86_400):
        raise UsageError(f"--seconds: expected more than 0, at most 86400, found {seconds}", hint="or leave it out")
    text = settings.command or ",".join(settings.axes or ())
    with opened("walk", settings) as robot:
        if not text:
            axes = ", ".join(f"{axis} ({unit})" for axis, unit in robot.command_axes.items())
            raise UsageError(f"expected AXIS=VALUE of {axes}", hint="gaitway walk vx=0.1; gaitway stand stands")
        command = parse_axes(text, robot.command_axes, "gaitway walk")
        robot.info.check(command)
        limits = _tell_limits(robot, command)
        motion = robot.begin(None, command)
        with signals.caught(lambda _: motion.interrupt()):
            robot.carry_out(motion)
            walked_s = _walk(robot, motion, math.inf if seconds is None else seconds, settings.as_json)
            interrupted = motion.is_over
    asked = ", ".join(f"{axis} {value:+g} {robot.command_axes[axis]}" for axis, value in command.items())
    if settings.as_json:
        print_json({"seconds": walked_s, "command": command, "limits": limits, "interrupted": interrupted})
    else:
        typer.echo(f"{walked_s:.1f} s of {asked}; now it stands (gaitway limp gives its torque up)")


def _walk(robot: "ConnectedRobot", motion: "Motion", seconds: float, quiet: bool) -> float:
    """Until the time is over or a signal came; how long it was."""
    begun_s = time.monotonic()
    has_told = False
    shows = not quiet and sys.stderr.isatty()
    try:
        while not motion.is_over and (left_s := begun_s + seconds - time.monotonic()) > 0:
            robot.wait(min(left_s, _LOOK_S), until=motion)
            passed_s, seen = time.monotonic() - begun_s, robot.status
            if seen.stopped:
                raise stopped_error()
            if seen.state != "running":
                raise not_as_asked(robot.title, "that it runs on", seen)
            if seen.owner != "network" and passed_s > _FOLLOWED_S and not has_told:
                has_told = True
                typer.echo(f"{seen.owner} has control: the command waits", err=True)
            if shows:
                _show(seen, passed_s, seconds)
    finally:
        if shows:
            sys.stderr.write("\r\x1b[2K")
    return min(seconds, time.monotonic() - begun_s)


def _show(seen: "RobotState", passed_s: float, seconds: float) -> None:
    asked = ", ".join(f"{axis} {value:+.2f}" for axis, value in seen.command.items() if value)
    until = f" of {seconds:g}" if math.isfinite(seconds) else ""
    sys.stderr.write(f"\r\x1b[2K{seen.state}  {passed_s:.1f}{until} s  {asked or 'commanded nothing'}  (Ctrl-C: stand)")
    sys.stderr.flush()


def _tell_limits(robot: "ConnectedRobot", command: dict[str, float]) -> list[dict[str, Any]]:
    """What of the command the policy is never given."""
    limits = []
    for axis, asked in command.items():
        low, high = robot.command_ranges.get(axis, (0.0, 0.0))
        allowed = min(max(asked, low), high)
        if allowed != asked:
            limits.append({"axis": axis, "asked": asked, "allowed": allowed})
            typer.echo(f"{axis}: asked {asked:.2f}, allowed {allowed:.2f}", err=True)
    return limits


@with_settings(ConnectionSettings)
def stand(settings: ConnectionSettings) -> None:
    """Hold the default pose, without the policy. A robot that is limp gets up first."""
    with opened("stand", settings) as robot:
        robot.stand()
        seen = _wait_for(robot, "that it holds its pose", ("ready",))
    _tell(settings, seen, "it holds its default pose")


@with_settings(ConnectionSettings)
def limp(settings: ConnectionSettings) -> None:
    """Give the torque up softly. Needs no control: it works whoever commands the robot."""
    with opened("limp", settings) as robot:
        robot.limp()
        seen = _wait_for(robot, "that it is limp", ("limp", "off"))
    _tell(settings, seen, "it is limp")


@with_settings(ConnectionSettings)
def stop(settings: ConnectionSettings) -> None:
    """Emergency stop: limp at once. Needs no control; only somebody at the robot clears it."""
    sent = _send_stop(settings)
    try:
        with opened("stop", settings) as robot:
            robot.stop()
            end_s = time.monotonic() + _STOPPED_WITHIN_S
            while not (seen := robot.observe()).stopped:
                if time.monotonic() > end_s:
                    message = f"{robot.title}: the stop is not confirmed within {_STOPPED_WITHIN_S:g} s"
                    raise DaemonError(message, hint="cut its power")
    finally:
        if sent is not None:
            sent.close()
    _tell(settings, seen, f"emergency stop: limp at once\n{_CLEARED_BY}")


def _send_stop(settings: ConnectionSettings) -> Any:
    """The stop before anything else is said: gaitwayd hears it from a client that it would refuse otherwise."""
    from gaitway.api.address import transport_to

    where = address(settings)
    try:
        transport = transport_to(where, settings.key)
        transport.send(json.dumps({"kind": "stop"}).encode() + b"\n")
    except (DaemonError, OSError):
        # Said by the connection that follows.
        return None
    return transport


@with_settings(ConnectionSettings)
def clear(settings: ConnectionSettings) -> None:
    """Say what is to be cleared, and where: an emergency stop is cleared at the robot alone."""
    with opened("clear", settings) as robot:
        seen = robot.observe()
        cause = str((robot.connection.latest("status") or {}).get("cause", ""))
        if not seen.stopped and seen.fault is None:
            _tell(settings, seen, f"nothing to clear: it is {seen.state}")
            return
        why = "the emergency stop is set" if seen.stopped else f"fault {seen.fault}"
        why += f" ({cause})" if cause else ""
        try:
            robot.connection.request("clear_stop")
        except RefusedError as error:
            hint = f"{seen.fault_hint}; {_CLEARED_BY}" if seen.fault_hint else _CLEARED_BY
            raise RefusedError(f"{why}: {error.message}", hint=hint, code=error.code, field=error.field) from error
    _tell(settings, seen, f"cleared: {why}")


def _wait_for(robot: "ConnectedRobot", asked: str, states: tuple[str, ...]) -> "RobotState":
    """Until it is in one of these states. Raises RefusedError where it is stopped, DaemonError where it is not."""
    end_s = time.monotonic() + _DONE_WITHIN_S
    while (seen := robot.observe()).state not in states:
        if seen.stopped:
            raise stopped_error()
        if time.monotonic() > end_s:
            raise not_as_asked(robot.title, asked, seen)
    return seen


def _tell(settings: ConnectionSettings, seen: "RobotState", text: str) -> None:
    if settings.as_json:
        print_json({"state": seen.state, "stopped": seen.stopped, "fault": seen.fault})
    else:
        typer.echo(text)
