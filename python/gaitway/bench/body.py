"""What the rest of the body costs the loop: everything on, beside the bare loop, in turns."""

import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from gaitway import _native
from gaitway.errors import SimulationError
from gaitway.robot import Robot
from gaitway.socket_folder import socket_folder
from gaitway.twin import Twin
from gaitway.twin.daemon import Daemon
from gaitway.twin.still import StillBody

#: With everything on p99 of computing and of lateness may be higher by this part.
MOST = 1.1
#: A pad's report and an edge of a foot switch come so often, s: a stick in a hand, a robot that trots.
_PAD_S, _FOOT_S = 0.008, 0.05
#: A sound is asked for so often, s.
_SOUND_S = 2.0
#: Codes of an Xbox pad: left stick, a trigger, the button of the sounds.
_STICK, _TRIGGER, _B = 1, 9, 0x131
_KEY, _AXIS = 1, 3
_DAEMON_ENDS_WITHIN_S = 20.0
_SUMS = ("skipped", "loop_allocations")
_PIPES = ("pad", "feet", "body")

#: Told what is measured now, how many runs are over, and how many there are.
Progress = Callable[[str, int, int], None]


def measure_body(robot: Robot, seconds: float, rounds: int, progress: Progress) -> dict[str, Any]:
    """gaitwayd on the twin, bare and with everything, in turns: quantiles of each run, ns, and the marks.

    Twin, hands and switches run beside both, so that what differs is the daemon. Everything: IMU at register level,
    pad, foot switches, all outputs with timed pulses, sounds, recorder. Bare: samples of the IMU as
    datagrams, nothing else.
    """
    runs: dict[str, list[dict[str, Any]]] = {"bare": [], "everything": []}
    for index in range(rounds):
        # Each begins every other round: what drifts with the machine drifts for both.
        order = ("bare", "everything") if index % 2 == 0 else ("everything", "bare")
        for place, name in enumerate(order):
            progress(f"{name}, round {index + 1}", 2 * index + place, 2 * rounds)
            runs[name].append(_run(robot, seconds, name == "everything"))
    found = {name: {key: _median(each, key) for key in ("compute_ns", "lateness_ns")} for name, each in runs.items()}
    sums = {name: {key: sum(run[key] for run in each) for key in _SUMS} for name, each in runs.items()}
    marks = _marks(found, sums)
    return {"seconds": seconds, "rounds": rounds, "runs": runs, "median": found, "sums": sums, "marks": marks}


def _median(runs: list[dict[str, Any]], key: str) -> dict[str, float]:
    return {quantile: median(run[key][quantile] for run in runs) for quantile in ("p50", "p99")}


def _marks(found: dict[str, Any], sums: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [
        (f"p99 of {name}, everything to bare", found["everything"][key]["p99"] / found["bare"][key]["p99"], MOST)
        for name, key in (("computing", "compute_ns"), ("lateness", "lateness_ns"))
    ]
    rows += [(f"{key} with everything", float(sums["everything"][key]), 0.0) for key in _SUMS]
    return [{"what": what, "found": ratio, "at_most": most, "passed": ratio <= most} for what, ratio, most in rows]


def _run(robot: Robot, seconds: float, everything: bool) -> dict[str, Any]:
    with socket_folder() as name:
        folder = Path(name)
        for pipe in _PIPES:
            os.mkfifo(folder / pipe)
        host = _native.TwinHost(
            robot.native, link=folder / "bus", imu_socket=folder / "imu", i2c_socket=folder / "chip"
        )
        daemon = None
        try:
            with _hands(folder):
                arguments = [*_arguments(folder, everything), "--seconds", f"{seconds:g}"]
                daemon = Daemon(arguments, folder, _player(folder))
                end_s = time.monotonic() + seconds + _DAEMON_ENDS_WITHIN_S
                running = daemon.is_running
                Twin(host, StillBody(robot), len(robot.joint_names)).run(
                    lambda now_s: running() and time.monotonic() < end_s
                )
            result = daemon.result()
            if result["policy_ticks"] < seconds * robot.control_hz / 4:
                hint = "the machine is too busy for the twin: try again"
                raise SimulationError(f"the policy ran in {result['policy_ticks']} ticks only", hint=hint)
            return result
        finally:
            if daemon is not None:
                daemon.close()
            host.stop()


def _arguments(folder: Path, everything: bool) -> list[str | Path]:
    common: list[str | Path] = ["--port", folder / "bus", "--socket", folder / "status"]
    if not everything:
        return [*common, "--imu-socket", folder / "imu", "--no-record", "--command", "0.1,0,0"]
    sounds = folder / "sounds"
    sounds.mkdir()
    (sounds / "quack.wav").touch()
    parts: list[str | Path] = ["--imu", folder / "chip", "--feet", folder / "feet", "--expression", folder / "body"]
    hands: list[str | Path] = ["--pad", folder / "pad", "--pad-layout", "xbox_bluetooth", "--sounds", sounds]
    return [*common, *parts, *hands, "--record", folder / "recordings"]


def _player(folder: Path) -> dict[str, str]:
    """Somebody who takes half a second for each sound: on a machine without a card `aplay` would end at once."""
    player = folder / "aplay"
    player.write_text("#!/bin/sh\nexec sleep 0.5\n")
    player.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ.get('PATH', os.defpath)}"}


@contextmanager
def _hands(folder: Path) -> Iterator[None]:
    """Hands at the pad, feet on the ground, and somebody who looks at the eyes, until the end."""
    end = threading.Event()
    pipes = {name: os.open(folder / name, os.O_RDWR | os.O_NONBLOCK) for name in _PIPES}
    thread = threading.Thread(target=_move, args=(pipes, end))
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        for pipe in pipes.values():
            os.close(pipe)


def _move(pipes: dict[str, int], end: threading.Event) -> None:
    turn, next_foot_s, next_sound_s = 0, time.monotonic(), time.monotonic() + _SOUND_S
    while not end.wait(_PAD_S):
        turn, now_s = turn + 1, time.monotonic()
        _put(pipes["pad"], _report(_AXIS, _STICK, 20_000 + turn % 100) + _report(_AXIS, _TRIGGER, turn % 1024))
        if now_s >= next_sound_s:
            next_sound_s = now_s + _SOUND_S
            _put(pipes["pad"], _report(_KEY, _B, 1) + _report(_KEY, _B, 0))
        if now_s >= next_foot_s:
            next_foot_s = now_s + _FOOT_S
            edge = struct.pack("=QIIII24x", time.monotonic_ns(), 1 + turn % 2, 22 + 5 * (turn // 2 % 2), turn, turn)
            _put(pipes["feet"], edge)
        _look(pipes["body"])


def _report(kind: int, code: int, value: int) -> bytes:
    """An input event and the mark that ends a report (linux/input.h)."""
    return struct.pack("llHHi", 0, 0, kind, code, value) + struct.pack("llHHi", 0, 0, 0, 0, 0)


def _put(pipe: int, data: bytes) -> None:
    try:
        os.write(pipe, data)
    except BlockingIOError:
        # The bare daemon reads none of it.
        os.read(pipe, 65536)


def _look(pipe: int) -> None:
    with suppress(BlockingIOError):
        os.read(pipe, 65536)
