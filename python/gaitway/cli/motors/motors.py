"""`gaitway motors`: the servos on their bus, found, set up, audited, looked at, moved, let go."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.answers import Answers
from gaitway.cli.common.options import Config, Json, Port, RobotName, load_robot, targets
from gaitway.cli.common.output import print_json, print_table
from gaitway.cli.motors import calibrate, lerobot, setup
from gaitway.errors import BusError, GaitwayError
from gaitway.robot import DEFAULT_PORT, Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.bringup.motors import Look, Motors

app = typer.Typer(no_args_is_help=True, help="Find, set up, audit, show, move and calibrate the servos.")
app.command("scan")(setup.scan)
app.command("setup")(setup.setup)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(lerobot.app, name="lerobot")

#: What a test asks of a joint: there and back, and how near it must come, rad.
_NUDGE_RAD = 0.1
_NEAR_RAD = 0.05


@app.command()
def audit(
    port: Port = DEFAULT_PORT,
    fix: Annotated[bool, typer.Option("--fix", help="Correct the settings that can be corrected.")] = False,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Read every servo's settings, and name what is wrong and what follows. Exits with 1 if it is grave."""
    with _open(load_robot(robot, config), port) as motors:
        found = motors.audit(fix=fix)
    _check_heard(found)
    findings = [(joint, each) for joint, rows in found.items() for each in rows or []]
    grave = any(each["severity"] == "grave" for _, each in findings)
    silent = [joint for joint, rows in found.items() if rows is None]
    if as_json:
        print_json({"joints": found, "silent": silent, "grave": grave})
    else:
        rows = [
            (joint, each["register"], str(each["expected"]), str(each["found"]), each["severity"], each["consequence"])
            for joint, each in findings
        ]
        print_table(("joint", "setting", "expected", "found", "", "what follows"), rows)
        if any(each["fixable"] for _, each in findings):
            typer.echo("put it right: gaitway motors audit --fix")
        if kept := sorted({each["register"] for _, each in findings if not each["fixable"]}):
            typer.echo(f"--fix leaves alone: {', '.join(kept)}")
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        typer.echo(f"silent: {', '.join(silent)}" if silent else f"{len(found)} servos, {count}")
    if grave:
        raise typer.Exit(1)


@app.command()
def voltage(
    port: Port = DEFAULT_PORT, robot: RobotName = DEFAULT_ROBOT, config: Config = None, as_json: Json = False
) -> None:
    """Show supply, temperature, current and faults of each servo. Exits with 1 if the supply is wrong."""
    from gaitway.bringup.motors import judged

    loaded = load_robot(robot, config)
    with _open(loaded, port) as motors:
        looks = motors.look()
    _check_heard(looks)
    volts = {joint: look.voltage_v for joint, look in looks.items() if look and look.voltage_v is not None}
    if not volts:
        raise BusError("no servo tells its voltage", hint="gaitway motors scan")
    supply = judged.supply(loaded, volts)
    if as_json:
        print_json({joint: look and asdict(look) for joint, look in looks.items()})
    else:
        print_table(("joint", "V", "°C", "A", "faults"), [_electric(joint, look) for joint, look in looks.items()])
        typer.echo(f"{min(volts.values()):.1f} to {max(volts.values()):.1f} V")
        if supply.remedy:
            typer.echo(f"{supply.found}: {supply.remedy}")
    if supply.level == "fail":
        raise typer.Exit(1)


@app.command()
def move(
    goals: Annotated[
        list[str] | None, typer.Argument(help="JOINT=RADIANS, some; or a pose of the profile, or zero.")
    ] = None,
    port: Port = DEFAULT_PORT,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    torque: Annotated[float, typer.Option(min=0.05, max=1.0, help="Share of their torque they may use.")] = 0.5,
    hold: Annotated[bool, typer.Option("--hold", help="Hold until Enter instead of disabling the torque.")] = False,
    as_json: Json = False,
) -> None:
    """Move joints slowly to angles or a pose, through the safety filter, then disable their torque."""
    loaded = load_robot(robot, config)
    target_rad = targets(loaded, goals or ["default"])
    with _open(loaded, port, torque=torque) as motors:
        motors.hold(target_rad)
        reached_rad = motors.move(target_rad)
        if hold:
            Answers().ask("It holds. Press Enter to let it go.", lambda: _step(motors, target_rad))
    if as_json:
        print_json({"target_rad": target_rad, "reached_rad": reached_rad})
        return
    rows = [(joint, f"{goal:+.3f}", f"{reached_rad[joint]:+.3f}") for joint, goal in target_rad.items()]
    print_table(("joint", "goal, rad", "reached, rad"), rows)


