"""TOML a person wrote. What nobody writes is refused before the parser, whose time grows with the square of a depth."""

import re
import tomllib
from typing import Any

_MOST_CHARACTERS = 1 << 20
#: Parts of a key, and brackets within brackets.
_MOST_DEPTH = 32
#: Where brackets, dots and ends of keys mean nothing: text and comments.
_TEXTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*',
    re.DOTALL,
)
_MARKS = re.compile(r"[.,=\n\[\]{}]")


def loads(text: str) -> dict[str, Any]:
    """The tables in `text`. Raises tomllib.TOMLDecodeError."""
    if len(text) > _MOST_CHARACTERS:
        raise tomllib.TOMLDecodeError(f"expected at most {_MOST_CHARACTERS} characters, found {len(text)}")
    _check_depth(text)
    return tomllib.loads(text)


def _check_depth(text: str) -> None:
    brackets = dots = line = 0
    for mark in _MARKS.findall(_TEXTS.sub(_lines_of, text)):
        dots = dots + 1 if mark == "." else 0
        brackets = max(0, brackets + (mark in "[{") - (mark in "]}"))
        line += mark == "\n"
        if max(brackets, dots) > _MOST_DEPTH:
            raise tomllib.TOMLDecodeError(f"expected at most {_MOST_DEPTH} levels, found more (at line {line + 1})")


def _lines_of(match: "re.Match[str]") -> str:
    return "\n" * match[0].count("\n")
