"""What `gaitway doctor` is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Config, ImuBus, Json, Port, RobotName
from gaitway.robot import DEFAULT_PORT
from gaitway.robots import DEFAULT_ROBOT


@dataclass(frozen=True)
class DoctorSettings:
    """Options of `gaitway doctor`, in the order of its help."""

    port: Port = DEFAULT_PORT
    config: Config = None
    no_config: Annotated[bool, typer.Option("--no-config", help="The profile alone is right, as for a twin.")] = False
    policy: Annotated[Path | None, typer.Option(help="Policy; the robot's own where left out.")] = None
    imu: ImuBus = None
    imu_calibration: Annotated[Path | None, typer.Option(help="What gaitway imu calibrate wrote.")] = None
    feet: Annotated[Path | None, typer.Option(help="GPIO chip of the foot switches; the header's if left out.")] = None
    sounds: Annotated[Path | None, typer.Option(help="Folder of .wav files.")] = None
    recordings: Annotated[Path | None, typer.Option(help="Where recordings go.")] = None
    robot: RobotName = DEFAULT_ROBOT
    system: Annotated[Path, typer.Option(hidden=True)] = Path("/")
    as_json: Json = False
