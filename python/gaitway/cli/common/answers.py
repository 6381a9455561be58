"""What a person at the terminal answers, while something goes on."""

import os
import select
import sys
import termios
from collections.abc import Callable

import typer

from gaitway.errors import UsageError

_LOOK_S = 0.02


class Answers:
    """Lines of stdin, one question at a time."""

    def __init__(self) -> None:
        self._unread = b""

    def ask(self, question: str, meanwhile: Callable[[], None] | None = None) -> str:
        """Asks, and returns the answer in small letters; does `meanwhile` again and again until it is there.

        What was typed at a terminal before the question is no answer to it.
        """
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
            self._unread = b""
        typer.echo(question, err=True)
        while b"\n" not in self._unread:
            ready, _, _ = select.select([sys.stdin], [], [], _LOOK_S if meanwhile is None else 0)
            if ready:
                chunk = os.read(sys.stdin.fileno(), 4096)
                if not chunk:
                    raise UsageError("nobody answers", hint="run it from a terminal")
                self._unread += chunk
            elif meanwhile is not None:
                meanwhile()
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode(errors="replace").strip().lower()
