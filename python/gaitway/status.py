"""How a running robot is: the lines `gaitwayd --status` hands out, ten a second."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaitway.errors import DaemonError
from gaitway.printable import printable

#: Longest line, bytes: a robot of many joints needs a tenth of it.
_MOST_BYTES = 1 << 18

#: What every line has, and of which kind.
_KINDS: dict[str, Any] = {
    "robot": str,
    "tick": int,
    "state": str,
    "fault": dict | None,
    "owner": str | None,
    "cause": str,
    "command": dict,
    "imu_age_s": float | int | None,
    "lateness_ns": int,
    "tick_ns": int,
    "compute_ns": int,
    "skipped": int,
    "implausible": dict,
    "joints": list,
}
_JOINT = ("goal_rad", "position_rad", "age_s", "voltage_v", "temperature_c", "current_a")

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
            raise DaemonError(f"no running gaitwayd found at {path}: {error.strerror or error}", hint=hint) from error
        unread = b""
        while True:
            try:
                chunk = line.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            *rows, unread = (unread + chunk).split(b"\n")
            if len(unread) > _MOST_BYTES:
                raise _no_robot(path, f"a line of more than {_MOST_BYTES} bytes")
            yield from (_read(path, row) for row in rows)


def _read(path: Path, line: bytes) -> dict[str, Any]:
    """A line, checked: it may come from any program, and goes to a terminal."""
    try:
        row = _shown(json.loads(line))
        for key, kind in _KINDS.items():
            if not isinstance(row[key], kind):
                raise _no_robot(path, f"{key} that is {type(row[key]).__name__}")
        for joint in row["joints"]:
            numbers = [joint[key] for key in _JOINT]
            if not isinstance(joint["name"], str) or not all(isinstance(each, float | int | None) for each in numbers):
                raise _no_robot(path, "joints that are none")
        if not all(isinstance(row["implausible"][source], int) for source in ("imu", "servo")):
            raise _no_robot(path, "counts that are none")
        fault = row["fault"]
        if fault is not None and not (isinstance(fault["kind"], str) and isinstance(fault["hint"], str)):
            raise _no_robot(path, "a fault that is none")
        if not all(isinstance(value, float | int | None) for value in row["command"].values()):
            raise _no_robot(path, "a command that is none")
        if not all(isinstance(row["implausible"][key], int) for key in ("imu", "servo")):
            raise _no_robot(path, "counts that are none")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_robot(path, f"a line that is no status ({type(error).__name__})") from error
    return row  # type: ignore[no-any-return]


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): _shown(part) for key, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list) else value


def _no_robot(path: Path, found: str) -> DaemonError:
    hint = "something else listens there: name gaitwayd's --status with --socket"
    return DaemonError(f"{path}: expected the status of a robot, found {found}", hint=hint)