@app.command()
def limp(
    port: Port = DEFAULT_PORT, robot: RobotName = DEFAULT_ROBOT, config: Config = None, as_json: Json = False
) -> None:
    """Disable the torque of all servos."""
    try:
        loaded = load_robot(robot, config)
    except GaitwayError as error:
        # Torque is cut by a broadcast, which needs no configuration; only ids and names may be others.
        typer.echo(f"without its configuration: {error.message}", err=True)
        loaded = Robot.load(robot)
    with _open(loaded, port) as motors:
        motors.release()
        looks = motors.look()
    stiff = [joint for joint, look in looks.items() if look is not None and look.torque_on]
    if stiff or not any(looks.values()):
        what = f"still driven: {', '.join(stiff)}" if stiff else "no servo answers, so nobody knows"
        raise BusError(what, hint="switch the power off")
    silent = [joint for joint, look in looks.items() if look is None]
    if as_json:
        print_json({"limp": [joint for joint in looks if joint not in silent], "silent": silent})
    else:
        typer.echo(f"limp; silent: {', '.join(silent)}" if silent else "limp")


@app.command()
def test(
    joints: Annotated[list[str] | None, typer.Argument(help="Joints (default: all).")] = None,
    port: Port = DEFAULT_PORT,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Move each joint by 0.1 rad and back, one by one, and name those that do not get there.

    Hang a robot with legs up; lay an arm so that no joint is pressed against table or base.
    """
    from gaitway.bringup.motors import check_joints

    results: dict[str, Any] = {}
    loaded = load_robot(robot, config)
    wanted = joints or loaded.joint_names
    check_joints(loaded, wanted)
    with _open(loaded, port) as motors:
        for joint in wanted:
            results[joint] = _try_joint(motors, joint)
            if not as_json:
                typer.echo(f"{joint}: {results[joint]['verdict']}")
    is_well = all(result["passed"] for result in results.values())
    if as_json:
        print_json({"joints": results, "passed": is_well})
    if not is_well:
        raise typer.Exit(1)


def _try_joint(motors: "Motors", joint: str) -> dict[str, Any]:
    from gaitway.bringup.motors import judged

    before = motors.look()[joint]
    if before is None:
        return {"passed": False, "verdict": "silent: check its plug, its power and its id"}
    if impossible := judged.position(motors.robot, joint, before.position_rad):
        return {"passed": False, "verdict": f"{impossible.found}: {impossible.remedy}"}
    low, high = motors.robot.limits_rad[motors.robot.joint_names.index(joint)]
    start_rad = before.position_rad
    # Towards the middle of its range.
    nudged_rad = start_rad + (_NUDGE_RAD if start_rad < (low + high) / 2 else -_NUDGE_RAD)
    motors.hold([joint])
    there_rad = motors.move({joint: nudged_rad})[joint]
    back_rad = motors.move({joint: start_rad})[joint]
    motors.release([joint])
    short_rad = max(abs(there_rad - nudged_rad), abs(back_rad - start_rad))
    moved_rad = abs(there_rad - start_rad)
    verdict = f"moved {moved_rad:.3f} rad, {short_rad:.3f} rad short"
    passed = short_rad <= _NEAR_RAD
    if moved_rad < _NUDGE_RAD / 4:
        verdict = "does not move: is it blocked, or is another joint's servo plugged in here?"
    elif not passed:
        verdict += ": it rubs, carries too much, or something is in its way"
    return {"passed": passed, "verdict": verdict, "moved_rad": moved_rad, "short_rad": short_rad}


def _step(motors: "Motors", target_rad: dict[str, float]) -> None:
    motors.step(target_rad)


def _open(robot: Robot, port: Path, *, torque: float = 0.5) -> "Motors":
    from gaitway.bringup.motors import Motors

    return Motors(robot, port, torque=torque)


def _check_heard(rows: dict[str, Any]) -> None:
    if all(row is None for row in rows.values()):
        raise BusError("no servo answers", hint="switch the power on: gaitway motors scan")


def _electric(joint: str, look: "Look | None") -> tuple[str, ...]:
    if look is None or look.voltage_v is None:
        return (joint, "[red]silent[/]", "", "", "")
    return (
        joint,
        f"{look.voltage_v:.1f}",
        f"{look.temperature_c:.0f}",
        f"{look.current_a:.2f}",
        f"[red]{', '.join(look.faults)}[/]",
    )
