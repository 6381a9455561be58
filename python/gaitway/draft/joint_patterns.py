"""Values by patterns of joint names, as `.*_hip_.*: 0.1`: the few patterns that trainers write, and no others.

A pattern of a file is somebody else's program, and can be made to run for hours; only text, dots and stars are taken.
"""

import re
from collections.abc import Sequence

from gaitway.draft.parts import plain
from gaitway.draft.tables import Table

_LONGEST = 120
_MOST_STARS = 4
_SIMPLE = re.compile(r"[\w.*|()]*")
_REPEATED_GROUP = re.compile(r"\)[*+?{]|\*\*")


def by_name(table: Table, names: Sequence[str]) -> dict[str, float]:
    """The table's number for each of these joints whose name one of its keys matches."""
    found = {}
    for key in table.names():
        pattern = _pattern(key)
        if pattern is None:
            continue
        value = table.number(key)
        for name in names:
            if value is not None and any(pattern.fullmatch(each) for each in (name, plain(name), f"{name}_joint")):
                found[name] = value
    return found


def _pattern(text: str) -> re.Pattern[str] | None:
    simple = _SIMPLE.fullmatch(text) and not _REPEATED_GROUP.search(text)
    if not simple or len(text) > _LONGEST or text.count("*") > _MOST_STARS:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None
