"""`gaitway run`: a policy on a robot."""

import math
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import signals
from gaitway.cli.common.options import Config, Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import RecordingError, UsageError
from gaitway.robot import DEFAULT_ROBOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gaitway.contract import Contract
    from gaitway.controller import Controller
    from gaitway.recorder import Recorder
    from gaitway.robot import Robot
    from gaitway.sim import DuckSim, Run, Script

_VIDEO_FPS = 25


def run(
    policy: Annotated[
        Path | None,
        typer.Option(help="ONNX file, or the name of a policy. Default: walk, and stand at zero command."),
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    sim: Annotated[bool, typer.Option("--sim", help="Simulate; so it does anyway where no --port is given.")] = False,
    twin: Annotated[
        bool, typer.Option("--twin", help="Over the wire: gaitwayd drives emulated servos; forward, unless --command.")
    ] = False,
    port: Annotated[str | None, typer.Option(help="Serial port of a real robot's servo bus.")] = None,
    config: Config = None,
    fast: Annotated[bool, typer.Option("--fast", help="As fast as the machine goes, not in real time.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Length of the run; the script's where left out.")] = None,
    command: Annotated[
        str | None, typer.Option(help="vx,vy,wz[,neck,pitch,yaw,roll] in m/s, rad/s, rad, for the whole run.")
    ] = None,
    script: Annotated[Path | None, typer.Option(help="TOML file of segments, see docs/formats.md.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise, pushes and variation.")] = 0,
    noise: Annotated[bool, typer.Option("--noise", help="Sensor noise as in training.")] = False,
    pushes: Annotated[bool, typer.Option("--pushes", help="Pushes of 0.1 to 1 m/s every 5 to 10 s.")] = False,
    vary: Annotated[bool, typer.Option("--vary", help="Friction, mass and gains drawn by the seed.")] = False,
    backlash: Annotated[bool, typer.Option(help="Play in the gears of the legs.")] = True,
    loop_hz: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Loop rate, a multiple of the policy's; else the robot's.")
    ] = None,
    kp: Annotated[
        float | None, typer.Option(help="Servo P for all joints (--twin: all but the head's), not the contract's.")
    ] = None,
    engine: Annotated[str, typer.Option(help="native or onnxruntime.")] = "native",
    assume_contract: Annotated[str | None, typer.Option(help="Contract of a file that carries none.")] = None,
    video: Annotated[Path | None, typer.Option(help="Film of the run, .mp4 or .gif.")] = None,
    video_width: Annotated[int, typer.Option(min=64, max=1920, help="Width of the film; its height is 3/4.")] = 640,
    picture: Annotated[Path | None, typer.Option(help="PNG of the run; out/run.png unless --json.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder of recordings; ~/.local/state/gaitway/recordings where left out.")
    ] = None,
    no_record: Annotated[bool, typer.Option("--no-record", help="Record nothing.")] = False,
    as_json: Json = False,
) -> int:
    """Runs a policy: in simulation, over the wire of the twin, or on a robot.

    Exit codes: 0 done, 1 the robot fell or the run failed, 2 wrong use.
    """
    from gaitway.robot import Robot

    if port is not None:
        _refuse_port(port, sim)
    if seconds is not None and not (math.isfinite(seconds) and 0 < seconds <= 86_400):
        raise UsageError(f"--seconds: expected more than 0, at most 86400, found {seconds}")
    row = None if command is None else parse_command(command)
    if row is not None and script is not None:
        raise UsageError("--command and --script exclude each other", hint="put the command into the script")
    if no_record and record is not None:
        raise UsageError("--record and --no-record exclude each other", hint="give one of them")
    _check_ending("--video", video, ".mp4", ".gif")
    _check_ending("--picture", picture, ".png")
    duck = Robot.load(robot, duck_config=config)
    if twin:
        from gaitway.cli.run import twin as over_the_wire

        over_the_wire.refuse(
            {
                "--sim": sim, "--fast": fast, "--script": script, "--pushes": pushes, "--vary": vary,
                "--video": video, "--picture": picture, "--engine": engine != "native",
            }
        )  # fmt: skip
        controller = _controller(duck, policy, assume_contract, engine, loop_hz or duck.control_hz, None)
        _tell_clipped(controller.policy.contract, {"--command": row})
        arguments = over_the_wire.arguments(robot, config, row, loop_hz, kp, assume_contract)
        arguments += ["--no-record"] if no_record else ["--record", record] if record else []
        body = over_the_wire.body(duck, seed, backlash=backlash, noise=noise)
        return over_the_wire.run(controller, body, arguments, 20.0 if seconds is None else seconds, as_json=as_json)

    # One rate for both: a policy that does not fit the robot's is refused.
    loop_hz = loop_hz or duck.control_hz
    controller = _controller(duck, policy, assume_contract, engine, loop_hz, kp)
    plan, length_s = _script(row, script, seconds)
    _tell_clipped(
        controller.policy.contract, {"--command" if row else segment.name: segment.command for segment in plan.segments}
    )
    world = _world(duck, loop_hz, seed, backlash=backlash, noise=noise, pushes=pushes, vary=vary)
    recorder = None if no_record else _recorder(controller, record)
    finished = _simulate(world, controller, plan, length_s, recorder, realtime=not fast, as_json=as_json)
    recording = _end(recorder)

    picture = picture or (None if as_json else Path("out/run.png"))
    if finished.ticks < 2:
        picture = None
    if picture is not None:
        from gaitway.sim.picture import draw_run

        title = f"{duck.title}, {controller.policy.contract.name}"
        draw_run(finished.trace, plan, duck.joint_names, picture, title=title)
    if video is not None:
        _film(world, finished, video, video_width, quiet=as_json)
    if as_json:
        print_json(_identity(controller) | finished.figures() | {"recording": recording and str(recording)})
    else:
        from gaitway.cli.run.report import print_report

        print_report(finished, controller, picture, video, recording)
    return 1 if finished.falls else 0


