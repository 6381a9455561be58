"""`gaitway motors scan` and `setup`: who is on the bus, and which joint each servo becomes."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway.cli.common.answers import Answers
from gaitway.cli.common.options import Config, Json, Port, RobotName, load_robot
from gaitway.cli.common.output import print_json, print_table
from gaitway.errors import BusError, UsageError
from gaitway.robot import DEFAULT_PORT, Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.bringup.motors import Found


def scan(
    port: Port = DEFAULT_PORT,
    all_bauds: Annotated[bool, typer.Option(help="At every speed a servo can have, not only the robot's.")] = False,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Ask every id, and list joints, unknown servos and servos that share an id."""
    from gaitway.bringup.motors import BAUDS, check_line
    from gaitway.bringup.motors import scan as find

    loaded = load_robot(robot, config)
    bauds = BAUDS if all_bauds else (loaded.native.baud,)
    found = _with_progress(lambda watch: find(port, bauds, watch=watch), 254 * len(bauds), as_json)
    joints = dict(zip(loaded.native.servo_ids, loaded.joint_names, strict=True))
    present = {servo.id for servo in found}
    missing = [name for servo_id, name in joints.items() if servo_id not in present]
    alone = [servo.id for servo in found if servo.baud == bauds[0] and not servo.is_shared]
    line = check_line(port, bauds[0], alone)
    problems = [*line.problems(), *_problems(loaded, {joints[each.id]: each for each in found if each.id in joints})]
    if as_json:
        servos = [{**asdict(servo), "joint": joints.get(servo.id), "is_shared": servo.is_shared} for servo in found]
        told = [{"found": what, "remedy": remedy} for what, remedy in problems]
        print_json({"servos": servos, "missing": missing, **asdict(line), "problems": told})
        return
    rows = []
    for servo in found:
        registers = servo.registers or {}
        rows.append(
            (
                str(servo.id),
                joints.get(servo.id, "[yellow]no joint[/]"),
                str(servo.baud),
                f"{registers['present voltage'] / 10:.1f} V, {registers['present temperature']} °C"
                if registers
                else "[red]several servos answer at once[/]",
                ", ".join(servo.faults),
            )
        )
    print_table(("id", "joint", "baud", "says", "faults"), rows)
    if missing:
        typer.echo(f"silent: {', '.join(missing)}; a new servo has id 1: gaitway motors setup JOINT")
    for what, remedy in problems:
        typer.echo(f"{what}: {remedy}")


def _problems(robot: Robot, servos: dict[str, "Found"]) -> list[tuple[str, str]]:
    """What the joints' servos say that cannot be right, each with what to do."""
    from gaitway.bringup.motors import judged

    registers = {joint: servo.registers for joint, servo in servos.items() if servo.registers is not None}
    if not registers:
        return []
    volts = {joint: each["present voltage"] / 10 for joint, each in registers.items()}
    said = {joint: servos[joint].faults for joint in registers}
    found = [judged.supply(robot, volts), judged.faults(robot, said, registers)]
    problems = [(each.found, each.remedy) for each in found if each.level == "fail"]
    for joint, each in registers.items():
        if impossible := judged.position(robot, joint, judged.angle_rad(robot, joint, each["present position"])):
            problems.append((f"{joint} {impossible.found}", impossible.remedy))
    return problems


def setup(
    joints: Annotated[list[str] | None, typer.Argument(help="Joints in turn; all where none is named.")] = None,
    port: Port = DEFAULT_PORT,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: the one servo that is plugged in is meant.")] = False,
    as_json: Json = False,
) -> None:
    """Set id and settings of servos for their joints, one at a time: plug in each alone when it is asked for."""
    from gaitway.bringup.motors import check_joints, set_up

    loaded = load_robot(robot, config)
    answers = Answers()
    done, given = {}, dict[int, str]()
    ids = dict(zip(loaded.joint_names, loaded.native.servo_ids, strict=True))
    wanted = joints or loaded.joint_names
    check_joints(loaded, wanted)
    if yes and len(wanted) != 1:
        raise UsageError(f"--yes: expected one joint, found {len(wanted)}", hint="one servo can only be one of them")
    for joint in wanted:
        if not yes and answers.ask(f"Plug in the servo for {joint} alone, then press Enter (s skips).") == "s":
            continue
        servo = _the_only_one(port, loaded.native.baud, as_json)
        if servo.id in given:
            hint = f"plug in the one for {joint}; what is done is kept"
            raise UsageError(f"servo {servo.id} has just become {given[servo.id]}", hint=hint)
        given[ids[joint]] = joint
        tell: Callable[[str], None] = (lambda text: None) if as_json else typer.echo
        set_up(port, servo, loaded, joint, tell)
        done[joint] = {"was": servo.id, "is": ids[joint]}
        tell(f"{joint}: servo {ids[joint]}")
    if as_json:
        print_json({"joints": done})


def _the_only_one(port: Path, baud: int, quiet: bool) -> "Found":
    """The servo that is plugged in alone: at the robot's speed, else at any."""
    from gaitway.bringup.motors import BAUDS, scan

    others = tuple(each for each in BAUDS if each != baud)
    for bauds in ((baud,), others):
        find = _scanner(scan, port, bauds)
        found = _with_progress(find, 254 * len(bauds), quiet)
        if len(found) > 1:
            ids = ", ".join(str(servo.id) for servo in found)
            raise UsageError(
                f"expected one servo, found {len(found)}: {ids}", hint="unplug all but the one that is meant"
            )
        if found:
            return found[0]
    raise BusError("no servo answers, at no speed", hint="check its plug, its power and the switch of the servo board")


def _scanner(
    scan: Callable[..., list["Found"]], port: Path, bauds: tuple[int, ...]
) -> Callable[[Callable[[int, int], None]], list["Found"]]:
    return lambda watch: scan(port, bauds, watch=watch)


def _with_progress(
    find: Callable[[Callable[[int, int], None]], list["Found"]], total: int, quiet: bool
) -> list["Found"]:
    if quiet or not sys.stderr.isatty():
        return find(lambda baud, servo_id: None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("asking", total=total)

        def watch(baud: int, servo_id: int) -> None:
            progress.update(task, advance=1, description=f"{baud} baud, id {servo_id}")

        return find(watch)
