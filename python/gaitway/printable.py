"""Text on its way to a terminal, of which parts may stand in files and come from other programs."""

import unicodedata

#: Longest word and longest line of a message, characters.
_MOST_WORD, _MOST_LINE = 200, 600


def printable(text: object) -> str:
    """`text` with escapes for what a terminal would obey or not show; lines stay lines."""
    return "".join(_shown(character) for character in str(text))


def message(text: object) -> str:
    """`printable` text for a person, whose words and lines are cut where nobody would read on."""
    return "\n".join(_line(line) for line in printable(text).split("\n"))


def _line(line: str) -> str:
    return _cut(" ".join(_cut(word, _MOST_WORD) for word in line.split(" ")), _MOST_LINE)


def _shown(character: str) -> str:
    # Controls, what turns the direction of writing, halves of characters: all that Unicode calls "other".
    if character in "\n\t" or not unicodedata.category(character).startswith("C"):
        return character
    return character.encode("unicode_escape").decode()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
