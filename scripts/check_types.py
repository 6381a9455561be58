"""mypy, strict, over the package; without PyTorch over all but the trainer, whose types are PyTorch's."""

import importlib.util
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "python" / "gaitway"
_NO_MODULES = {"__pycache__", "robots", "pads", "train"}


def main() -> int:
    """The exit status of mypy."""
    command = [sys.executable, "-m", "mypy"]
    if importlib.util.find_spec("torch") is None:
        print("types: without PyTorch gaitway.train is left out; `make test-all` installs it")
        rooms = sorted(path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir())
        named = [f"gaitway.{room}" for room in rooms if room not in _NO_MODULES and not room.startswith("_")]
        command += ["--follow-imports=silent", *(word for room in named for word in ("-p", room))]
    return subprocess.run(command, cwd=PACKAGE.parents[1]).returncode


if __name__ == "__main__":
    sys.exit(main())
