"""Runs what docs/bring-up.md shows, against the twin, and writes what came out; `--check` only compares.

Above each block a comment says what is typed: `<!-- twin; stdin=\\n -->`. Each block has a twin of its own, whose
joints stay where they are put; `--as-pasted` compares, too, but runs everything in order against the one twin that the
page names, with physics, in an empty home. What is measured is not compared: times and voltages differ from run to run.
Of a block of the `machine`, which differs from one to the next, the verdicts about the servos are.
"""

import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from gaitway import Robot, _native
from gaitway.twin import Twin
from gaitway.twin.hands import Hands
from gaitway.twin.still import StillBody

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/bring-up.md"
#: Every tool says which configuration it read; the page says so once.
_CONFIGURATION = re.compile(r"(no|with) \S*duck_config\.json")
_BLOCK = re.compile(r"(<!-- (?P<scene>twin[^\n]*) -->\n```console\n)(?P<body>.*?)(?P<end>```\n)", re.DOTALL)


def main(*, is_check: bool, as_pasted: bool) -> int:
    """Exits with 1 where the page and the programs differ."""
    before = PAGE.read_text()
    with tempfile.TemporaryDirectory(prefix="gaitway-") as name:
        folder = Path(name)
        if as_pasted:
            with _documented_twin(folder) as environment:
                after = _BLOCK.sub(
                    lambda block: _played(block, folder, nullcontext(environment), is_check=True), before
                )
        else:
            after = _BLOCK.sub(lambda block: _played(block, folder, _twin(folder), is_check=is_check), before)
    if not (is_check or as_pasted):
        PAGE.write_text(after)
        return 0
    then, now = (_masked(text).splitlines() for text in (before, after))
    differences = list(difflib.unified_diff(then, now, "docs/bring-up.md", "what the programs say", lineterm="", n=1))
    print("\n".join(differences))
    return 1 if differences else 0


def _played(
    block: "re.Match[str]", folder: Path, twin: AbstractContextManager[dict[str, str]], *, is_check: bool
) -> str:
    words = [word.strip() for word in block["scene"].split(";")][1:]
    stdin = next((word.removeprefix("stdin=") for word in words if word.startswith("stdin=")), "")
    commands = [line for line in block["body"].splitlines() if line.startswith("$ ")]
    with twin as environment:
        shown = [_run(command, stdin.replace("\\n", "\n"), folder, environment) for command in commands]
    if is_check and "machine" in words and _verdicts("".join(shown)) == _verdicts(block["body"]):
        return block[0]
    return block[1] + "".join(shown) + block["end"]


def _run(command: str, stdin: str, folder: Path, environment: dict[str, str]) -> str:
    words = shlex.split(command.removeprefix("$ gaitway "))
    done = subprocess.run(
        [sys.executable, "-m", "gaitway.cli", *words],
        input=stdin,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines() if not _CONFIGURATION.match(line)]
    shown = "\n".join([command, *lines])
    for path, name in ((folder, ""), (ROOT, ""), (Path.home(), "~/")):
        shown = shown.replace(f"{path}/", name)
    return shown + "\n"


@contextmanager
def _documented_twin(folder: Path) -> Iterator[dict[str, str]]:
    """The twin of the page's second paragraph, a process of its own."""
    link, chip = folder / "duck", folder / "i2c"
    environment = {"COLUMNS": "110", "HOME": str(folder / "home"), "GAITWAY_PORT": str(link), "GAITWAY_IMU": str(chip)}
    command = [sys.executable, "-m", "gaitway.cli", "twin", "--link", str(link), "--i2c-socket", str(chip)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as twin:
        assert twin.stdout is not None
        # It says where it is once it can be opened.
        twin.stdout.readline()
        try:
            yield environment
        finally:
            twin.terminate()


@contextmanager
def _twin(folder: Path) -> Iterator[dict[str, str]]:
    """A duck on a table whose joints stay where they are put."""
    duck, end = Robot.load(), threading.Event()
    link, chip = folder / "duck", folder / "i2c"
    host = _native.TwinHost(duck.native, link=link, i2c_socket=chip)
    hands = Hands(link, host, duck, duck.name)
    twin = Twin(host, StillBody(duck), len(duck.joint_names), hands=hands)
    thread = threading.Thread(target=twin.run, args=(lambda now_s: not end.is_set(),))
    thread.start()
    try:
        yield {"COLUMNS": "110", "GAITWAY_PORT": str(link), "GAITWAY_IMU": str(chip)}
    finally:
        end.set()
        thread.join()
        hands.close()
        host.stop()


def _verdicts(shown: str) -> list[str]:
    """What the doctor thinks of the servos; how fast and how noisy the bus is a busy computer has a say in."""
    return re.findall(r"^(\w+  serv(?:o \w+|o)|\w+  (?:supply|torque)) ", shown, re.MULTILINE)


def _masked(text: str) -> str:
    """Without what was measured: numbers with a point or a unit, and a chip's calibration levels."""
    return re.sub(
        r"[-+]?\d+\.\d+|[-+]?\d+(?= ?(?:°|V\b|ms\b|MB\b|seconds?\b))|(?<=(?:gyro|ccel|stem| mag) )\d", "#", text
    )


if __name__ == "__main__":
    sys.exit(main(is_check="--check" in sys.argv[1:], as_pasted="--as-pasted" in sys.argv[1:]))
