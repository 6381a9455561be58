"""TOML tables, read key by key: every mistake of a file is found before any of them is told."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gaitway import files, toml
from gaitway.errors import ProfileError

_Read = TypeVar("_Read")

#: Stands for a key that must be there.
_NEEDED: Any = object()


def read_tables(path: Path, what: str, schema: str, build: "Callable[[Table], _Read]") -> _Read:
    """What `build` makes of the TOML file at `path` in a robot's folder; `what` names it in errors.

    Raises ProfileError with every mistake of the file.
    """
    written = files.read_of_robot(path, what)
    try:
        content = toml.loads(written)
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path}: {error}", hint="correct the file at this line") from error
    if content.get("schema") != schema:
        message = f"{path}: schema: expected {schema!r}, found {content.get('schema')!r}"
        raise ProfileError(message, hint="docs/formats.md describes the file")
    problems: list[str] = []
    built = build(Table("", content, problems))
    if problems:
        raise ProfileError(f"{path}: {'; '.join(problems)}", hint="docs/formats.md explains the keys")
    return built


class Table:
    """One table of a file. A key that is wrong goes into `problems`, which all tables of the file share."""

    def __init__(self, place: str, content: object, problems: list[str]) -> None:
        self._place, self._problems = place, problems
        self._content: dict[str, Any] = {}
        self._read: set[str] = set()
        if isinstance(content, dict):
            self._content = content
        else:
            self._wrong("", "a table", content)

    def __contains__(self, key: str) -> bool:
        return key in self._content

    @property
    def keys(self) -> list[str]:
        """Its keys, in the order of the file."""
        return list(self._content)

    def finish(self) -> None:
        """Notes every key that nothing has read."""
        for key in self._content.keys() - self._read:
            self._problems.append(f"{self._at(key)}: unknown key; known are {', '.join(sorted(self._read))}")

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self._take(key, _NEEDED)
        if value is not _NEEDED and not (isinstance(value, str) and value):
            self._wrong(key, "a text", value)
        return value if isinstance(value, str) else ""

    def choice(self, key: str, known: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self._take(key, default)
        if value not in known:
            self._wrong(key, f"one of {', '.join(known)}", value)
            return default
        return str(value)

    def number(self, key: str, low: float, high: float, default: float = _NEEDED) -> float:
        """A finite number from `low` to `high`."""
        return self._number(key, self._take(key, default), low, high)

    def numbers(self, key: str, count: int, low: float, high: float) -> tuple[float, ...]:
        """So many numbers from `low` to `high`."""
        value = self._take(key, _NEEDED)
        if value is _NEEDED:
            return (0.0,) * count
        if not isinstance(value, list) or len(value) != count:
            self._wrong(key, f"a list of {count} numbers", value)
            return (0.0,) * count
        return tuple(self._number(f"{key}[{index}]", part, low, high) for index, part in enumerate(value))

    def some_numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        """Any number of numbers from `low` to `high`."""
        value = self._content.get(key)
        return self.numbers(key, len(value) if isinstance(value, list) else 1, low, high)

    def range(self, key: str, low: float, high: float) -> tuple[float, float]:
        """Two numbers, the smaller first."""
        first, last = self.numbers(key, 2, low, high)
        if first > last:
            self._wrong(key, "the smaller number first", [first, last])
        return (first, last)

    def names(self, key: str, known: Sequence[str], what: str) -> tuple[str, ...]:
        """A list of names, each of them one of `known`."""
        value = self._take(key, _NEEDED)
        if value is _NEEDED or not isinstance(value, list):
            if value is not _NEEDED:
                self._wrong(key, f"a list of {what}s", value)
            return ()
        for name in value:
            if name not in known:
                self._wrong(key, f"a {what} of the robot ({', '.join(known)})", name)
        return tuple(str(name) for name in value)

    def table(self, key: str) -> "Table":
        """The table of this key; an empty one where there is none."""
        return Table(self._at(key), self._take(key, {}), self._problems)

    def tables(self, key: str) -> list["Table"]:
        """The tables of an array of tables; none where there is no such key."""
        value = self._take(key, [])
        if not isinstance(value, list):
            self._wrong(key, f"[[{key}]] tables", value)
            return []
        return [Table(f"{self._at(key)}[{index}]", part, self._problems) for index, part in enumerate(value)]

    def refuse(self, key: str, expected: str) -> None:
        """Notes that the value of `key` is not what is expected."""
        self._wrong(key, expected, self._content.get(key))

    def _take(self, key: str, default: Any) -> Any:
        self._read.add(key)
        if key not in self._content and default is _NEEDED:
            self._problems.append(f"{self._at(key)}: expected a value, found none")
        return self._content.get(key, default)

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if value is _NEEDED:
            return low
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not low <= value <= high:
            self._wrong(key, f"a number from {low:g} to {high:g}", value)
            return low
        return float(value)

    def _wrong(self, key: str, expected: str, found: object) -> None:
        self._problems.append(f"{self._at(key)}: expected {expected}, found {found!r}")

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}".strip(".") if key else self._place
