"""LeRobot's calibration of an arm: a JSON file with five whole numbers a joint, read, explained in rad, and written.

LeRobot asks for a pose in the middle, writes into register 31 of each servo (`homing_offset`) what makes it read 2047
there, and records from where to where the servo then reads (`range_min`, `range_max`, which go into registers 9 and
11, too). A servo reads its encoder minus register 31. Its degrees count from the middle of the range.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from gaitway import files
from gaitway.errors import UsageError
from gaitway.robot import Robot

WHAT = "LeRobot calibration"

#: Steps of a turn, and the one at which Gaitway's angle of a servo is zero.
_STEPS, _ZERO_STEP = 4096, 2048
#: What a servo reads in the pose that LeRobot asks for: half of its highest step, rounded down.
_HALF_TURN = 2047
#: Register 31 has a sign and eleven bits.
_MOST_OFFSET = 2047
_RAD_PER_STEP = math.tau / _STEPS
#: No arm's file is larger, bytes.
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class JointCalibration:
    """What the file says of one joint, in steps of the servo."""

    id: int
    #: 1 where the joint turns against the servo's steps. LeRobot minds it for percentages only, not for degrees.
    drive_mode: int
    #: What register 31 takes off the encoder's step.
    homing_offset: int
    #: Ends of the joint's range, as read with the homing offset.
    range_min: int
    range_max: int


@dataclass(frozen=True, slots=True)
class JointMeaning:
    """The same for Gaitway, angles of the joint in rad."""

    #: 1, or -1 where the joint turns against the servo's steps.
    direction: int
    #: How far register 31 moves the servo's zero.
    homing_rad: float
    #: `offset_rad` of the joint: for a servo that keeps the homing offset, and for one whose register 31 is 0.
    offset_rad: float
    cleared_offset_rad: float
    #: The recorded range.
    low_rad: float
    high_rad: float


@dataclass(frozen=True)
class LeRobotCalibration:
    """Calibrations by joint, in the order of the robot."""

    joints: Mapping[str, JointCalibration]

    @classmethod
    def load(cls, path: Path, robot: Robot) -> "LeRobotCalibration":
        """The file at `path`, for this robot. Raises UsageError with everything that is wrong with it."""
        data = files.read_bytes(path, WHAT, _MOST_BYTES)
        try:
            content = json.loads(data, object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as error:
            files.refuse_other_kinds(data, "json", WHAT, path)
            reason = "too deep" if isinstance(error, RecursionError) else error
            hint = "take the file that lerobot-calibrate has written"
            raise UsageError(f"{WHAT} {path}: expected a JSON object: {reason}", hint=hint) from error
        problems: list[str] = []
        read = _joints(content, robot, problems)
        if problems:
            hint = "correct the file, or calibrate again with lerobot-calibrate; or name its robot with --robot"
            raise UsageError(f"{WHAT} {path}: {'; '.join(problems)}", hint=hint)
        return cls(read)

    @classmethod
    def of_robot(cls, robot: Robot) -> "LeRobotCalibration":
        """What LeRobot must know of a robot whose servos have 0 in register 31, as `gaitway motors setup` leaves them.

        The middle of each joint's range becomes the half turn, and the range is that of the profile.
        """
        native, joints = robot.native, {}
        rows = zip(
            robot.joint_names, native.servo_ids, native.directions, native.offsets_rad, robot.limits_rad, strict=True
        )
        for name, servo_id, direction, offset_rad, (low_rad, high_rad) in rows:
            middle_rad = direction * (low_rad + high_rad) / 2 + offset_rad
            half = min(_HALF_TURN, round((high_rad - low_rad) / 2 / _RAD_PER_STEP))
            joints[name] = JointCalibration(
                id=servo_id,
                drive_mode=0 if direction == 1 else 1,
                homing_offset=_one_turn(_ZERO_STEP + round(middle_rad / _RAD_PER_STEP) - _HALF_TURN),
                range_min=_HALF_TURN - half,
                range_max=_HALF_TURN + half,
            )
        return cls(joints)

    def meaning(self, robot: Robot) -> dict[str, JointMeaning]:
        """What each joint's numbers mean for a robot with these joints."""
        limits = dict(zip(robot.joint_names, robot.limits_rad, strict=True))
        return {name: _meaning(joint, *limits[name]) for name, joint in self.joints.items()}

    def offsets_rad(self, robot: Robot, *, cleared: bool = False) -> dict[str, float]:
        """The `joints_offsets` of a robot calibrated so, rad; `cleared` where its servos have 0 in register 31.

        Raises UsageError for a joint that turns the other way than the robot's, and for an offset with which a servo
        does not reach the joint's whole range in its one turn.
        """
        offsets: dict[str, float] = {}
        problems, hints = [], set[str]()
        rows = zip(robot.joint_names, robot.native.directions, robot.native.offset_ranges_rad, strict=True)
        meanings = self.meaning(robot)
        for name, direction, (low, high) in rows:
            meant = meanings[name]
            offset = meant.cleared_offset_rad if cleared else meant.offset_rad
            if meant.direction != direction:
                problems.append(f"{name}: expected direction {direction}, found {meant.direction} (drive_mode)")
                hints.add("joints_signs of the configuration turns a joint round")
            elif not low <= offset <= high:
                problems.append(f"{name}: expected an offset of {low:.2f} to {high:.2f} rad, found {offset:.2f}")
                kept = "keep LeRobot's homing offsets in the servos, then read the file without --cleared"
                hints.add(kept if cleared else "calibrate this joint with LeRobot again, from its middle")
            # A zero has no sign in a file.
            offsets[name] = offset if abs(offset) > 5e-6 else 0.0
        if problems:
            raise UsageError("; ".join(problems), hint="; ".join(sorted(hints)))
        return offsets

    def write(self, path: Path) -> None:
        """Writes the file as LeRobot does, whole or not at all."""
        content = {name: asdict(joint) for name, joint in self.joints.items()}
        files.write_bytes(path, (json.dumps(content, indent=4) + "\n").encode(), WHAT)


