"""Values by patterns of joint names, as `.*_hip_.*: 0.1`: the few patterns that trainers write, and no others.

A pattern of a file is somebody else's program, and can be made to run for hours; only text, dots, stars, choices and
sets of letters are taken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gaitway.draft.parts import plain, shown
from gaitway.draft.tables import Table

_LONGEST = 120
_MOST_STARS = 4
_SIMPLE = re.compile(r"(?:[\w.*|()]|\[[\w,]+\])*")
_REPEATED_GROUP = re.compile(r"\)[*]|\*\*")


@dataclass
class ByName:
    """Numbers of joints, and the patterns that were not taken: a joint without a number may have one after all."""

    numbers: dict[str, float] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    def matched(self, text: str, names: Sequence[str], value: float | None) -> None:
        """Gives the value to every joint whose name the pattern matches."""
        pattern = _pattern(text)
        if pattern is None:
            self.passed_over.append(shown(text))
            return
        for name in names:
            if value is not None and any(pattern.fullmatch(each) for each in (name, plain(name), f"{name}_joint")):
                self.numbers[name] = value


def by_name(table: Table, names: Sequence[str]) -> ByName:
    """The table's number for each of these joints whose name one of its keys matches."""
    found = ByName()
    for key in table.names():
        found.matched(key, names, table.number(key))
    return found


def of_actuators(groups: Sequence[Table], key: str, names: Sequence[str]) -> ByName:
    """A gain of each joint, by groups of actuators: one number for a group, or a table by patterns in it."""
    found = ByName()
    for group in groups:
        if isinstance(group.value(key), dict):
            inner = by_name(group.table(key), names)
            found.numbers |= inner.numbers
            found.passed_over += inner.passed_over
            continue
        patterns = group.words("joint_names_expr") or group.words("target_names_expr") or []
        for pattern in patterns:
            found.matched(pattern, names, group.number(key))
    return found


def _pattern(text: str) -> re.Pattern[str] | None:
    if len(text) > _LONGEST or text.count("*") > _MOST_STARS:
        return None
    if not _SIMPLE.fullmatch(text) or _REPEATED_GROUP.search(text):
        return None
    try:
        return re.compile(text)
    except re.error:
        return None
