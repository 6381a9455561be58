"""`gaitway run`: a policy on a robot."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gaitway import signals
from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.run import watched
from gaitway.cli.run.command import parse_command, tell_clipped
from gaitway.cli.run.settings import RunSettings
from gaitway.errors import RecordingError, UsageError

if TYPE_CHECKING:
    from array import array

    from gaitway.controller import Controller
    from gaitway.recorder import Recorder
    from gaitway.robot import Robot
    from gaitway.sim import RobotSim, Run, Script

#: Frames a second and width of a film by its ending. A GIF has neither motion nor shades to spare: with the frames and
#: the size of a .mp4 it has ten times its bytes.
_FILMS = {".mp4": (25.0, 640), ".gif": (12.5, 400)}


@with_settings(RunSettings)
def run(settings: RunSettings) -> int:
    """Run a policy: in simulation, over the wire of the twin, or on a robot.

    Exit codes: 0 done, 1 the robot fell or the run failed, 2 wrong use.
    """
    from gaitway.robot import Robot

    _check(settings)
    robot = Robot.load(settings.robot, config=settings.config)
    row = None if settings.command is None else parse_command(settings.command, robot)
    if settings.port is not None:
        return _run_port(settings, robot, row)
    return _run_twin(settings, robot, row) if settings.twin else _run_sim(settings, robot, row)


def _check(settings: RunSettings) -> None:
    """Raises UsageError for settings that cannot be right, or not together."""
    if settings.port is not None:
        from gaitway.cli.run import port

        port.refuse(settings)
    else:
        _refuse_real(settings)
    seconds = settings.seconds
    if seconds is not None and not (math.isfinite(seconds) and 0 < seconds <= 86_400):
        raise UsageError(f"--seconds: expected more than 0, at most 86400, found {seconds}")
    if settings.command is not None and settings.script is not None:
        raise UsageError("--command and --script exclude each other", hint="put the command into the script")
    if settings.no_record and settings.record is not None:
        raise UsageError("--record and --no-record exclude each other", hint="give one of them")
    watched.check(settings)
    _check_ending("--video", settings.video, ".mp4", ".gif")
    _check_ending("--picture", settings.picture, ".png")


def _refuse_real(settings: RunSettings) -> None:
    """Refuses what only gaitwayd has without gaitwayd, and what only a real robot has without one."""
    real: dict[str, object] = {
        "--imu": settings.imu,
        "--no-config": settings.no_config,
        "--stand": settings.stand,
        "--on-stand": settings.on_stand,
        "--dry-run": settings.dry_run,
    }
    ours: dict[str, object] = {"--socket": settings.socket}
    given = [name for name, value in (real if settings.twin else real | ours).items() if value]
    if given:
        way = "--port" if given[0] in real else "--port or --twin"
        raise UsageError(f"{', '.join(given)}: expected {way} as well", hint="a simulated robot has none of it")
    if settings.gaitwayd and not settings.twin:
        found = " ".join(settings.gaitwayd)
        raise UsageError(f"expected options, found {found!r}", hint="flags of gaitwayd need --port or --twin")


def _run_port(settings: RunSettings, robot: "Robot", row: "array[float] | None") -> int:
    from gaitway.cli.run import port

    # The servos' gain is gaitwayd's argument.
    controller = _controller(settings, robot, kp=None)
    plan = port.plan_of(settings, row, robot)
    if plan is not None:
        tell_clipped(controller.policy.contract, robot, {part.name: part.command for part in plan.segments})
    return port.run(settings, controller, plan)


def _run_twin(settings: RunSettings, robot: "Robot", row: "array[float] | None") -> int:
    from gaitway.cli.run import twin as over_the_wire

    over_the_wire.refuse(settings)
    # The servos' gain is gaitwayd's argument.
    controller = _controller(settings, robot, kp=None)
    plan = None if settings.script is None else _script(settings, robot, row)[0]
    asked = {"--command": row} if plan is None else {segment.name: segment.command for segment in plan.segments}
    tell_clipped(controller.policy.contract, robot, asked)
    arguments = over_the_wire.arguments(settings, robot, row)
    body = over_the_wire.body(settings, robot)
    # Whoever drives it says when it is over.
    usual_s = math.inf if settings.keyboard else 20.0 if plan is None else plan.seconds
    seconds = usual_s if settings.seconds is None else settings.seconds
    with watched.over_the_wire(settings, body.sim) as beside:
        arguments += beside.arguments
        return over_the_wire.run(
            controller, body, arguments, seconds, script=plan, as_json=settings.as_json, beside=beside
        )


def _run_sim(settings: RunSettings, robot: "Robot", row: "array[float] | None") -> int:
    controller = _controller(settings, robot, kp=settings.kp)
    plan, length_s = watched.script(settings, robot) if settings.keyboard else _script(settings, robot, row)
    asked = {"--command" if row else segment.name: segment.command for segment in plan.segments}
    tell_clipped(controller.policy.contract, robot, asked)
    world = _world(settings, robot)
    recorder = None if settings.no_record else _recorder(controller, settings.record)
    finished = _simulate(settings, world, controller, plan, length_s, recorder)
    recording = _end(recorder)

    picture = settings.picture or (None if settings.as_json else Path("out/run.png"))
    if finished.ticks < 2:
        picture = None
    if picture is not None:
        from gaitway.sim.picture import draw_run

        title = f"{robot.title}, {controller.policy.contract.name}"
        shown = next(iter(world.description.group("shown")), None)
        draw_run(finished.trace, plan, robot, picture, title=title, shown=shown)
    if settings.video is not None:
        _film(world, finished, settings.video, settings.video_width, quiet=settings.as_json)
    if settings.as_json:
        print_json(_identity(controller) | finished.figures() | {"recording": recording and str(recording)})
    else:
        from gaitway.cli.run.report import print_report

        print_report(finished, controller, picture, settings.video, recording)
    return 1 if finished.falls else 0


def _check_ending(option: str, path: Path | None, *endings: str) -> None:
    if path is not None and path.suffix.lower() not in endings:
        raise UsageError(
            f"{option}: expected a {' or '.join(endings)} file, found {str(path)!r}",
            hint="the ending says what to write",
        )


def _loop_hz(settings: RunSettings, robot: "Robot") -> int:
    """One rate for the loop and the simulation: a policy that does not fit the robot's is refused."""
    return settings.loop_hz or robot.control_hz


