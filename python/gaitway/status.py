"""How a running robot is: the lines `gaitwayd --status` hands out, ten a second."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaitway.errors import DaemonError

#: A robot that says nothing for so long has gone, s.
_PATIENCE_S = 2.0


def default_socket() -> Path:
    """Where `gaitwayd` shows itself when it is told nothing else: a folder of the user's own."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or "/run") / "gaitway.sock"


def follow(path: Path) -> Iterator[dict[str, Any]]:
    """The robot's status, again and again, until it ends. Raises DaemonError where nobody is there."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_PATIENCE_S)
        try:
            line.connect(str(path))
        except OSError as error:
            hint = "start gaitwayd, or gaitway run --twin; or name its --status with --socket"
            raise DaemonError(f"no robot shows itself at {path}: {error.strerror or error}", hint=hint) from error
        unread = b""
        while True:
            try:
                chunk = line.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            *rows, unread = (unread + chunk).split(b"\n")
            yield from (json.loads(row) for row in rows)
