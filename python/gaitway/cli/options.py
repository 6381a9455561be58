"""Options that several tools share: the same name, the same words, the same default."""

from pathlib import Path
from typing import Annotated

import typer

from gaitway.robot import Robot, usual_duck_config

DEFAULT_PORT = Path("/dev/ttyACM0")
Port = Annotated[Path, typer.Option(envvar="GAITWAY_PORT", help="Serial port of the servo board, or a twin's link.")]
ImuBus = Annotated[Path | None, typer.Option(envvar="GAITWAY_IMU", help="I2C bus; the profile's where left out.")]
RobotName = Annotated[str, typer.Option("--robot", help="Robot by name, or path to a profile.")]
Config = Annotated[Path | None, typer.Option(help="The robot's duck_config.json.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


def load_robot(robot: str, config: Path | None) -> Robot:
    """The robot as `gaitwayd` has it: with the configuration at home where none is named."""
    if config is None and (config := usual_duck_config()) is not None:
        typer.echo(f"with {config}", err=True)
    return Robot.load(robot, duck_config=config)
