"""`gaitway motors calibrate`: guided soft offsets, joint by joint or all at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway.cli.common.answers import Answers
from gaitway.cli.common.options import Json, Port, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robot import CONFIG_NAME, DEFAULT_PORT, Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.bringup.motors import Motors

#: A preview is soft: a wrong offset shall push against nothing.
_SOFT_KP = 8
_SOFT_TORQUE = 0.3


def calibrate(
    config: Annotated[Path, typer.Option(help=f"The {CONFIG_NAME} the offsets go into; made where there is none.")],
    joints: Annotated[list[str] | None, typer.Argument(help="Joints; all where none is named.")] = None,
    port: Port = DEFAULT_PORT,
    robot: RobotName = DEFAULT_ROBOT,
    at_once: Annotated[bool, typer.Option("--at-once", help="Read all joints in one pose, on a jig.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Back to the offsets before the last calibration.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure and show, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Find out where each servo stands when its joint is at zero, and write that into the configuration.

    The joint is limp while you hold it at its zero (the robot's page in docs has the pose), so its weight is not in
    the number; then it is shown, softly, and you keep it, read it again, or go back.
    """
    from gaitway.bringup.motors import Motors, check_joints
    from gaitway.bringup.motors.calibration import OffsetsFile

    loaded = Robot.load(robot)
    if config.exists():
        # What cannot be is what is mended here: it counts as zero until it has been measured.
        loaded = loaded.configured(config, unreachable_are_zero=True)
    file = OffsetsFile(config)
    if undo:
        file.undo()
        if as_json:
            print_json({"config": str(config), "undone": True})
        else:
            typer.echo(f"{config}: as before")
        return
    wanted = joints or loaded.joint_names
    check_joints(loaded, wanted)
    if loaded.counted_as_zero:
        typer.echo(f"{config}: no servo reaches the offsets of {', '.join(loaded.counted_as_zero)}", err=True)
    before = file.offsets_rad
    found: dict[str, float] = {}
    with Motors(loaded, port, kp=_SOFT_KP, torque=_SOFT_TORQUE) as motors:
        # Whoever was here before may have left them stiff.
        motors.release()
        for joint, offset in _all_at_once(motors, wanted) if at_once else _one_by_one(motors, wanted):
            found[joint] = offset
            if not dry_run:
                # At once: what goes wrong with the next joint does not lose this one.
                file.write({joint: offset})
    rows = {
        joint: {"before_rad": before.get(joint, 0.0), "offset_rad": round(offset, 5)} for joint, offset in found.items()
    }
    left = [joint for joint in loaded.counted_as_zero if joint not in found or dry_run]
    if left:
        typer.echo(f"left to do: gaitway motors calibrate {' '.join(left)} --config {config}", err=True)
    if as_json:
        print_json({"config": str(config), "written": bool(found) and not dry_run, "joints": rows})
        return
    for joint, row in rows.items():
        typer.echo(f"{joint:>16} {row['before_rad']:+.4f} -> {row['offset_rad']:+.4f} rad")
    if rows and not dry_run:
        typer.echo(f"{len(rows)} offsets in {config}; --undo puts back what was there")
    else:
        typer.echo("nothing was written")


def _all_at_once(motors: "Motors", joints: list[str]) -> Iterator[tuple[str, float]]:
    """Every joint in one pose, which a jig holds."""
    from gaitway.bringup.motors.calibration import doubt, measure, offset_rad

    answers = Answers()
    answers.ask("Bring the whole robot into its zero pose and hold it there, then press Enter.")
    found = {joint: offset_rad(motors.robot, joint, measure(motors, joint)) for joint in joints}
    for joint, offset in found.items():
        if why := doubt(motors.robot, joint, offset):
            raise UsageError(f"{joint}: {why}", hint="nothing was written; or calibrate the others by name")
    yield from found.items()


def _one_by_one(motors: "Motors", joints: list[str]) -> Iterator[tuple[str, float]]:
    answers, place = Answers(), 0
    while place < len(joints):
        joint = joints[place]
        answer = answers.ask(f"{joint}: hold it at its zero, then press Enter (s skips, b goes back, q ends).")
        if answer == "q":
            return
        if answer == "b":
            place = max(0, place - 1)
        elif answer == "s":
            place += 1
        elif (offset := _measure_and_show(motors, joint, answers)) is not None:
            yield joint, offset
            place += 1


def _measure_and_show(motors: "Motors", joint: str, answers: Answers) -> float | None:
    """The offset, once the person keeps it; None where it is to be read again."""
    from gaitway.bringup.motors import judged
    from gaitway.bringup.motors.calibration import doubt, measure, offset_rad

    try:
        zero_rad = measure(motors, joint)
    except UsageError as error:
        typer.echo(f"{error.message}: {error.hint}", err=True)
        return None
    offset = offset_rad(motors.robot, joint, zero_rad)
    typer.echo(f"{joint}: offset {offset:+.4f} rad", err=True)
    if why := doubt(motors.robot, joint, offset):
        typer.echo(f"that cannot be right: {why}", err=True)
        return None
    if judged.position(motors.robot, joint, zero_rad):
        # By the offset it had so far it is where it cannot be driven: once the new one is loaded it can.
        return offset if answers.ask("Its old offset is too far off to show it. Keep it? (Enter keeps)") == "" else None
    motors.hold([joint])
    motors.move({joint: zero_rad})

    def show() -> None:
        motors.step({joint: zero_rad})

    try:
        answer = answers.ask(
            "It holds that, softly. Let go of it: is it at its zero? (Enter keeps, all else reads again)", show
        )
        sag_rad = motors.positions_rad()[joint] - zero_rad
    finally:
        motors.release([joint])
    typer.echo(f"{joint}: its weight bends it by {sag_rad:+.3f} rad, which is not in the offset", err=True)
    return offset if answer == "" else None
