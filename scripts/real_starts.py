"""Starts the documented set-up again and again in real time, no key touched, and counts the falls.

`gaitway twin --link B --i2c-socket I` in one process, `gaitwayd --keyboard --port B --imu I --no-config` in another,
on a terminal of its own: the duck hangs limp for a while, gets up, is set down and runs at zero command. The virtual
clock's 300 starts are `gaitway bench starts`; this is the wire, the kernel and the clock on the wall.
"""

import argparse
import json
import os
import pty
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: How long it is watched once it runs, s.
WATCH_S = 8.0
#: Whoever does not run by then never will, s.
_RUNS_BY_S = 40.0


def attempt(seed: int, checkout: Path) -> dict[str, Any]:
    """One start with the programs of `checkout`: when it ran, and whether it fell."""
    chance = random.Random(seed)
    hang_s, release_s = chance.uniform(0.0, 10.0), chance.uniform(0.0, 3.0)
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        bus, chip = Path(name, "bus"), Path(name, "i2c")
        twin_command = [checkout / ".venv/bin/gaitway", "twin", "--link", bus, "--i2c-socket", chip]
        twin = _background([*twin_command, "--release-after-s", f"{release_s:.2f}"])
        try:
            while not (bus.exists() and chip.exists()):
                if twin.poll() is not None:
                    raise SystemExit(f"the twin ended with {twin.returncode}: {' '.join(map(str, twin_command))}")
                time.sleep(0.05)
            time.sleep(hang_s)
            events = _watch(checkout / "target/release/gaitwayd", bus, chip, Path(name))
        finally:
            twin.terminate()
            twin.wait()
    return {"seed": seed, "hang_s": round(hang_s, 1), "release_s": round(release_s, 1), **events}


def _background(command: list[Any]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _watch(gaitwayd: Path, bus: Path, chip: Path, folder: Path) -> dict[str, Any]:
    """`gaitwayd` until it fell, or ran for `WATCH_S`; its log, a JSON line an event, goes into a file."""
    log, (keys, terminal) = folder / "log", pty.openpty()
    command: list[Any] = [gaitwayd, "--keyboard", "--serial-port", bus, "--imu", chip, "--no-record"]
    if "--no-config" in subprocess.run([gaitwayd, "--help"], capture_output=True, text=True).stdout:
        command.append("--no-config")
    with log.open("wb") as file:
        daemon = subprocess.Popen(list(map(str, command)), stdin=terminal, stdout=file, stderr=file)
        try:
            seen = _until_over(log)
        finally:
            daemon.terminate()
            daemon.wait()
            os.close(keys)
            os.close(terminal)
    return seen


def _until_over(log: Path) -> dict[str, Any]:
    began, ran = time.monotonic(), None
    while time.monotonic() - began < _RUNS_BY_S:
        time.sleep(0.1)
        text = log.read_text(errors="replace")
        if ran is None and '"to":"running"' in text.replace(" ", ""):
            ran = time.monotonic()
        if "fallen" in text:
            return {"runs": ran is not None, "fell": True}
        if ran is not None and time.monotonic() - ran > WATCH_S:
            return {"runs": True, "fell": False}
    return {"runs": False, "fell": False, "log": text[-2000:]}


def main() -> int:
    """Exit status 1 where a duck fell or never ran."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=24)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose programs, built")
    arguments = parser.parse_args()
    results = []
    for seed in range(arguments.tries):
        results.append(attempt(seed, arguments.checkout))
        print(json.dumps(results[-1]), flush=True)
    fell, ran = (sum(result[key] for result in results) for key in ("fell", "runs"))
    print(f"{len(results)} starts in real time: {ran} ran, {fell} fell")
    return int(fell > 0 or ran < len(results))


if __name__ == "__main__":
    sys.exit(main())
