"""`gaitway twin`: an emulated robot on a virtual serial port, for any program that drives the real one."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import signals
from gaitway.cli.common.options import Json, Port, targets
from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.twin.settings import TwinSettings
from gaitway.errors import UsageError
from gaitway.robot import DEFAULT_PORT, Robot

if TYPE_CHECKING:
    from gaitway.twin import Figures, Twin


app = typer.Typer(invoke_without_command=True)

_Joints = Annotated[list[str] | None, typer.Argument(help="Joints (default: all).")]
_Expected = Annotated[
    str | None, typer.Option("--robot", help="Refuse a twin of another robot than this, by name or profile.")
]


@app.callback()
@with_settings(TwinSettings)
def twin(context: typer.Context, settings: TwinSettings) -> None:
    """Emulate the robot on a virtual serial port.

    With --link, `gaitway twin hold`, `release`, `lift`, `tip`, `plug` and `fault` in another terminal do what hands do
    to a real one.
    Ends after --seconds, or with SIGINT or SIGTERM. Figures tell what truly happened. Clients open the port at 1 Mbaud;
    rustypot 0.1.0 takes a pseudo-terminal at rate 0 only.
    """
    if context.invoked_subcommand is not None:
        return
    if sys.platform != "linux":
        raise UsageError("the twin needs Linux's pseudo-terminals", hint="run it on Linux, or in a container")
    seconds = settings.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"--seconds: expected more than 0, found {seconds}", hint="leave it out to run on")
    result = _host(settings, Robot.load(settings.robot, config=settings.config))
    if settings.stats_json is not None:
        from gaitway import files

        files.write_bytes(settings.stats_json, (json.dumps(result, allow_nan=False) + "\n").encode(), "figures")
    if settings.as_json:
        print_json(result)
    else:
        _print(result)


def _host(settings: TwinSettings, robot: Robot) -> dict[str, Any]:
    """Runs the twin to its end; its figures."""
    _check_imu(settings, robot)
    from gaitway._native import TwinHost
    from gaitway.twin import Figures, StillBody, Twin
    from gaitway.twin.hands import Hands

    figures = None
    if settings.physics:
        from gaitway.sim.live import LiveRobot

        body = LiveRobot(
            robot,
            seed=settings.seed,
            stand=settings.stand,
            stand_up=settings.stand_up,
            release_after_s=settings.release_after_s,
        )
        # What is fixed to the ground neither walks nor falls.
        figures = None if body.has_fixed_base else Figures(body)
    host = TwinHost(
        robot.native,
        link=settings.link,
        imu_socket=settings.imu_socket,
        i2c_socket=settings.i2c_socket,
        faults=settings.fault or [],
        seed=settings.seed,
        return_delay_us=settings.return_delay_us,
        usb_latency_us=settings.usb_latency_us,
        turnaround_us=settings.turnaround_us,
        factory=settings.factory,
    )
    hands = None
    try:
        moved = body if settings.physics else StillBody(robot)
        if settings.link is not None:
            profile = settings.robot if settings.robot in Robot.names() else str(Path(settings.robot).absolute())
            hands = Hands(settings.link, host, robot, profile, has_fixed_base=moved.has_fixed_base)
        hosted = Twin(host, moved, len(robot.joint_names), imu_hz=settings.imu_hz, hands=hands)
        print(f"{robot.title} on {host.path}", file=sys.stderr if settings.as_json else sys.stdout, flush=True)
        _run(hosted, figures, settings.seconds)
    finally:
        if hands is not None:
            hands.close()
        host.stop()
    return _result(hosted, figures)


def _check_imu(settings: TwinSettings, robot: Robot) -> None:
    """Refuses wires of an IMU that the robot does not have."""
    for flag, path in (("--imu-socket", settings.imu_socket), ("--i2c-socket", settings.i2c_socket)):
        if path is not None and robot.imu_bus is None:
            message = f"{flag}: expected an IMU in the profile of {robot.name}, found none"
            raise UsageError(message, hint=f"leave {flag} out, or add [[imus]] to the profile")


@app.command()
def hold(
    goals: Annotated[list[str], typer.Argument(metavar="JOINT=RAD…", help="head_pitch=0, or a pose: zero, default.")],
    port: Port = DEFAULT_PORT,
    robot: _Expected = None,
    as_json: Json = False,
) -> None:
    """Hold joints of a running twin at these angles while their servos are limp, as a hand does."""
    held_rad = targets(_robot_of(port, robot), goals)
    _tell_hands(port, {"hold": held_rad}, as_json)


@app.command()
def release(joints: _Joints = None, port: Port = DEFAULT_PORT, as_json: Json = False) -> None:
    """Let go of joints of a running twin that `hold` holds."""
    _tell_hands(port, {"release": joints or []}, as_json)


@app.command()
def lift(port: Port = DEFAULT_PORT, as_json: Json = False) -> None:
    """Take up a running twin that stands or lies: it hangs upright again, and is set down as at the start."""
    _tell_hands(port, {"lift": True}, as_json)


@app.command()
def tip(
    nose_down_deg: Annotated[float, typer.Argument(metavar="DEG", min=-90.0, max=90.0, help="0 is upright.")],
    port: Port = DEFAULT_PORT,
    as_json: Json = False,
) -> None:
    """Lower the nose of a running twin that hangs by so many degrees."""
    _tell_hands(port, {"tip": nose_down_deg}, as_json)


@app.command()
def plug(
    joints: _Joints = None,
    port: Port = DEFAULT_PORT,
    robot: _Expected = None,
    new: Annotated[bool, typer.Option("--new", help="Servos as sold: id 1, factory settings.")] = False,
    as_json: Json = False,
) -> None:
    """Plug in the servos of these joints of a running twin, set up for their joints, and unplug all others."""
    if robot is not None:
        _robot_of(port, robot)
    _tell_hands(port, {"plug": joints or [], "new": new}, as_json)


@app.command()
def fault(
    faults: Annotated[list[str], typer.Argument(metavar="FAULT…", help="'silent servo=left_knee': docs/formats.md.")],
    port: Port = DEFAULT_PORT,
    as_json: Json = False,
) -> None:
    """Plant faults in a running twin, written as for --fault."""
    _tell_hands(port, {"fault": faults}, as_json)


def _robot_of(port: Path, expected: str | None) -> Robot:
    """The robot that the twin at `port` is of, as the twin says. Raises UsageError where another one is expected."""
    from gaitway.twin.hands import ask

    told = ask(port, {"robot": True})
    if expected is not None and (named := Robot.load(expected).name) != told["robot"]:
        message = f"--robot: expected {told['robot']}, the robot of the twin at {port}, found {named}"
        raise UsageError(message, hint="leave --robot out: the twin says which robot it is")
    return Robot.load(told["profile"])


def _tell_hands(port: Path, what: dict[str, Any], as_json: bool) -> None:
    from gaitway.twin.hands import ask

    answer = ask(port, what)
    if as_json:
        print_json(answer)
    elif not what.keys().isdisjoint(("hold", "release")):
        held = ", ".join(f"{joint} at {rad:+.3f} rad" for joint, rad in answer["held_rad"].items())
        typer.echo(f"held while limp: {held or 'nothing'}")


def _run(hosted: "Twin", figures: "Figures | None", seconds: float | None) -> None:
    """Runs until the time is up or a signal comes."""
    stopped: list[int] = []

    def watch(now_s: float) -> bool:
        if figures is not None:
            figures.watch(now_s)
        return not stopped and (seconds is None or now_s < seconds)

    with signals.caught(stopped.append):
        hosted.run(watch)


def _result(hosted: "Twin", figures: "Figures | None") -> dict[str, Any]:
    truth = {} if figures is None else figures.summary()
    return {"seconds": hosted.steps * hosted.body.step_s, **truth, **hosted.figures()}


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console

    say: Callable[[str], None] = Console(highlight=False, soft_wrap=True).print
    if "falls" in result:
        forward_m, left_m = (math.nan if way is None else way for way in result["distance_m"])
        fell = f"[bold red]{result['falls']} fall(s)[/]" if result["falls"] else "[bold green]no fall[/]"
        say(f"on its own feet for {result['released_s']:.1f} s of {result['seconds']:.1f} s, {fell}")
        say(f"ended {forward_m:+.2f} m forward, {left_m:+.2f} m left of where it was let go")
    else:
        say(f"ran for {result['seconds']:.1f} s, {result['joints_driven']} of {result['joints']} joints driven")
    late_us = {key: ns / 1000 for key, ns in result["lateness_ns"].items()}
    say(
        f"{result['transactions']} transactions, {result['bytes_to_servos']} bytes to the servos, "
        f"{result['bytes_to_host']} back, wire busy for {result['busy_ns']} ns, "
        f"bytes handed over late by p50 {late_us['p50']:.1f} µs, p99 {late_us['p99']:.1f} µs"
    )
    if result["faults"] or result["imu_faults"]:
        say(f"{result['faults']} faults of the bus, {result['imu_faults']} of the IMU")
    if result["lost_bytes"] or result["physics_lost_steps"]:
        say(f"[yellow]{result['lost_bytes']} bytes nobody read, {result['physics_lost_steps']} steps left out[/]")