def _controller(settings: RunSettings, robot: "Robot", *, kp: float | None) -> "Controller":
    from gaitway.controller import Controller
    from gaitway.policy import Policy

    path, assumed, engine = settings.policy, settings.assume_contract, settings.engine
    loop_hz = _loop_hz(settings, robot)
    if path is None and assumed is None and engine == "native":
        return Controller(Policy.default(robot), robot, loop_hz=loop_hz, kp=kp)
    file = robot.policy_file(path or "walk")
    policy = Policy.load(file, robot=robot, assume_contract=assumed, engine=engine)
    return Controller(policy, robot, loop_hz=loop_hz, kp=kp)


def _script(settings: RunSettings, robot: "Robot", row: "array[float] | None") -> "tuple[Script, float]":
    """What to do, and for how long."""
    from gaitway.script import load_script, steady, tour

    path, seconds = settings.script, settings.seconds
    if row is not None:
        length_s = 20.0 if seconds is None else seconds
        return steady(row, length_s), length_s
    plan = tour(robot) if path is None else load_script(path, robot)
    return plan, plan.seconds if seconds is None else seconds


def _world(settings: RunSettings, robot: "Robot") -> "RobotSim":
    from gaitway.sim import Noise, Pushes, RobotSim, Variation, World

    world = World(
        noise=Noise() if settings.noise else None,
        pushes=Pushes() if settings.pushes else None,
        variation=Variation() if settings.vary else None,
    )
    loop_hz = _loop_hz(settings, robot)
    return RobotSim(robot, backlash=settings.backlash, seed=settings.seed, world=world, loop_hz=loop_hz)


def _recorder(controller: "Controller", folder: Path | None) -> "Recorder | None":
    """The flight recorder; without one the robot walks all the same, unless the person named its folder."""
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
    settings: RunSettings,
    world: "RobotSim",
    controller: "Controller",
    plan: "Script",
    seconds: float,
    recorder: "Recorder | None",
) -> "Run":
    """The run, with a live status unless programs read it; SIGINT and SIGTERM end it in order."""
    from gaitway.cli.run.live import LiveStatus
    from gaitway.sim import simulate

    realtime = not settings.fast
    stopped: list[int] = []
    with signals.caught(stopped.append), watched.opened(settings, world, controller, plan) as look:

        def watch(run: "Run") -> bool:
            return look(run) and not stopped

        if settings.as_json:
            return simulate(world, controller, plan, seconds, realtime=realtime, watch=watch, recorder=recorder)
        with LiveStatus(controller, seconds) as status:

            def show(run: "Run") -> bool:
                status.update(run)
                return watch(run)

            return simulate(world, controller, plan, seconds, realtime=realtime, watch=show, recorder=recorder)


def _film(world: "RobotSim", finished: "Run", path: Path, width: int | None, *, quiet: bool) -> None:
    from rich.progress import Progress

    from gaitway.sim.render import render_video

    wanted_fps, usual_width = _FILMS[path.suffix.lower()]
    width = width or usual_width
    every = max(1, round(world.loop_hz / wanted_fps))
    poses = finished.trace["qpos"][::every]
    with Progress(disable=quiet, transient=True) as progress:
        task = progress.add_task("drawing the film", total=len(poses))
        render_video(
            world.model,
            poses,
            path,
            fps=world.loop_hz / every,
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
