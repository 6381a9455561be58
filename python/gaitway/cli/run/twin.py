"""`gaitway run --twin`: the robot walks as gaitwayd walks it, over an emulated servo bus."""

import sys
import tempfile
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.cli.common.output import print_json
from gaitway.cli.run.settings import RunSettings
from gaitway.command import VELOCITY_AXES
from gaitway.errors import UsageError
from gaitway.robot import Robot

if TYPE_CHECKING:
    from rich.console import Console

    from gaitway.cli.run.watched import Beside
    from gaitway.controller import Controller
    from gaitway.sim.live import LiveRobot
    from gaitway.twin import Walk

_REFRESH_S = 0.2
_FORWARD_MPS = 0.15


def refuse(settings: RunSettings) -> None:
    """Refuses what makes no sense here, by name, as it was given."""
    options = {
        "--sim": settings.sim,
        "--fast": settings.fast,
        "--script": settings.script,
        "--pushes": settings.pushes,
        "--vary": settings.vary,
        "--video": settings.video,
        "--picture": settings.picture,
        "--engine": settings.engine != "native",
    }
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"--twin and {', '.join(given)} exclude each other", hint="leave one of them out")


def arguments(settings: RunSettings, robot: Robot, row: "array[float] | None") -> list[str | Path]:
    """gaitwayd's arguments but for the policy; without a command row a robot that walks goes forward."""
    name, kp = settings.robot, settings.kp
    if kp is not None and kp not in range(256):
        raise UsageError(f"--kp: expected a whole number from 0 to 255, found {kp}", hint="servos have no other gains")
    profile = robot.folder / "profile.toml" if name in Robot.names() else Path(name)
    forward = {"vx": _FORWARD_MPS} if robot.has_axes(*VELOCITY_AXES) else {}
    values = robot.command(**forward) if row is None else row
    wanted = ",".join(f"{axis}={value:.9g}" for axis, value in zip(robot.command_axes, values, strict=True))
    result: list[str | Path] = ["--robot", profile]
    if wanted:
        result += ["--command", wanted]
    options = {
        "--config": settings.config,
        "--loop-hz": settings.loop_hz,
        "-p": None if kp is None else f"{kp:g}",
        "--assume-contract": settings.assume_contract,
        "--record": settings.record,
    }
    for flag, value in options.items():
        if value is not None:
            result += [flag, str(value)]
    return [*result, "--no-record"] if settings.no_record else result


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
    as_json: bool,
    beside: "Beside",
) -> int:
    """Twin and gaitwayd together. Returns 1 where the robot fell. The controller says only who it is."""
    if sys.platform != "linux":
        raise UsageError("the twin needs Linux's pseudo-terminals", hint="run it on Linux, or in a container")
    from gaitway._native import TwinHost
    from gaitway.twin import Daemon, Twin, Walk

    robot, policy = controller.robot, controller.policy
    line = None if as_json else _Line(f"{robot.title} · {policy.contract.name} · gaitwayd")
    with tempfile.TemporaryDirectory(prefix="gaitway-") as name:
        folder = Path(name)
        link, imu = folder / "bus", folder / "imu"
        host = TwinHost(robot.native, link=link, imu_socket=imu)
        daemon = None
        try:
            twin = Twin(host, body, len(robot.joint_names))
            # Without a name gaitwayd runs the pair it carries, which is the one that was loaded here.
            named: list[str | Path] = [] if policy.native.standing_name else ["--policy", policy.path]
            heard: list[str | Path] = [] if robot.imu_bus is None else ["--imu-socket", imu]
            daemon = Daemon([*named, "--port", link, *heard, *arguments], folder)
            result = Walk(twin, body, daemon, seconds).run(beside.showing(line or _show_nothing))
        finally:
            if line is not None:
                line.clear()
            if daemon is not None:
                daemon.close()
            host.stop()
    overrides = [event["what"] for event in daemon.events if event["event"] == "override"]
    identity = {
        "robot": robot.name,
        "policy": str(policy.path),
        "contract": policy.contract.name,
        "contract_hash": policy.contract_sha256,
        "overrides": overrides,
    }
    if as_json:
        print_json(identity | result | {"log": daemon.events})
    else:
        _print(identity | result, walks=robot.has_axes(*VELOCITY_AXES))
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
        text = f"{state:<9} {figures.released_s:5.1f} of {walk.seconds:g} s on its own feet"
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
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    fell = f"[bold red]{result['falls']} fall(s)[/]" if result["falls"] else "[bold green]no fall[/]"
    ended = ", ended early as asked" if result["interrupted"] else ""
    if walks:
        _print_way(console, result, f"{ended}, ended", fell)
    else:
        console.print(f"ran {result['seconds']:.1f} s{ended}, {fell}")
    _print_daemon(console, result["gaitwayd"])
    twin = result["twin"]
    console.print(
        f"twin: {twin['transactions']} transactions, answers late by p50 {_us(twin['lateness_ns']['p50'])}, "
        f"p99 {_us(twin['lateness_ns']['p99'])}, {twin['physics_lost_steps']} steps of the physics left out"
    )
    console.print(f"contract [bold]{escape(result['contract'])}[/]")
    for override in result["overrides"]:
        console.print(f"  [yellow]{escape(override)}[/]")


def _print_way(console: "Console", result: dict[str, Any], ended: str, fell: str) -> None:
    forward_m, left_m = (way or 0.0 for way in result["distance_m"])
    console.print(
        f"on its own feet for {result['seconds']:.1f} s{ended} [bold]{forward_m:+.2f} m[/] forward, "
        f"{left_m:+.2f} m left of where it was let go, {fell}"
    )
    if result["velocity_mps"][0] is not None:
        vx, vy = result["velocity_mps"]
        console.print(f"mean after 2 s: {vx:+.3f} m/s forward, {vy:+.3f} left, {result['yaw_rate_rps']:+.3f} rad/s")


def _print_daemon(console: "Console", daemon: dict[str, Any]) -> None:
    late = daemon["lateness_ns"]
    console.print(
        f"gaitwayd: {daemon['ticks']} ticks, {daemon['skipped']} skipped, woke late by p50 {_us(late['p50'])}, "
        f"p99 {_us(late['p99'])}, p99.9 {_us(late['p99_9'])}"
    )
    parts = ", ".join(f"{part} {_us(daemon[f'{part}_ns']['p50'])}" for part in ("read", "compute", "write"))
    console.print(
        f"  p50 of {parts}; {daemon['memory_kb']['resident'] / 1000:.1f} MB resident, "
        f"first transaction after {daemon['first_transaction_ms']:.0f} ms, "
        f"first tick of the policy after {daemon['first_policy_ms'] or 0:.0f} ms"
    )


def _us(ns: int) -> str:
    return f"{ns / 1000:.0f} µs"
