"""`gaitway imu`: how the IMU is, what it has learned, and how it is mounted."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import files, signals
from gaitway.cli.common.options import Config, ImuBus, Json, RobotName, load_robot
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robot import CONFIG_NAME, Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway._native import Imu

app = typer.Typer(no_args_is_help=True, help="Read, calibrate and convert the IMU, and find out how it is mounted.")

_NAMES = ("system", "gyro", "accel", "mag")
_LOOK_S = 0.1
#: A chip that has not come up by then does not.
_PATIENCE_S = 6.0
_HELP = {
    "gyro": "leave it still for some seconds",
    "accel": "hold it still in six poses: upright, upside down, on each side, nose up, nose down",
    "mag": "move it in a figure of eight, away from motors and iron",
}


@app.command()
def watch(
    bus: ImuBus = None,
    seconds: Annotated[
        float | None, typer.Option(help="Length of the run, s (default: until it is interrupted).")
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show readings and calibration level (0 to 3)."""
    imu = _open(bus, load_robot(robot, config))
    state: Any = {}
    for state in _states(imu, seconds, may_stop=True):
        if not as_json and sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[2K{_line(state)}")
            sys.stdout.flush()
    if as_json:
        print_json(state)
    else:
        typer.echo("" if sys.stdout.isatty() else _line(state))


@app.command()
def calibrate(
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the calibration goes, .json.")],
    bus: ImuBus = None,
    robot: RobotName = DEFAULT_ROBOT,
    config: Config = None,
    mag: Annotated[bool, typer.Option(help="The magnetometer too; no policy of ours needs it.")] = True,
    seconds: Annotated[float, typer.Option(min=1.0, help="Time limit, s.")] = 300.0,
    as_json: Json = False,
) -> None:
    """Calibrate the IMU: show what is missing, then save."""
    from gaitway.bringup.imu import Calibration

    # Now, and not after five minutes, whoever may not write there is told so.
    with files.written_whole(_json(output), "IMU calibration") as beside:
        imu = _open(bus, load_robot(robot, config), mag=mag)
        _wait_until_calibrated(imu, [name for name in _NAMES[1:] if mag or name != "mag"], seconds, told=not as_json)
        calibration = Calibration.of_words(_learned(imu))
        calibration.save(beside)
    if as_json:
        print_json({"file": str(output), "offsets": calibration.words})
    else:
        typer.echo(f"{output}: gaitwayd --imu-calibration {output}")


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="The published runtime's imu_calib_data.pkl, or ours.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the calibration goes, .json.")],
    as_json: Json = False,
) -> None:
    """Convert another runtime's calibration; nothing in a pickle is run."""
    from gaitway.bringup.imu import Calibration

    calibration = Calibration.load(source)
    calibration.save(_json(output))
    if as_json:
        print_json({"file": str(output), "offsets": calibration.words})
        return
    typer.echo(f"{output}: gaitwayd --imu-calibration {output}")


@app.command()
def mount(bus: ImuBus = None, robot: RobotName = DEFAULT_ROBOT, config: Config = None, as_json: Json = False) -> None:
    """Find out how the chip is mounted: hold the robot upright, then lower its nose."""
    from gaitway.bringup.imu import mount as find_mount

    loaded = load_robot(robot, config)
    imu = _open(bus, loaded, axes=["+x", "+y", "+z"])
    _ask("Hold the robot upright and still, then press Enter.")
    upright = _force(imu)
    _ask("Lower its nose by 45 degrees, hold it still, then press Enter.")
    axes = find_mount(upright, _force(imu))
    expected = loaded.native.imu_axes
    if as_json:
        print_json({"trunk_axes": axes, "profile": expected, "agrees": axes == expected})
        return
    typer.echo(f"trunk_axes = {axes}".replace("'", '"'))
    typer.echo("as the robot has it" if axes == expected else f"the robot has {expected}: {_mend(loaded, axes)}")


