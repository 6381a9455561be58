"""`gaitway run --twin`: the robot walks as gaitwayd walks it, over an emulated servo bus."""

import math
import sys
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.cli.common.output import print_json
from gaitway.cli.run.command import standing_command
from gaitway.cli.run.daemon import arguments as of_gaitwayd
from gaitway.cli.run.daemon import identity, policy_arguments, print_daemon, print_identity, refuse_together, us
from gaitway.cli.run.settings import RunSettings
from gaitway.cli.run.tracking import tracking_table
from gaitway.command import VELOCITY_AXES
from gaitway.errors import UsageError
from gaitway.recording import default_folder
from gaitway.robot import Robot
from gaitway.socket_folder import socket_folder

if TYPE_CHECKING:
    from rich.console import Console

    from gaitway.cli.run.watched import Beside
    from gaitway.controller import Controller
    from gaitway.sim import Script
    from gaitway.sim.live import LiveRobot
    from gaitway.twin import Walk

_REFRESH_S = 0.2
_FORWARD_MPS = 0.15


def refuse(settings: RunSettings) -> None:
    """Refuses what makes no sense here, by name, as it was given."""
    options: dict[str, object] = {
        "--sim": settings.sim,
        "--fast": settings.fast,
        "--pushes": settings.pushes,
        "--vary": settings.vary,
        "--video": settings.video,
        "--picture": settings.picture,
        "--video-width": settings.video_width,
        "--engine": settings.engine != "native",
    }
    refuse_together("--twin", options)


def arguments(settings: RunSettings, robot: Robot, row: "array[float] | None") -> list[str | Path]:
    """gaitwayd's arguments but for policy, port and IMU. Without a command row a robot that walks goes forward; with
    a script it stands until that begins."""
    if row is None and settings.script is None and robot.has_axes(*VELOCITY_AXES):
        row = robot.command(vx=_FORWARD_MPS)
    elif row is None:
        row = standing_command(robot)
    result = of_gaitwayd(settings, robot, row)
    if settings.record is None and not settings.no_record:
        # Its home is a folder that goes with it; recordings stay.
        result += ["--record", default_folder()]
    return result


def body(settings: RunSettings, robot: Robot) -> "LiveRobot":
    """The robot that is walked, on its stand."""
    from gaitway.sim import Noise
    from gaitway.sim.live import LiveRobot

    noise = Noise() if settings.noise else None
    return LiveRobot(robot, seed=settings.seed, backlash=settings.backlash, noise=noise)


def run(
    controller: "Controller",
    body: "LiveRobot",
    arguments: list[str | Path],
    seconds: float,
    *,
    script: "Script | None" = None,
    as_json: bool,
    beside: "Beside | None" = None,
) -> int:
    """Twin and gaitwayd together. Returns 1 where the robot fell. The controller says only who it is."""
    if sys.platform != "linux":
        raise UsageError("the twin needs Linux's pseudo-terminals", hint="run it on Linux, or in a container")
    from gaitway._native import TwinHost
    from gaitway.cli.run.scripted import ScriptedCommands
    from gaitway.twin import Daemon, Tracking, Twin, Walk

    robot, policy = controller.robot, controller.policy
    line = None if as_json else _Line(f"{robot.title} · {policy.contract.name} · gaitwayd")
    commands = None
    if script is not None:
        tracking = Tracking(robot, policy.contract, body, script)
        commands = ScriptedCommands(script, list(robot.command_axes), tracking)
    with socket_folder() as name:
        folder = Path(name)
        link, imu = folder / "bus", folder / "imu"
        host = TwinHost(robot.native, link=link, imu_socket=imu)
        daemon = None
        try:
            twin = Twin(host, body, len(robot.joint_names))
            heard: list[str | Path] = [] if robot.imu_bus is None else ["--imu-socket", imu]
            # Another robot of this machine may have the usual socket.
            has_own = script is None or "--socket" in arguments
            listens: list[str | Path] = [] if has_own else ["--socket", folder / "gaitway.sock"]
            show = line or _show_nothing
            daemon = Daemon(
                [*policy_arguments(controller), "--port", link, *heard, *listens, *arguments],
                folder,
                has_terminal="--keyboard" in arguments,
            )
            result = Walk(twin, body, daemon, seconds, commands).run(show if beside is None else beside.showing(show))
        finally:
            if line is not None:
                line.clear()
            if daemon is not None:
                daemon.close()
            host.stop()
    whole = identity(controller, daemon.events) | result
    if as_json:
        print_json(whole | {"log": daemon.events})
    else:
        _print(whole, walks=robot.has_axes(*VELOCITY_AXES))
    return 1 if result["falls"] else 0


def _show_nothing(_: "Walk") -> None:
    """Programs read the result alone."""


class _Line:
    """One line that follows the run on a terminal; elsewhere a line for each state.

    Not drawn by Rich: that takes 4 ms and more at a time, and a step of the physics is due every 2 ms.
    """

    def __init__(self, title: str) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown_s = -1.0
        self._state = ""
        print(f"over the wire: {title}", file=sys.stderr)

    def __call__(self, walk: "Walk") -> None:
        now_s = walk.twin.steps * walk.twin.body.step_s
        state = walk.daemon.state
        if not self._is_terminal:
            if state != self._state:
                print(f"{now_s:6.2f} s  {state}", file=sys.stderr)
            self._state = state
            return
        if now_s < self._shown_s + _REFRESH_S:
            return
        self._shown_s = now_s
        figures = walk.figures
        forward_m, left_m = (way or 0.0 for way in figures.distance_m())
        until = f" of {walk.seconds:g}" if math.isfinite(walk.seconds) else ""
        text = f"{state:<9} {figures.released_s:5.1f}{until} s on its own feet"
        text += f"   {forward_m:+.2f} m forward, {left_m:+.2f} m left"
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_terminal:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def _print(result: dict[str, Any], *, walks: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    fell = f"[bold red]{result['falls']} fall(s)[/]" if result["falls"] else "[bold green]no fall[/]"
    ended = ", ended early as asked" if result["interrupted"] else ""
    if walks:
        _print_way(console, result, f"{ended}, ended", fell)
    else:
        console.print(f"ran {result['seconds']:.1f} s{ended}" + (f", {fell}" if result["falls"] else ""))
    if "tracking" in result:
        console.print(tracking_table(result["tracking"]))
    print_daemon(console, result["gaitwayd"])
    twin = result["twin"]
    console.print(
        f"twin: {twin['transactions']} transactions, answers late by p50 {us(twin['lateness_ns']['p50'])}, "
        f"p99 {us(twin['lateness_ns']['p99'])}, {twin['physics_lost_steps']} steps of the physics left out"
    )
    print_identity(console, result)


def _print_way(console: "Console", result: dict[str, Any], ended: str, fell: str) -> None:
    forward_m, left_m = (way or 0.0 for way in result["distance_m"])
    console.print(
        f"on its own feet for {result['seconds']:.1f} s{ended} [bold]{forward_m:+.2f} m[/] forward, "
        f"{left_m:+.2f} m left of where it was let go, {fell}"
    )
    if result["velocity_mps"][0] is not None:
        vx, vy = result["velocity_mps"]
        console.print(f"mean after 2 s: {vx:+.3f} m/s forward, {vy:+.3f} left, {result['yaw_rate_rps']:+.3f} rad/s")
