"""The `gaitway` program, run as a person runs it; other processes, and what is waited for."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_gaitway(*arguments: object, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gaitway.cli", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=120, env=os.environ | environment, check=False
    )


def parse(result: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """The one JSON object on stdout."""
    assert result.stdout.count("\n") == 1, result.stdout + result.stderr
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def wait_until(holds: Callable[[], object], otherwise: str | Callable[[], str] = "not yet") -> None:
    """Until it holds; a generous limit against hanging, no measurement."""
    end_s = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < end_s, otherwise() if callable(otherwise) else otherwise
        time.sleep(0.002)


def listens(path: Path) -> bool:
    """Whether somebody answers at a socket: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
