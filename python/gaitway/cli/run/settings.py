"""What `gaitway run` is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Config, Json, RobotName
from gaitway.robots import DEFAULT_ROBOT


@dataclass(frozen=True)
class RunSettings:
    """Options of `gaitway run`, in the order of its help."""

    policy: Annotated[
        Path | None,
        typer.Option(help="ONNX file, or the name of a policy (default: walk, and stand at zero command)."),
    ] = None
    robot: RobotName = DEFAULT_ROBOT
    sim: Annotated[bool, typer.Option("--sim", help="Simulate (default).")] = False
    twin: Annotated[
        bool, typer.Option("--twin", help="Run gaitwayd against emulated servos (default: walk forward).")
    ] = False
    port: Annotated[str | None, typer.Option(help="Serial port of a real robot's servo bus.")] = None
    config: Config = None
    fast: Annotated[bool, typer.Option("--fast", help="Run as fast as possible, not in real time.")] = False
    seconds: Annotated[float | None, typer.Option(help="Length of the run, s (default: the script's).")] = None
    command: Annotated[
        str | None,
        typer.Option(help="Command for the whole run: vx=0.1,wz=0.2, or a number for each of the robot's axes."),
    ] = None
    script: Annotated[Path | None, typer.Option(help="TOML file of segments, see docs/formats.md.")] = None
    view: Annotated[
        str | None,
        typer.Option(
            metavar="[web]",
            help="Show the run: in MuJoCo's viewer where there is a display, else as a web page; web: as a page.",
        ),
    ] = None
    keyboard: Annotated[
        bool,
        typer.Option("--keyboard", help="Drive the simulated robot by keys until q or Ctrl-C, with the view open."),
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise, pushes and variation.")] = 0
    noise: Annotated[bool, typer.Option("--noise", help="Add sensor noise as in training.")] = False
    pushes: Annotated[bool, typer.Option("--pushes", help="Push by 0.1 to 1 m/s every 5 to 10 s.")] = False
    vary: Annotated[bool, typer.Option("--vary", help="Draw friction, mass and gains by the seed.")] = False
    backlash: Annotated[bool, typer.Option(help="Play in the gears of the legs.")] = True
    loop_hz: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Loop rate, a multiple of the policy's (default: the robot's)."),
    ] = None
    kp: Annotated[
        float | None, typer.Option(help="Servo P for all joints (--twin: all but the head's), not the contract's.")
    ] = None
    engine: Annotated[str, typer.Option(help="native or onnxruntime.")] = "native"
    assume_contract: Annotated[str | None, typer.Option(help="Contract of a file that carries none.")] = None
    video: Annotated[Path | None, typer.Option(help="Film of the run, .mp4 or .gif.")] = None
    video_width: Annotated[
        int | None,
        typer.Option(min=64, max=1920, help="Width of the film; its height is 3/4 (default: 640, of a .gif 400)."),
    ] = None
    picture: Annotated[Path | None, typer.Option(help="PNG of the run (default: out/run.png, none with --json).")] = (
        None
    )
    record: Annotated[
        Path | None, typer.Option(help="Folder of recordings (default: ~/.local/state/gaitway/recordings).")
    ] = None
    no_record: Annotated[bool, typer.Option("--no-record", help="Record nothing.")] = False
    as_json: Json = False
