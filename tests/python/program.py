"""The `gaitway` program, run as a person runs it."""

import json
import os
import subprocess
import sys
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
