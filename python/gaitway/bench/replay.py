"""A long walk, recorded and run again: on a virtual clock, over the emulated wire, on every path of this CPU."""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gaitway import _native
from gaitway.bench.clock import Progress
from gaitway.errors import RecordingError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim.virtual import SimulatedLoop

#: Seconds a command is kept, and faults that strike between them, one after the other.
_COMMAND_S = 10.0
_FAULTS = ("silent servo=4 later=answer", "speaks servo=4", "reset servo=7", "sag volts=1.5", "sag volts=0")
#: Names of files that follow each other.
_IN_TURN = re.compile(r"Z(-\d+)?$")
#: The largest commands.
_MOST = (0.15, 0.2, 1.0)


def measure_replay(policy: Policy, robot: Robot, seconds: float, seed: int, progress: Progress) -> dict[str, Any]:
    """Walks `seconds`, and replays what was recorded on every path. Falls and faults are part of it."""
    with tempfile.TemporaryDirectory(prefix="gaitway-") as folder:
        ticks = _walk(policy, robot, seconds, seed, Path(folder), progress)
        # What a fault kept is in files of its own, a second time.
        files = sorted(path for path in Path(folder).glob("*.mcap") if _IN_TURN.search(path.stem))
        size = sum(path.stat().st_size for path in files)
        paths = {cpu: _replay(files, cpu) for cpu in _native.build_info()["cpu_paths"]}
    wrong = sum(found["different"] + found["skipped"] for found in paths.values())
    missing = sum(abs(found["same"] - ticks) for found in paths.values())
    return {
        "seconds": seconds,
        "ticks": ticks,
        "files": len(files),
        "bytes": size,
        "paths": paths,
        "marks": [
            {"what": what, "found": found, "at_most": 0, "passed": found == 0}
            for what, found in (("ticks that differ or were skipped", wrong), ("ticks that are missing", missing))
        ],
    }


def _walk(policy: Policy, robot: Robot, seconds: float, seed: int, folder: Path, progress: Progress) -> int:
    """One robot after the other, each until it falls or goes limp; returns the ticks of all."""
    chance = random.Random(seed)
    left = round(seconds * policy.contract.policy_rate_hz)
    total = ticks = 0
    while total < left:
        simulated = SimulatedLoop(robot, policy, seed=chance.randrange(1 << 30))
        simulated.record(folder)
        loop = simulated.loop
        loop.wish("walk")
        state, ticks, fault = "limp", 0, 0
        every = round(_COMMAND_S * policy.contract.policy_rate_hz)
        while total + ticks < left and not (state == "limp" and ticks > every):
            if ticks % every == 0:
                loop.command(*(most * chance.uniform(-1, 1) for most in _MOST))
                progress("ticks walked", total + ticks, left)
                if ticks >= 2 * every:
                    loop.inject(_FAULTS[fault % len(_FAULTS)])
                    fault += 1
            state = simulated.tick()
            ticks += 1
        loop.end_recording()
        total += ticks
    return total


def _replay(files: list[Path], cpu: str) -> dict[str, int]:
    """Run again by another process, which is made to use this path."""
    command = [sys.executable, "-m", "gaitway.cli", "replay", *map(str, files), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"GAITWAY_CPU": cpu})
    if not done.stdout.startswith('{"recordings"'):
        raise RecordingError(f"replay on {cpu}: {done.stdout}{done.stderr}", hint="`gaitway replay` says more")
    found = json.loads(done.stdout)["recordings"]
    return {key: sum(each[key] for each in found) for key in ("same", "different", "skipped")}