def parse_command(text: str) -> "array[float]":
    """A command row from `vx,vy,wz[,neck,pitch,yaw,roll]`."""
    from gaitway import axes

    parts = text.split(",")
    try:
        values = [float(part) for part in parts]
    except ValueError as error:
        raise UsageError(f"--command: expected numbers with commas between, found {text!r}") from error
    if len(values) not in (3, len(axes())) or not all(math.isfinite(value) for value in values):
        expected = f"3 or {len(axes())} finite numbers: {','.join(axes())}"
        raise UsageError(f"--command: expected {expected}, found {text!r}")
    return array("f", values + [0.0] * (len(axes()) - len(values)))


def _tell_clipped(contract: "Contract", rows: "Mapping[str, array[float] | None]") -> None:
    """Says, where it is asked, what of commands by their names the policy is never given."""
    for name, row in rows.items():
        for clipped in contract.clipped(row) if row is not None else ():
            typer.echo(f"{name}: {clipped}", err=True)


def _check_ending(option: str, path: Path | None, *endings: str) -> None:
    if path is not None and path.suffix.lower() not in endings:
        raise UsageError(
            f"{option}: expected a {' or '.join(endings)} file, found {str(path)!r}",
            hint="the ending says what to write",
        )


def _refuse_port(port: str, sim: bool) -> None:
    if sim:
        raise UsageError("--sim and --port exclude each other", hint="give one of them")
    raise UsageError(
        f"--port {port}: this build has no servo driver yet and moves nothing real",
        hint="run with --sim; the README says what a real robot will need",
    )


