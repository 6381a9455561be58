"""Values out of nested tables that somebody else wrote, with errors that name file and key."""

import math
from collections.abc import Mapping
from typing import Any

from gaitway.draft.parts import shown
from gaitway.errors import PolicyError

#: More numbers than any list of joints or terms has.
_MOST = 4096
_HINT = "correct the file, or leave it out"


class Table:
    """A table of a file, by its keys."""

    def __init__(self, content: Mapping[Any, Any], where: str) -> None:
        self._content = content
        #: File and path, for errors and for whoever asks where a value is from.
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self._content.get(key) is not None

    def names(self) -> list[str]:
        """The keys in their order."""
        return [key for key in self._content if isinstance(key, str)]

    def value(self, key: str) -> Any:
        """What is there, or None."""
        return self._content.get(key)

    def table(self, *path: str) -> "Table":
        """The table at this path; an empty one where there is none."""
        table = self
        for key in path:
            inner = table._content.get(key)
            # A file may name a key and leave it empty.
            if inner is not None and not isinstance(inner, Mapping):
                raise table.error(key, "a table", inner)
            table = Table(inner or {}, f"{table.where}: {key}" if ":" not in table.where else f"{table.where}.{key}")
        return table

    def tables(self) -> list[tuple[str, "Table"]]:
        """The tables inside, by their keys."""
        return [(key, self.table(key)) for key in self.names() if isinstance(self._content[key], Mapping)]

    def parts(self, key: str) -> list["Table"]:
        """The tables of a table or of a list; none where there is neither."""
        value = self._content.get(key)
        if isinstance(value, Mapping):
            return [table for _, table in self.table(key).tables()]
        entries = value if isinstance(value, list | tuple) and len(value) <= _MOST else []
        return [Table(entry, f"{self.where}.{key}") for entry in entries if isinstance(entry, Mapping)]

    def number(self, key: str) -> float | None:
        """A finite number, or None."""
        value = self._content.get(key)
        return None if value is None else self._number(key, value)

    def numbers(self, key: str) -> list[float] | None:
        """A list of finite numbers, or None."""
        value = self._content.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) > _MOST:
            raise self.error(key, "a list of numbers", value)
        return [self._number(key, each) for each in value]

    def one_or_more(self, key: str) -> float | list[float] | None:
        """A number, or a list of them, or None."""
        return self.numbers(key) if isinstance(self._content.get(key), list | tuple) else self.number(key)

    def pair(self, key: str) -> tuple[float, float] | None:
        """A lowest and a highest number, or None."""
        values = self.numbers(key)
        if values is None:
            return None
        if len(values) != 2 or values[0] > values[1]:
            raise self.error(key, "a lowest and a highest number", values)
        return values[0], values[1]

    def count(self, key: str) -> int | None:
        """A whole number, or None."""
        value = self.number(key)
        if value is not None and (not 0 <= value <= _MOST or value != int(value)):
            raise self.error(key, f"a whole number from 0 to {_MOST}", value)
        return None if value is None else int(value)

    def words(self, key: str) -> list[str] | None:
        """A list of texts, or None."""
        value = self._content.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
            raise self.error(key, "a list of names", value)
        return list(value)

    def error(self, key: str, expected: str, found: object) -> PolicyError:
        """An error that names file, key, what was expected and what was found."""
        return PolicyError(f"{self.where}: {key}: expected {expected}, found {shown(found)}", hint=_HINT)

    def _number(self, key: str, value: object) -> float:
        # YAML takes 1e-3 for a text.
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.error(key, "a number", value)
        try:
            number = float(value)
        except (ValueError, OverflowError) as error:
            raise self.error(key, "a number", value) from error
        if not math.isfinite(number):
            raise self.error(key, "a finite number", value)
        return number
