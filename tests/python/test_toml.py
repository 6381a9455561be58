"""TOML nested by a program, not by a person: refused at once, and what a person writes is read."""

import random
import tomllib
from pathlib import Path

import pytest

from gaitway import toml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    [
        "[" + ".".join("a" * 100_000) + "]\nx = 1\n",
        ".".join("a" * 100_000) + " = 1\n",
        "x = " + "[" * 100_000 + "]" * 100_000,
        "x = " + "{a = " * 50_000 + "1" + "}" * 50_000,
        "[" * 200_000,
        '"a" . ' * 40 + "b = 1",
        "x = 1 #" + "x" * (1 << 20),
    ],
)
def test_what_no_person_nests_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match="expected at most"):
        toml.loads(text)


def test_what_a_person_writes_is_read() -> None:
    files = [*ROOT.glob("python/gaitway/**/*.toml"), ROOT / "pyproject.toml"]
    assert len(files) > 5
    for path in files:
        text = path.read_text()
        assert toml.loads(text) == tomllib.loads(text)
    dots = "." * 200
    text = f'# {dots}[[[\nx = "{dots}{"[" * 99}" # {dots}\ny = [{"0.5, " * 200}]\nz = """\n{dots}\n{"{" * 99}"""\n'
    assert toml.loads(text) == tomllib.loads(text)


def test_the_depth_is_that_of_the_parser() -> None:
    """Whatever is read has no more levels than that, however text and comments are mixed."""
    chance, read = random.Random(2), 0
    parts = ['"', "'", '"""', "'''", "\\", "#", "\n", "[", "]", "{", "}", ".", "a", " = ", "1", ","]
    for _ in range(20_000):
        text = "".join(chance.choice(parts) for _ in range(chance.randrange(60)))
        try:
            expected = tomllib.loads(text)
        except (ValueError, RecursionError):
            continue
        read += 1
        assert toml.loads(text) == expected
    assert read > 100
