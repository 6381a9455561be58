"""What `gaitway run` is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Config, Json, RobotName
from gaitway.robots import DEFAULT_ROBOT

_GAITWAYD, _PORT = "With --port or --twin", "With --port"


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
    port: Annotated[
        Path | None, typer.Option(help="Run gaitwayd on a real robot: serial port of its servo bus (default: stand).")
    ] = None
    config: Config = None
    fast: Annotated[bool, typer.Option("--fast", help="Run as fast as possible, not in real time.")] = False
    seconds: Annotated[
        float | None,
        typer.Option(help="Length of the run, s (default: the script's; with --port or --keyboard until Ctrl-C)."),
    ] = None
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
        typer.Option(
            "--keyboard",
            help="Drive with this terminal's keys until q or Ctrl-C; in simulation with the view.",
        ),
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise, pushes and variation.")] = 0
    noise: Annotated[bool, typer.Option("--noise", help="Add sensor noise as in training.")] = False
    pushes: Annotated[bool, typer.Option("--pushes", help="Push by 0.1 to 1 m/s every 5 to 10 s.")] = False
    vary: Annotated[bool, typer.Option("--vary", help="Draw friction, mass and gains by the seed.")] = False
    backlash: Annotated[bool, typer.Option(help="Play in the gears of the legs.")] = True
    loop_hz: Annotated[
        int | None,
        typer.Option(
            "--loop-hz", "-c", min=1, max=10_000, help="Loop rate, a multiple of the policy's (default: the robot's)."
        ),
    ] = None
    kp: Annotated[
        float | None,
        typer.Option("--kp", "-p", help="Servo P for all joints (gaitwayd: all but the head's), not the contract's."),
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
    socket: Annotated[
        Path | None,
        typer.Option(
            help="Serve the local API here (default: $XDG_RUNTIME_DIR/gaitway.sock).", rich_help_panel=_GAITWAYD
        ),
    ] = None
    gaitwayd: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="-- FLAGS…", help="More flags of gaitwayd: -- --pitch-bias 2", rich_help_panel=_GAITWAYD,
            show_default=False,
        ),
    ] = None  # fmt: skip
    imu: Annotated[
        Path | None, typer.Option(help="I2C bus of the IMU (default: the profile's).", rich_help_panel=_PORT)
    ] = None
    no_config: Annotated[
        bool,
        typer.Option("--no-config", help="Run without a configuration: no joint has an offset.", rich_help_panel=_PORT),
    ] = False
    stand: Annotated[
        bool,
        typer.Option("--stand", help="Stand without walking; the head still follows.", rich_help_panel=_PORT),
    ] = False
    on_stand: Annotated[
        bool,
        typer.Option("--on-stand", help="Run the policy although the legs bear no weight.", rich_help_panel=_PORT),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Read and compute, write nothing to the servos.", rich_help_panel=_PORT),
    ] = False
