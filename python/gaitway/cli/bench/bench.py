"""`gaitway bench`: how fast it is, beside its peers, in one run."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import files
from gaitway.cli.bench.api import api
from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.policy import Policy
    from gaitway.robot import Robot

app = typer.Typer(no_args_is_help=True, help="Measure speed beside peers, in one run.")


app.command()(api)


@app.callback()
def _root() -> None:
    pass


@app.command()
def tick(
    policy: Annotated[Path, typer.Option(help="ONNX file, or the name of a policy of the robot.")] = Path("walk"),
    robot: RobotName = DEFAULT_ROBOT,
    ticks: Annotated[int, typer.Option(min=100, max=1_000_000, help="Ticks of each measurement.")] = 5000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, all peers in turn in each.")] = 7,
    callgrind: Annotated[bool, typer.Option(help="Count instructions, where valgrind is installed.")] = True,
    as_json: Json = False,
) -> None:
    """Measure a whole tick and the network alone, beside onnxruntime (one thread, I/O binding) and numpy."""
    from gaitway.bench import measure_tick
    from gaitway.cli.bench.tick_report import print_tick

    loaded, described = _load(policy, robot)
    result = measure_tick(loaded, described, ticks, rounds, callgrind=callgrind)
    if as_json:
        print_json(result)
    else:
        print_tick(result)


@app.command()
def nets(
    policies: Annotated[
        list[Path] | None, typer.Argument(help="ONNX files. Default: networks of 64 KiB to 20 MiB.", show_default=False)
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds, all peers in turn in each.")] = 11,
    as_json: Json = False,
) -> None:
    """Measure networks of all sizes beside onnxruntime (one thread, and as many as it takes), warm and cold."""
    from gaitway.bench.nets import measure_nets
    from gaitway.cli.bench.measuring import measuring
    from gaitway.cli.bench.nets_report import print_nets

    with measuring(shown=not as_json) as progress:
        result = measure_nets(policies or [], rounds, progress)
    if as_json:
        print_json(result)
    else:
        print_nets(result)


@app.command()
def rt(
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds of each measurement.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds of what is measured in turns.")] = 3,
    clients: Annotated[
        int, typer.Option(min=0, max=30, help="Also measure gaitwayd on the twin beside this many clients at 50 Hz.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Measure how well the loop keeps time, beside the Python runtime's way of sleeping for the rest of the period."""
    from gaitway.bench import ClockBench
    from gaitway.cli.bench.clock_report import print_clock
    from gaitway.cli.bench.measuring import measuring

    with measuring(shown=not as_json) as progress:
        result = ClockBench(seconds, rounds, progress).measure()
        if clients:
            from gaitway.bench.local_api.beside import measure_crowd
            from gaitway.robot import Robot

            result["clients"] = measure_crowd(Robot.load(DEFAULT_ROBOT), clients, seconds, rounds, progress)
    if as_json:
        print_json(result)
    else:
        print_clock(result)


@app.command()
def bus(
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds of each measurement.")] = 4.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, all programs in turn in each.")] = 3,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure what the servo driver costs beside the wire, on emulated servos, beside rustypot's three transactions."""
    if sys.platform != "linux":
        raise UsageError("the twin needs Linux's pseudo-terminals", hint="run it on Linux, or in a container")
    from gaitway.bench import BusBench
    from gaitway.cli.bench.bus_report import print_bus
    from gaitway.cli.bench.measuring import measuring

    with measuring(shown=not as_json) as progress:
        result = BusBench(robot, seconds, rounds, progress).measure()
    if as_json:
        print_json(result)
    else:
        print_bus(result)


