"""Soft offsets: where a servo stands when its joint is at zero; measured, judged, kept in the robot's configuration."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaitway import files
from gaitway.bringup.motors import judged
from gaitway.bringup.motors.motors import Motors
from gaitway.errors import UsageError
from gaitway.robot import CONFIG_NAME, Robot

#: A tooth of a servo's horn, of which it has 25, rad.
TOOTH_RAD = 2 * math.pi / 25
#: Beyond this the horn sits a tooth off, rad: half a tooth is the most that a well-mounted one can be off by, and
#: printed parts add a little.
PLAUSIBLE_RAD = TOOTH_RAD * 0.65
#: A hand that holds a joint still moves it less, rad: two counts of the encoder.
_STILL_RAD = 0.0035
_LOOKS = 20
_TRIES = 5
_LOOK_EVERY_S = 0.02


def measure(motors: Motors, joint: str, wait: Callable[[float], None] = time.sleep) -> float:
    """The angle at which a limp joint is held, rad: the mean of many looks while it was still.

    It is limp and somebody holds it, so its own weight bends nothing into the number. Raises UsageError for one that
    moves or does not answer.
    """
    spread_rad = math.inf
    for _ in range(_TRIES):
        angles = []
        for _ in range(_LOOKS):
            look = motors.look()[joint]
            if look is not None and look.torque_on:
                raise UsageError(f"{joint}: expected it limp, found it driven", hint="gaitway motors limp")
            if look is not None:
                angles.append(look.position_rad)
            wait(_LOOK_EVERY_S)
        if len(angles) < _LOOKS // 2:
            raise UsageError(f"{joint}: its servo does not answer", hint="gaitway motors scan")
        spread_rad = max(angles) - min(angles)
        if spread_rad <= _STILL_RAD:
            return sum(angles) / len(angles)
    raise UsageError(
        f"{joint}: expected it to be held still, found that it moved by {spread_rad:.3f} rad",
        hint="rest it against something, then read again",
    )


def offset_rad(robot: Robot, joint: str, zero_rad: float) -> float:
    """The offset of a joint that `robot` believes to be at `zero_rad` when it is truly at zero, rad."""
    index = robot.joint_names.index(joint)
    return robot.native.directions[index] * zero_rad + robot.native.offsets_rad[index]


def doubt(robot: Robot, joint: str, offset: float) -> str | None:
    """Why an offset cannot be right; None where it can."""
    index = robot.joint_names.index(joint)
    if abs(offset) > math.pi:
        return f"its servo reads {offset:.2f} rad, beyond its one turn: {judged.turn_remedy(joint)}"
    low, high = robot.native.offset_ranges_rad[index]
    if not low <= offset <= high:
        reach = f"{low:.2f} to {high:.2f} rad"
        return f"expected {reach}: else part of the joint's range lies beyond the servo's turn: mount the horn anew"
    if abs(offset) > PLAUSIBLE_RAD:
        teeth = max(1, round(abs(offset) / TOOTH_RAD))
        off = "one tooth" if teeth == 1 else f"{teeth} teeth"
        return f"{math.degrees(offset):+.1f}° is a horn that sits {off} off: take it off and put it on straight"
    return None


class OffsetsFile:
    """The `joints_offsets` of a robot's configuration; everything else in it stays as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._config: dict[str, Any] = {}
        self._has_backup = False
        if path.exists():
            text = files.read_text(path, CONFIG_NAME)
            try:
                # Some editors put a mark before the text.
                self._config = json.loads(text.removeprefix("\ufeff"))
                if not isinstance(self._config, dict):
                    raise ValueError(f"expected an object, found {type(self._config).__name__}")
            except ValueError as error:
                raise UsageError(f"{path}: {error}", hint="correct the file, or name another with --config") from error

    @property
    def backup(self) -> Path:
        """The offsets before the last calibration."""
        return self.path.with_name(self.path.name + ".before")

    @property
    def offsets_rad(self) -> dict[str, Any]:
        """The offsets it has, rad, and what else its owner has written beside them."""
        offsets = self._config.get("joints_offsets")
        return dict(offsets) if isinstance(offsets, dict) else {}

    def write(self, offsets: dict[str, float]) -> None:
        """Puts these offsets in, whole or not at all, and keeps what was there at first beside it."""
        if not self._has_backup:
            self._keep(self.offsets_rad)
            self._has_backup = True
        merged = {**self.offsets_rad, **{joint: round(offset, 5) for joint, offset in offsets.items()}}
        self._config["joints_offsets"] = merged
        self._save()

    def undo(self) -> None:
        """Puts back the offsets from before the last calibration; a second time those of it again."""
        if not self.backup.is_file():
            raise UsageError(f"{self.backup}: nothing to go back to", hint="it is written by gaitway motors calibrate")
        before, now = OffsetsFile(self.backup).offsets_rad, self.offsets_rad
        self._config["joints_offsets"] = before
        self._save()
        self._keep(now)

    def _save(self) -> None:
        files.write_bytes(self.path, (json.dumps(self._config, indent=2) + "\n").encode(), CONFIG_NAME)

    def _keep(self, offsets: dict[str, float]) -> None:
        text = json.dumps({"joints_offsets": offsets}, indent=2) + "\n"
        files.write_bytes(self.backup, text.encode(), "backup")
