"""Options that several tools share: the same name, the same words, the same default."""

from pathlib import Path
from typing import Annotated

import typer

from gaitway.errors import UsageError
from gaitway.robot import CONFIG_NAME, Robot, usual_config, without_config

Port = Annotated[Path, typer.Option(envvar="GAITWAY_PORT", help="Serial port of the servo board, or a twin's link.")]
ImuBus = Annotated[
    Path | None,
    typer.Option("--imu", "--bus", envvar="GAITWAY_IMU", help="I2C bus of the IMU (default: the profile's)."),
]
RobotName = Annotated[str, typer.Option("--robot", help="Robot by name, or path to a profile.")]
Config = Annotated[Path | None, typer.Option(help=f"The robot's {CONFIG_NAME}.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")]


def load_robot(robot: str, config: Path | None) -> Robot:
    """The robot as `gaitwayd` has it: with the configuration at home where none is named."""
    config = found_config(config)
    if config is None:
        loaded = Robot.load(robot)
        typer.echo(without_config(loaded), err=True)
        return loaded
    loaded = Robot.load(robot, config=config)
    typer.echo(f"with {config}", err=True)
    for line in (*loaded.applied, *loaded.ignored):
        typer.echo(f"  {line}", err=True)
    return loaded


def found_config(named: Path | None) -> Path | None:
    """The configuration: the one named, else the one at home where there is one."""
    usual = usual_config()
    return named or (usual if usual is not None and usual.is_file() else None)


def targets(robot: Robot, goals: list[str]) -> dict[str, float]:
    """Angles of joints, rad, as a person writes them: head_yaw=0.3, or a pose by its name."""
    poses = {
        "default": robot.default_pose_rad,
        "zero": [0.0] * len(robot.joint_names),
        "sit": robot.native.sit_pose_rad,
        **{name: robot.native.pose_rad(name) or [] for name in robot.native.pose_names},
    }
    targets: dict[str, float] = {}
    for goal in goals:
        joint, separator, angle = goal.partition("=")
        if not separator and goal in poses:
            targets.update(zip(robot.joint_names, poses[goal], strict=True))
            continue
        try:
            targets[joint] = float(angle)
        except ValueError:
            hint = f"as in {robot.joint_names[0]}=0.3, or a pose: {', '.join(poses)}"
            raise UsageError(f"{goal!r}: expected a joint and an angle in rad", hint=hint) from None
    for joint, (low, high) in zip(robot.joint_names, robot.limits_rad, strict=True):
        if not low <= targets.get(joint, low) <= high:
            raise UsageError(f"{joint}={targets[joint]:g}: expected {low:.3f} to {high:.3f} rad")
    return targets
