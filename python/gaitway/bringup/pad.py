"""A pad's layout: found out by asking for one stick and one button after the other, and kept in a file."""

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gaitway import files, toml
from gaitway.errors import UsageError
from gaitway.robot import Robot

SCHEMA = "gaitway.pad/1"
#: Command axes that sticks move, of a robot that has them.
_STICK_AXES = {"vx", "vy", "wz", "head_pitch", "head_yaw", "head_roll"}
#: An axis was moved where it went so much of its range, and is back where it is as near as this share of its way.
_FAR, _BACK = 0.4, 0.25
#: What rests nearer to an end than this share of its range is a trigger.
_END = 0.2


@dataclass(frozen=True)
class Step:
    """One thing to ask for. `kind` is stick, trigger, hat or button."""

    name: str
    kind: str
    ask: str


#: Where what is asked for is kept: a layout has a name for each thing that a robot has.
_STEPS_FILE = Path(__file__).parents[1] / "pads" / "steps.toml"


@functools.cache
def steps() -> tuple[Step, ...]:
    """Everything to ask for, in this order."""
    return tuple(Step(**step) for step in toml.loads(files.read_text(_STEPS_FILE, "steps"))["step"])


def moved_axes(robot: Robot) -> list[str]:
    """The robot's command axes that sticks move, in its own order; no pad moves the neck."""
    return [axis for axis in robot.command_axes if axis in _STICK_AXES]


class Learner:
    """Learns a layout from events, one step after the other.

    `axes` are what `_native.Pad.axes` gives. An axis nobody knows the range of is taken to go as far to the other
    side as it went to this.
    """

    def __init__(self, axes: Iterable[tuple[int, int, int, int]]) -> None:
        self.sticks: dict[str, tuple[int, int, int]] = {}
        self.buttons: dict[str, int] = {}
        #: Why the last move or press was not taken; empty where it was.
        self.problem = ""
        axes = list(axes)
        self._ranges = {code: (low, high) for code, _, low, high in axes}
        self._at = {code: value for code, value, _, _ in axes}
        self._rest: dict[int, int] = {}
        self._peak: dict[int, int] = {}

    def steps(self) -> Iterable[Step]:
        """What to ask for, in this order; a cross that was found is the gait's two buttons."""
        for step in steps():
            if not (step.name.startswith("phase") and "hat_y" in self.sticks):
                self._rest, self._peak, self.problem = dict(self._at), {}, ""
                yield step

    def take(self, step: Step, kind: str, code: int, value: int) -> bool:
        """True where this event completes the step; `problem` says why one that could have does not."""
        self.problem = ""
        if kind == "key" and step.kind == "button" and value == 1:
            self.problem = _taken(code, self.buttons)
            if not self.problem:
                self.buttons[step.name] = code
                return True
        if kind == "axis":
            moved = self._moved(code, value)
            if moved is not None and step.kind != "button":
                return self._accept(step, code, *moved)
        return False

    def text(self, name: str) -> str:
        """The layout as a file, for pads that call themselves `name`."""
        names = [name] if name.isprintable() and name else []
        lines = [f'schema = "{SCHEMA}"', f"names = {json.dumps(names, ensure_ascii=False)}", "", "[sticks]"]
        lines += [f"{stick} = [{code}, {first}, {last}]" for stick, (code, first, last) in self.sticks.items()]
        lines += ["", "[buttons]"]
        lines += [f"{button} = {code:#x}" for button, code in self.buttons.items()]
        return "\n".join(lines) + "\n"

    def save(self, path: Path, name: str) -> None:
        """Writes the layout; a UsageError where nothing was found."""
        if not self.sticks and not self.buttons:
            raise UsageError("no layout: every stick and button was skipped", hint="move or press what it asks for")
        files.write_bytes(path, self.text(name).encode(), "pad layout")

    def _moved(self, code: int, value: int) -> tuple[int, int] | None:
        """Where an axis rests and how far it went, once it went far and is back."""
        # An axis nobody knows rests where it is heard of first.
        rest = self._rest.setdefault(code, value)
        self._at[code] = value
        peak = max(self._peak.get(code, rest), value, key=lambda at: abs(at - rest))
        self._peak[code] = peak
        low, high = self._ranges.get(code, (0, 0))
        way = abs(peak - rest)
        if way == 0 or way < _FAR * (high - low) or abs(value - rest) > _BACK * way:
            return None
        del self._peak[code]
        return rest, peak

    def _accept(self, step: Step, code: int, rest: int, peak: int) -> bool:
        range_ = self._ranges.get(code)
        self.problem = _taken(code, {stick: row[0] for stick, row in self.sticks.items()})
        if range_ is not None:
            low, high = range_
            is_trigger = min(rest - low, high - rest) < _END * (high - low)
            if is_trigger != (step.kind == "trigger"):
                self.problem = self.problem or f"that rests {'at an end' if is_trigger else 'in the middle'}"
        if step.kind == "hat" and peak < rest:
            self.problem = self.problem or "that was up"
        if self.problem:
            return False
        if range_ is None:
            low, high = sorted((rest if step.kind == "trigger" else 2 * rest - peak, peak))
        self.sticks[step.name] = (code, low, high) if peak > rest else (code, high, low)
        return True


def _taken(code: int, known: dict[str, int]) -> str:
    return next((f"that is {name} already" for name, used in known.items() if used == code), "")
