"""An arm with its own calibration: the profile's, a configuration's, or that of a file of LeRobot."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitway import files
from gaitway._native import ServoDesk
from gaitway.bringup.motors.lerobot import JointCalibration, LeRobotCalibration
from gaitway.errors import BusError, UsageError
from gaitway.robot import CONFIG_NAME, Robot

#: A servo that is asked so often and says nothing is not there.
_TRIES = 3


@dataclass(frozen=True)
class Calibrated:
    """A robot whose joints are at zero where its own arm's are."""

    robot: Robot
    #: Its configuration, as `gaitwayd` reads it.
    config: Path
    #: From where to where each joint went when it was calibrated, rad; the profile's range where no file says.
    recorded_rad: dict[str, tuple[float, float]]

    @classmethod
    def load(
        cls,
        robot: Robot,
        folder: Path,
        *,
        config: Path | None = None,
        lerobot: Path | None = None,
        port: Path | None = None,
        options: dict[str, Any] | None = None,
    ) -> "Calibrated":
        """`robot` with `config`, with the calibration in LeRobot's file `lerobot`, or as its profile has it.

        What is used of them goes, together with `options`, into a configuration in `folder`. With a `port` the file
        is compared with register 31 of the servos there. Raises UsageError for a file that cannot be used or is
        another arm's, BusError where a servo does not answer.
        """
        if config is not None and lerobot is not None:
            message = f"expected one calibration, found two: {config} and {lerobot}"
            raise UsageError(message, hint="gaitway motors lerobot read FILE --config CONFIG makes one of both")
        content = _read(config) if config is not None else {}
        recorded = dict(zip(robot.joint_names, robot.limits_rad, strict=True))
        if lerobot is not None:
            read = LeRobotCalibration.load(lerobot, robot)
            recorded = {name: (meant.low_rad, meant.high_rad) for name, meant in read.meaning(robot).items()}
            cleared = port is not None and _is_cleared(read, robot, port, lerobot)
            content |= _config_of(read, robot, folder, cleared=cleared)
        path = folder / CONFIG_NAME
        _write(path, content | (options or {}))
        return cls(robot.configured(path), path, recorded)


def _read(path: Path) -> dict[str, Any]:
    text = files.read_text(path, CONFIG_NAME)
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", hint="correct the file, or name another one") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: expected an object, found {type(content).__name__}", hint="name another file")
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    files.write_bytes(path, (json.dumps(content, indent=2) + "\n").encode(), CONFIG_NAME)


def _config_of(read: LeRobotCalibration, robot: Robot, folder: Path, *, cleared: bool) -> dict[str, Any]:
    """Directions and offsets of the file as a configuration has them."""
    directions = zip(robot.joint_names, robot.native.directions, strict=True)
    meanings = read.meaning(robot)
    signs = {name: meanings[name].direction for name, direction in directions if meanings[name].direction != direction}
    path = folder / "signs.json"
    _write(path, {"joints_signs": signs})
    turned = robot.configured(path) if signs else robot
    content: dict[str, Any] = {"joints_offsets": read.offsets_rad(turned, cleared=cleared)}
    return content | ({"joints_signs": signs} if signs else {})


def _is_cleared(read: LeRobotCalibration, robot: Robot, port: Path, path: Path) -> bool:
    """False where the servos keep the file's homing offsets in register 31, True where they hold 0.

    A servo that holds anything else was calibrated by another file.
    """
    held = _homing_offsets(read.joints, robot, port)
    if all(held[name] == joint.homing_offset for name, joint in read.joints.items()):
        return False
    if not any(held.values()):
        return True
    wrong = [
        f"{name} {held[name]}, the file {joint.homing_offset}"
        for name, joint in read.joints.items()
        if held[name] != joint.homing_offset
    ]
    raise UsageError(
        f"{path}: expected the homing offsets that the servos at {port} hold (register 31), found {'; '.join(wrong)}",
        hint="name the file of this arm: leader and follower have one each; or calibrate it again",
    )


def _homing_offsets(joints: "dict[str, JointCalibration] | Any", robot: Robot, port: Path) -> dict[str, int]:
    """Register 31 of each joint's servo."""
    held: dict[str, int] = {}
    desk = ServoDesk(port, robot.native.baud)
    try:
        for name, joint in joints.items():
            answers = (desk.read(joint.id) for _ in range(_TRIES))
            registers = next((answer for answer in answers if answer is not None), None)
            if registers is None:
                message = f"{port}: expected an answer of servo {joint.id} ({name}), found silence"
                raise BusError(message, hint="is its power on? gaitway motors scan")
            held[name] = registers["position offset"]
    finally:
        desk.close()
    return held
