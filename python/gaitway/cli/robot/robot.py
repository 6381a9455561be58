"""`gaitway robot`: which robots there are, and what a profile says."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gaitway.cli.common.options import Json, load_robot
from gaitway.cli.common.output import print_json, print_table
from gaitway.robot import CONFIG_NAME, Robot
from gaitway.robots import DEFAULT_ROBOT

app = typer.Typer(no_args_is_help=True, help="List the robots, and show a profile.")


@app.command("list")
def list_robots(as_json: Json = False) -> None:
    """List the robots that ship with Gaitway."""
    robots = [Robot.load(name) for name in Robot.names()]
    if as_json:
        print_json({"robots": [{"name": robot.name, "title": robot.title} for robot in robots]})
    else:
        print_table(("robot", "title", "joints"), [(r.name, r.title, str(len(r.joint_names))) for r in robots])


@app.command()
def show(
    robot: Annotated[str, typer.Argument(help="Robot by name, or path to a profile.")] = DEFAULT_ROBOT,
    config: Annotated[Path | None, typer.Option(help=f"This robot's {CONFIG_NAME}.")] = None,
    as_json: Json = False,
) -> None:
    """Show joints, devices, policies and the hash by which contracts name a robot.

    The hash is the sha256 of the canonical JSON (RFC 8785) under `hashed`: the robot's name, and of each joint its
    name, min_rad, max_rad and angle in the default pose. Ids, offsets, pins and gains change nothing.
    """
    shown = Robot.load(robot) if config is None else load_robot(robot, config)
    if as_json:
        print_json(_as_json(shown))
        return
    for what, value in _facts(shown):
        typer.echo(f"{what:<16} {value}")
    typer.echo()
    titles = ("joint", "servo", "direction", "offset", "range, rad", "default", "rad/s")
    print_table(titles, [_cells(joint) for joint in _joints(shown)])


def _facts(robot: Robot) -> list[tuple[str, str]]:
    actuators, chip = robot.native.drivers
    return [
        ("robot", f"{robot.title} ({robot.name})"),
        ("sha256", robot.native.policy_sha256),
        ("hashed", robot.native.hashed),
        ("control loop", f"{robot.control_hz} Hz"),
        ("actuators", f"{actuators}, {robot.native.baud} baud"),
        ("IMU", f"{chip}, {robot.native.imu_bus}" if chip else "none"),
        ("contacts", ", ".join(robot.contact_names) or "none"),
        ("outputs", ", ".join(f"{name} ({kind})" for name, kind, _ in robot.native.outputs) or "none"),
        ("command axes", ", ".join(f"{axis} ({unit})" for axis, unit in robot.command_axes.items()) or "none"),
        ("poses", ", ".join(robot.native.pose_names)),
        ("policies", ", ".join(_policies(robot)) or "none"),
        ("contracts", ", ".join(contract.name for contract in robot.known_contracts) or "none"),
    ]


def _policies(robot: Robot) -> list[str]:
    return sorted(path.stem for path in robot.folder.glob("*.onnx"))


def _joints(robot: Robot) -> list[dict[str, Any]]:
    native = robot.native
    rows = zip(
        robot.joint_names,
        native.servo_ids,
        native.directions,
        native.offsets_rad,
        robot.limits_rad,
        robot.default_pose_rad,
        robot.velocity_limits_rps,
        strict=True,
    )
    return [
        {
            "name": name,
            "servo_id": servo_id,
            "direction": direction,
            "offset_rad": offset_rad,
            "min_rad": min_rad,
            "max_rad": max_rad,
            "default_rad": default_rad,
            "velocity_limit_rps": limit_rps,
        }
        for name, servo_id, direction, offset_rad, (min_rad, max_rad), default_rad, limit_rps in rows
    ]


def _cells(joint: dict[str, Any]) -> tuple[str, ...]:
    return (
        joint["name"],
        str(joint["servo_id"]),
        f"{joint['direction']:+d}",
        f"{joint['offset_rad']:+.3f}",
        f"{joint['min_rad']:+.3f} to {joint['max_rad']:+.3f}",
        f"{joint['default_rad']:+.3f}",
        f"{joint['velocity_limit_rps']:.2f}",
    )


def _as_json(robot: Robot) -> dict[str, Any]:
    return {
        "name": robot.name,
        "title": robot.title,
        "policy_sha256": robot.native.policy_sha256,
        "hashed": robot.native.hashed,
        "control_hz": robot.control_hz,
        "baud": robot.native.baud,
        "imu_bus": robot.native.imu_bus,
        "drivers": dict(zip(("actuators", "imu"), robot.native.drivers, strict=True)),
        "contacts": robot.contact_names,
        "outputs": [{"name": name, "kind": kind, "pin": pin} for name, kind, pin in robot.native.outputs],
        "command_axes": robot.command_axes,
        "poses": {name: robot.native.pose_rad(name) for name in robot.native.pose_names},
        "policies": _policies(robot),
        "contracts": [contract.name for contract in robot.known_contracts],
        "joints": _joints(robot),
    }