def _wait_until_calibrated(imu: "Imu", wanted: list[str], seconds: float, *, told: bool) -> None:
    """Until the chip knows what is `wanted`; with `told`, what it still needs is said whenever that changes."""
    before = ""
    for state in _states(imu, seconds):
        levels = dict(zip(_NAMES, state["calibration"] or (0, 0, 0, 0), strict=True))
        missing = [name for name in wanted if levels[name] < 3]
        if not missing:
            return
        advice = f"{missing[0]} {levels[missing[0]]} of 3: {_HELP[missing[0]]}"
        if advice != before and told:
            typer.echo(advice)
        before = advice
    raise UsageError(f"not calibrated after {seconds:g} s: {before}", hint="try again, with more --seconds")


def _learned(imu: "Imu") -> list[int]:
    """What the chip has learned, as the words of its registers."""
    imu.ask_for_calibration()
    for _ in _states(imu, _PATIENCE_S):
        words = imu.take_calibration()
        if words is not None:
            return words
    raise UsageError("the chip does not give its offsets", hint="look at its wires: gaitway imu watch")


def _json(output: Path) -> Path:
    if output.suffix == ".pkl":
        raise UsageError(f"{output}: expected a name for JSON, found one for a pickle", hint="end it with .json")
    return output


def _mend(robot: Robot, axes: list[str]) -> str:
    """What makes a robot have these axes."""
    for key in ('{"imu_upside_down": true}', '{"imu_upside_down": false}'):
        if robot.imu_axes_with(key) == axes:
            return f"put {key} into its {CONFIG_NAME}"
    return "correct trunk_axes in its profile"


def _open(bus: Path | None, robot: Robot, *, axes: list[str] | None = None, mag: bool = True) -> "Imu":
    """The chip, up."""
    from gaitway._native import Imu
    from gaitway.bringup.imu import address_remedy

    path = bus or robot.imu_bus
    if path is None:
        raise UsageError(f"{robot.title} has no IMU", hint="add [[imus]] to its profile")
    imu = Imu(robot.native, path, axes=axes, fuses_magnetometer=mag)
    for state in _states(imu, _PATIENCE_S):
        if state["is_up"] and state["calibration"] is not None:
            address, expected = state["address"], state["expected_address"]
            if address != expected:
                mend = address_remedy(address)
                typer.echo(f"the IMU answers at 0x{address:02x}, not 0x{expected:02x}: {mend}", err=True)
            return imu
    state = imu.state()
    found = state["problem"] or "no sample"
    hint = state["hint"] or "look at its wires, SDA and SCL, and its supply"
    raise UsageError(f"IMU on {path}: {found}", hint=hint)


def _states(imu: "Imu", seconds: float | None, *, may_stop: bool = False) -> Iterator[Any]:
    """How it is, some times a second, until the time is up; who has had enough ends the tool, or only this."""
    stopped: list[int] = []
    end = None if seconds is None else time.monotonic() + seconds
    with signals.caught(stopped.append):
        while not stopped and (end is None or time.monotonic() < end):
            time.sleep(_LOOK_S)
            yield imu.state()
    if stopped and not may_stop:
        raise KeyboardInterrupt


def _force(imu: "Imu") -> list[float]:
    """The mean force over a second, m/s²."""
    forces = [state["accel_mps2"] for state in _states(imu, 1.0) if state["accel_mps2"] is not None]
    if not forces:
        raise UsageError("the chip says nothing", hint="look at its wires: gaitway imu watch")
    return [sum(force[axis] for force in forces) / len(forces) for axis in range(3)]


def _ask(text: str) -> None:
    typer.echo(text, err=True)
    if not sys.stdin.readline():
        raise UsageError("nobody pressed Enter", hint="run it from a terminal")


def _line(state: Any) -> str:
    import math

    if state.get("accel_mps2") is None:
        return "no sample"
    x, y, z = state["accel_mps2"]
    pitch, roll = math.degrees(math.atan2(-x, math.hypot(y, z))), math.degrees(math.atan2(y, z))
    rates = " ".join(f"{rate:+z.2f}" for rate in state["gyro_rps"])
    levels = state["calibration"] or ()
    known = ", ".join(f"{name} {level}" for name, level in zip(_NAMES, levels, strict=False))
    problem = f", {state['problem']}" if state["problem"] else ""
    return (
        f"nose {-pitch:+z.0f}°, right side down {roll:+z.0f}°, turning {rates} rad/s, {state['temperature_c']} °C; "
        f"calibration level: {known or 'unknown'}{problem}"
    )
