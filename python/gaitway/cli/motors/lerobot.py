"""`gaitway motors lerobot`: LeRobot's calibration files, read into a configuration and written from one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway.cli.common.options import Config, Json, RobotName, load_robot
from gaitway.cli.common.output import print_json, print_table
from gaitway.robot import CONFIG_NAME, Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.bringup.motors.lerobot import LeRobotCalibration

app = typer.Typer(no_args_is_help=True, help="Read and write LeRobot's calibration files.")


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="JSON file of lerobot-calibrate.")],
    robot: RobotName = DEFAULT_ROBOT,
    config: Annotated[
        Path | None, typer.Option(help=f"The {CONFIG_NAME} its offsets go into; made where there is none.")
    ] = None,
    cleared: Annotated[
        bool, typer.Option("--cleared", help="The servos have 0 in register 31, as after gaitway motors setup.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a calibration of LeRobot means for each joint; with --config take over its offsets."""
    from gaitway.bringup.motors.calibration import OffsetsFile
    from gaitway.bringup.motors.lerobot import LeRobotCalibration

    loaded = Robot.load(robot)
    if config is not None and config.exists():
        loaded = loaded.configured(config, unreachable_are_zero=True)
    calibration = LeRobotCalibration.load(file, loaded)
    if config is not None:
        # The servos tell the homing offset themselves unless somebody has cleared it.
        OffsetsFile(config).write(calibration.offsets_rad(loaded, cleared=cleared))
    if as_json:
        meanings = {name: asdict(meant) for name, meant in calibration.meaning(loaded).items()}
        print_json({"joints": meanings, "config": None if config is None else str(config), "cleared": cleared})
        return
    _print(calibration, loaded, cleared)
    if config is not None:
        typer.echo(f"{len(calibration.joints)} offsets in {config}; gaitway motors calibrate --undo puts back")


@app.command()
def write(
    file: Annotated[Path, typer.Argument(help="JSON file to write.")],
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write LeRobot's calibration of a robot from its profile and the offsets of its configuration.

    The servos have 0 in register 31, as gaitway motors setup leaves it; LeRobot writes the file's homing offsets into
    them when it takes the file over, and after that the configuration no longer fits: read the file into it.
    """
    from gaitway.bringup.motors.lerobot import LeRobotCalibration

    loaded = load_robot(robot, config)
    calibration = LeRobotCalibration.of_robot(loaded)
    calibration.write(file)
    if as_json:
        print_json({"file": str(file), "joints": {name: asdict(joint) for name, joint in calibration.joints.items()}})
        return
    _print(calibration, loaded, cleared=True)
    typer.echo(f"{len(calibration.joints)} joints in {file}")


def _print(calibration: "LeRobotCalibration", robot: Robot, cleared: bool) -> None:
    limits = dict(zip(robot.joint_names, robot.limits_rad, strict=True))
    rows = []
    for name, meant in calibration.meaning(robot).items():
        offset_rad = meant.cleared_offset_rad if cleared else meant.offset_rad
        low_rad, high_rad = limits[name]
        rows.append(
            (
                name,
                str(calibration.joints[name].id),
                f"{meant.direction:+d}",
                f"{meant.homing_rad:+.4f}",
                f"{offset_rad:+.4f}",
                f"{meant.low_rad:+.3f} to {meant.high_rad:+.3f}",
                f"{low_rad:+.3f} to {high_rad:+.3f}",
            )
        )
    titles = ("joint", "servo", "direction", "homing, rad", "offset, rad", "recorded, rad", "profile, rad")
    print_table(titles, rows)