def _controller(
    robot: "Robot",
    path: Path | None,
    assume_contract: str | None,
    engine: str,
    loop_hz: int,
    kp: float | None,
) -> "Controller":
    from gaitway.controller import Controller
    from gaitway.policy import Policy

    if path is None and assume_contract is None and engine == "native":
        return Controller(Policy.default(robot), robot, loop_hz=loop_hz, kp=kp)
    file = robot.policy_file(path or "walk")
    policy = Policy.load(file, robot=robot, assume_contract=assume_contract, engine=engine)
    return Controller(policy, robot, loop_hz=loop_hz, kp=kp)


def _script(row: "array[float] | None", path: Path | None, seconds: float | None) -> "tuple[Script, float]":
    """What to do, and for how long."""
    from gaitway.sim.script import load_script, steady, tour

    if row is not None:
        length_s = 20.0 if seconds is None else seconds
        return steady(row, length_s), length_s
    plan = tour() if path is None else load_script(path)
    return plan, plan.seconds if seconds is None else seconds


def _world(
    robot: "Robot",
    loop_hz: int,
    seed: int,
    *,
    backlash: bool,
    noise: bool,
    pushes: bool,
    vary: bool,
) -> "DuckSim":
    from gaitway.sim import DuckSim, Noise, Pushes, Variation, World

    world = World(
        noise=Noise() if noise else None,
        pushes=Pushes() if pushes else None,
        variation=Variation() if vary else None,
    )
    return DuckSim(robot, backlash=backlash, seed=seed, world=world, loop_hz=loop_hz)


def _recorder(controller: "Controller", folder: Path | None) -> "Recorder | None":
    """The flight recorder; without one the duck walks all the same, unless the person named its folder."""
    from gaitway.recorder import Recorder

    if not controller.policy.native.native:
        return None
    try:
        return Recorder(controller, folder)
    except RecordingError as error:
        if folder is not None:
            raise
        typer.echo(f"not recorded: {error}", err=True)
        return None


def _end(recorder: "Recorder | None") -> Path | None:
    """The recording, where all of it could be written."""
    if recorder is None:
        return None
    try:
        recorder.close()
    except RecordingError as error:
        typer.echo(f"the recording stopped: {error}", err=True)
        return None
    return recorder.path


def _simulate(
    world: "DuckSim",
    controller: "Controller",
    plan: "Script",
    seconds: float,
    recorder: "Recorder | None",
    *,
    realtime: bool,
    as_json: bool,
) -> "Run":
    """The run, with a live status unless `as_json`; SIGINT and SIGTERM end it in order."""
    from gaitway.cli.run.live import LiveStatus
    from gaitway.sim import simulate

    stopped: list[int] = []
    with signals.caught(stopped.append):
        if as_json:
            return simulate(
                world, controller, plan, seconds, realtime=realtime, watch=lambda _: not stopped, recorder=recorder
            )
        with LiveStatus(controller, seconds) as status:

            def watch(run: "Run") -> bool:
                status.update(run)
                return not stopped

            return simulate(world, controller, plan, seconds, realtime=realtime, watch=watch, recorder=recorder)


def _film(world: "DuckSim", finished: "Run", path: Path, width: int, *, quiet: bool) -> None:
    from rich.progress import Progress

    from gaitway.sim.render import render_video

    poses = finished.trace["qpos"][:: max(1, round(world.loop_hz / _VIDEO_FPS))]
    with Progress(disable=quiet, transient=True) as progress:
        task = progress.add_task("drawing the film", total=len(poses))
        render_video(
            world.model,
            poses,
            path,
            fps=_VIDEO_FPS,
            width=width // 4 * 4,
            height=width // 4 * 3 // 2 * 2,
            progress=lambda done, _: progress.update(task, completed=done),
        )


def _identity(controller: "Controller") -> dict[str, Any]:
    return {
        "robot": controller.robot.name,
        "policy": str(controller.policy.path),
        "contract": controller.policy.contract.name,
        "contract_hash": controller.policy.contract_sha256,
        "verdict": controller.verdict,
        "overrides": controller.overrides,
    }