@app.command()
def switches(
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="Switches on each model.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed switches in the same way.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Processes; as many as cores.")] = None,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Let the policies of a robot's set take over from each other, with noise. Exits with 1 on a fall."""
    from gaitway.bench.switches import SwitchBench
    from gaitway.cli.bench.chaos_report import striking
    from gaitway.cli.bench.switch_report import print_switches

    with striking(shown=not as_json, what="episodes") as progress:
        result = SwitchBench(
            robot, count=count, seed=seed, jobs=jobs or os.cpu_count() or 1, progress=progress
        ).measure()
    if as_json:
        print_json(result)
    else:
        print_switches(result)
    if any(model["falls"] for model in result["models"].values()):
        raise typer.Exit(1)


@app.command()
def chaos(
    faults: Annotated[int, typer.Option(min=1, max=100_000, help="Faults of each class, at least.")] = 330,
    seed: Annotated[int, typer.Option(min=0, help="The same seed strikes in the same way.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Processes; as many as cores.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="ONNX file, or the name of a policy of the robot; the robot's own set.")
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    write: Annotated[Path | None, typer.Option(help="Write the page of the docs here.")] = None,
    as_json: Json = False,
) -> None:
    """Strike walking robots in MuJoCo with every class of faults, on a virtual clock. Exits with 1 if a check fails."""
    from gaitway.bench.chaos import ChaosBench
    from gaitway.cli.bench.chaos_report import document, print_chaos, striking

    with striking(shown=not as_json) as progress:
        bench = ChaosBench(robot, policy, faults=faults, seed=seed, jobs=jobs or os.cpu_count() or 1, progress=progress)
        result = bench.measure()
    if write is not None:
        # Where the page lies in the repository, wherever this one was written.
        page = document(result, f"gaitway bench chaos --faults {faults} --seed {seed} --write docs/chaos.md")
        files.write_bytes(write, page.encode(), "page")
    if as_json:
        print_json(result)
    else:
        print_chaos(result)
    _end(result)


@app.command()
def wire(
    policy: Annotated[Path, typer.Argument(help="ONNX file, or the name of a policy of the robot.")] = Path("walk"),
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Seconds of each command.")] = 18.0,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure how a policy follows commands over its servo bus, on a virtual clock, beside the lockstep."""
    from gaitway.bench.wire import measure_wire
    from gaitway.cli.bench.measuring import measuring
    from gaitway.cli.bench.wire_report import print_wire

    loaded, described = _load(policy, robot)
    with measuring(shown=not as_json) as progress:
        result = measure_wire(loaded, described, seconds, progress)
    if as_json:
        print_json(result)
    else:
        print_wire(result)
    _end(result)


@app.command()
def body(
    seconds: Annotated[float, typer.Option(min=3, max=3600, help="Seconds of each run.")] = 15.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, both in turn in each.")] = 8,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure the loop with IMU, pad, feet, outputs, sounds and recorder beside the bare one, on the twin."""
    from gaitway.bench.body import measure_body
    from gaitway.cli.bench.body_report import print_body
    from gaitway.cli.bench.measuring import measuring
    from gaitway.robot import Robot

    with measuring(shown=not as_json) as progress:
        result = measure_body(Robot.load(robot), seconds, rounds, progress)
    if as_json:
        print_json(result)
    else:
        print_body(result)
    _end(result)


@app.command()
def record(
    policy: Annotated[Path, typer.Option(help="ONNX file, or the name of a policy of the robot.")] = Path("walk"),
    robot: RobotName = DEFAULT_ROBOT,
    ticks: Annotated[int, typer.Option(min=100, max=1_000_000, help="Ticks of each measurement.")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, all peers in turn in each.")] = 5,
    as_json: Json = False,
) -> None:
    """Measure what recording a tick costs the loop, beside loggers that are called from it."""
    from gaitway.bench.record import measure_record
    from gaitway.cli.bench.record_report import print_record

    loaded, described = _load(policy, robot)
    result = measure_record(loaded, described, ticks, rounds)
    if as_json:
        print_json(result)
    else:
        print_record(result)
    _end(result)


@app.command()
def replay(
    policy: Annotated[Path, typer.Option(help="ONNX file, or the name of a policy of the robot.")] = Path("walk"),
    robot: RobotName = DEFAULT_ROBOT,
    seconds: Annotated[float, typer.Option(min=5, max=86_400, help="Seconds to walk.")] = 3600.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of commands and noise.")] = 0,
    as_json: Json = False,
) -> None:
    """Record a long walk with faults over the emulated wire, and run it again on every path of this CPU."""
    from gaitway.bench.replay import measure_replay
    from gaitway.cli.bench.measuring import measuring
    from gaitway.cli.bench.record_report import print_replay

    loaded, described = _load(policy, robot)
    with measuring(shown=not as_json) as progress:
        result = measure_replay(loaded, described, seconds, seed, progress)
    if as_json:
        print_json(result)
    else:
        print_replay(result)
    _end(result)


@app.command()
def starts(
    policy: Annotated[
        str | None, typer.Option(help="ONNX file, or the name of a policy of the robot. Default: the robot's pair.")
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Number of starts.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first start.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="Parallel processes. Default: one a CPU.")] = None,
    lifts: Annotated[bool, typer.Option("--lifts", help="Lift each robot once more while its policy runs.")] = False,
    as_json: Json = False,
) -> None:
    """Start robots that hang in a person's hands and set them down at zero command: none may fall."""
    from rich.console import Console

    from gaitway.bench.starts import measure_starts
    from gaitway.cli.bench.marks import print_marks
    from gaitway.cli.bench.measuring import measuring

    with measuring(shown=not as_json) as progress:
        result = measure_starts(
            robot,
            policy,
            count,
            seed=seed,
            jobs=jobs or os.cpu_count() or 1,
            lifts=lifts,
            progress=lambda done, total: progress("starts", done, total),
        )
    if as_json:
        print_json(result)
    else:
        console = Console(highlight=False)
        for run in result["runs"]:
            if run["fell_s"] is not None or not run["runs"]:
                console.print(f"start {run['seed']}: fell at {run['fell_s']} s; {run['log'][-3:]}")
        print_marks(console, result["marks"])
    _end(result)


@app.command()
def train(
    task: Annotated[str, typer.Argument(help="A task of the robot, or a TOML file.")] = "walk",
    robots: Annotated[int, typer.Option(min=2, max=100_000, help="Robots that are simulated at once.")] = 512,
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Control steps of each measurement.")] = 100,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, both in turn in each.")] = 3,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure the speed of the trainer's simulation beside the physics alone."""
    from gaitway.bench.train import measure_training
    from gaitway.cli.bench.measuring import measuring
    from gaitway.cli.bench.train_report import print_training

    with measuring(shown=not as_json) as progress:
        result = measure_training(task, robot, robots, steps, rounds, progress)
    if as_json:
        print_json(result)
    else:
        print_training(result)


@app.command()
def env(
    robots: Annotated[int, typer.Option(min=1, max=1000, help="Robots in Gymnasium's own vectors.")] = 4,
    batch: Annotated[int, typer.Option(min=2, max=100_000, help="Robots in the trainer's batch.")] = 256,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds of each measurement.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds, all in turn in each.")] = 3,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure steps a second of Gymnasium environments, one and vectorised, beside the physics alone."""
    from gaitway.bench.env import measure_env
    from gaitway.cli.bench.env_report import print_env
    from gaitway.cli.bench.measuring import measuring

    with measuring(shown=not as_json) as progress:
        result = measure_env(robot, robots, batch, seconds, rounds, progress)
    if as_json:
        print_json(result)
    else:
        print_env(result)


def _load(policy: Path, robot: str) -> "tuple[Policy, Robot]":
    from gaitway.policy import Policy
    from gaitway.robot import Robot

    described = Robot.load(robot)
    return Policy.load(described.policy_file(policy), robot=described), described


def _end(result: dict[str, Any]) -> None:
    """Exits with 1 where a mark was missed."""
    if not all(mark["passed"] for mark in result["marks"]):
        raise typer.Exit(1)
