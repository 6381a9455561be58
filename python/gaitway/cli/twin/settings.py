"""What `gaitway twin` is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Config, Json, RobotName
from gaitway.robots import DEFAULT_ROBOT


@dataclass(frozen=True)
class TwinSettings:
    """Options of `gaitway twin`, in the order of its help."""

    link: Annotated[Path | None, typer.Option(help="Path of the pseudo-terminal link.")] = None
    imu_socket: Annotated[
        Path | None, typer.Option(help="Datagram socket of the program that reads the IMU, see docs/formats.md.")
    ] = None
    i2c_socket: Annotated[
        Path | None, typer.Option(help="I2C bus with the IMU's chip on it, for `gaitwayd --imu`.")
    ] = None
    seconds: Annotated[float | None, typer.Option(help="Length of the run, s (default: until it is interrupted).")] = (
        None
    )
    robot: RobotName = DEFAULT_ROBOT
    config: Config = None
    seed: Annotated[int, typer.Option(min=0, help="Seed of faults by chance.")] = 0
    return_delay_us: Annotated[
        int | None, typer.Option(min=0, max=508, help="Return delay of the servos; 0, or 500 with --factory.")
    ] = None
    usb_latency_us: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="USB hands answers over at multiples of this.")
    ] = 0
    turnaround_us: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="No servo answers sooner, whatever its return delay.")
    ] = 0
    fault: Annotated[
        list[str] | None, typer.Option(help="'at=3 silent servo=4', 'at=5 unplug': see docs/formats.md. Repeatable.")
    ] = None
    factory: Annotated[bool, typer.Option("--factory", help="Emulate servos as new, not as set up for the robot.")] = (
        False
    )
    stand: Annotated[bool, typer.Option(help="Hold the trunk up until the servos do.")] = True
    release_after_s: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="How long the stand takes to let go of a robot in its pose.")
    ] = 1.5
    stand_up: Annotated[bool, typer.Option("--stand-up", help="Put a fallen robot back on its feet.")] = False
    imu_hz: Annotated[int, typer.Option(min=1, max=500, help="IMU samples in a second.")] = 100
    physics: Annotated[bool, typer.Option(help="MuJoCo; without it joints go where they are told.")] = True
    stats_json: Annotated[Path | None, typer.Option(help="File for the figures, written at the end.")] = None
    as_json: Json = False