def _meaning(joint: JointCalibration, low_rad: float, high_rad: float) -> JointMeaning:
    direction = -1 if joint.drive_mode else 1
    # A whole turn was not recorded: LeRobot writes it for joints that have no ends, and the pose in the middle is zero.
    if (joint.range_min, joint.range_max) == (0, _STEPS - 1):
        zero_step: float = _HALF_TURN
    else:
        # The middle of what was recorded is the middle of the joint: a hand stops short of both ends alike.
        middle_rad = (low_rad + high_rad) / 2
        zero_step = (joint.range_min + joint.range_max) / 2 - direction * middle_rad / _RAD_PER_STEP
    ends_rad = sorted(direction * (step - zero_step) * _RAD_PER_STEP for step in (joint.range_min, joint.range_max))
    return JointMeaning(
        direction=direction,
        homing_rad=joint.homing_offset * _RAD_PER_STEP,
        offset_rad=(zero_step - _ZERO_STEP) * _RAD_PER_STEP,
        cleared_offset_rad=math.remainder((zero_step + joint.homing_offset - _ZERO_STEP) * _RAD_PER_STEP, math.tau),
        low_rad=ends_rad[0],
        high_rad=ends_rad[1],
    )


def _one_turn(steps: int) -> int:
    """The same place on the turn, within what register 31 can hold."""
    wrapped = (steps + _ZERO_STEP) % _STEPS - _ZERO_STEP
    # Half a turn has no number in the register; a step beside it is nearest.
    return max(-_MOST_OFFSET, wrapped)


def _joints(content: Any, robot: Robot, problems: list[str]) -> dict[str, JointCalibration]:
    if not isinstance(content, dict):
        problems.append(f"expected an object with a key for each joint, found {_kind(content)}")
        return {}
    ids = dict(zip(robot.joint_names, robot.native.servo_ids, strict=True))
    if unknown := [repr(name) for name in content if name not in ids]:
        problems.append(f"expected the joints of {robot.name} ({', '.join(ids)}), found {', '.join(unknown)}")
    if missing := [name for name in ids if name not in content]:
        problems.append(f"expected every joint of {robot.name}, found no {', '.join(missing)}")
    read = {}
    for name in ids:
        if name in content and (joint := _joint(name, content[name], ids, problems)) is not None:
            read[name] = joint
    return read


def _joint(name: str, entry: Any, ids: Mapping[str, int], problems: list[str]) -> JointCalibration | None:
    keys = [field.name for field in fields(JointCalibration)]
    if not isinstance(entry, dict) or sorted(entry) != sorted(keys):
        found = ", ".join(map(repr, entry)) or "nothing" if isinstance(entry, dict) else _kind(entry)
        problems.append(f"{name}: expected {', '.join(keys)}, found {found}")
        return None
    before = len(problems)
    for key in keys:
        low, high = _RANGES[key]
        value = entry[key]
        # A bool is an int to Python, and 1e300 is a number to JSON.
        if type(value) is not int or not low <= value <= high:
            problems.append(f"{name}.{key}: expected a whole number from {low} to {high}, found {_kind(value)}")
    if len(problems) > before:
        return None
    joint = JointCalibration(**entry)
    if joint.id != ids[name]:
        other = next((f", which is {joint_name}'s" for joint_name, own in ids.items() if own == joint.id), "")
        problems.append(f"{name}.id: expected {ids[name]}, found {joint.id}{other}")
    if joint.range_min >= joint.range_max:
        found = f"{joint.range_min} to {joint.range_max}"
        problems.append(f"{name}: expected range_min below range_max, found {found}")
    return joint


_RANGES = {
    "id": (0, 253),
    "drive_mode": (0, 1),
    "homing_offset": (-_MOST_OFFSET, _MOST_OFFSET),
    "range_min": (0, _STEPS - 1),
    "range_max": (0, _STEPS - 1),
}


def _kind(value: Any) -> str:
    """What a value is, short enough for a line."""
    if value is None or isinstance(value, bool | int | float):
        text = json.dumps(value)
        return text if len(text) <= 24 else f"a number of {len(text)} digits"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"


def _each_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise ValueError(f"key {key!r} twice")
        read[key] = value
    return read
