"""A robot that runs is looked at, and one that stands plays with its head."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from hands import Hands
from program import parse, run_gaitway

from gaitway.api.follow import follow
from gaitway.errors import DaemonError

LEFT_X, LEFT_Y, RIGHT_X, A = 0, 1, 2, 0x130
YAW, PITCH = 7, 6


@pytest.fixture
def bench(tmp_path: Path, binary: None) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def wait_for_state(path: Path, wanted: str, seconds: float = 30) -> dict[str, object]:
    """The first row of a robot that does that; a generous limit against hanging."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            for row in follow(path):
                if row["state"] == wanted:
                    return row
                assert time.monotonic() < end, row["state"]
        except DaemonError:
            time.sleep(0.05)
    raise AssertionError(f"it is never {wanted}")


def shown(path: Path, wanted: str) -> dict[str, Any]:
    """What `gaitway top` shows of a robot that does that, and whom nothing ails: a busy computer may ail it shortly."""
    while True:
        wait_for_state(path, wanted)
        row = parse(run_gaitway("top", "--socket", path, "--json"))
        if row["state"] == wanted and row["fault"] is None:
            return row


def test_a_robot_that_runs_is_looked_at(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    process = bench.start("--no-record", "--socket", str(path), "--command", "0.1,0,0.2")
    try:
        row = shown(path, "running")
        assert row["owner"] == "program" and row["cause"] == "owner"
        assert row["command"]["vx"] == pytest.approx(0.1) and row["command"]["wz"] == pytest.approx(0.2)
        assert [joint["name"] for joint in row["joints"]] == bench.duck.joint_names
        assert all(6 < joint["voltage_v"] < 8 and joint["age_s"] < 0.5 for joint in row["joints"])
        told = run_gaitway("top", "--socket", path, "--once").stdout
        assert "running" in told and "left_knee" in told and "program (owner)" in told
        # One who looks and never reads keeps nobody: its buffer is full long before the end.
        with socket.socket(socket.AF_UNIX) as lazy:
            lazy.connect(str(path))
            ticks = [each["tick"] for each in islice(follow(path), 120)]
            assert ticks[-1] > ticks[0] + 300
        bench.host.inject("overload servo=left_knee")
        row = wait_for_state(path, "limp")
        hint = row["fault"].pop("hint")
        assert row["fault"] == {"kind": "overload", "joint": "left_knee"}
        assert hint.startswith("free what is blocked")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert not path.exists()
    gone = run_gaitway("top", "--socket", path)
    assert gone.returncode == 1 and "no running gaitwayd found" in gone.stderr and "start gaitwayd" in gone.stderr


def test_a_place_that_is_taken_is_left_to_who_has_it(bench: Bench, tmp_path: Path) -> None:
    taken, file = tmp_path / "taken.sock", tmp_path / "notes.txt"
    file.write_text("mine")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(taken))
        other.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            # Its queue is full from here on: whoever waits for a place waits for ever.
            first.connect(str(taken))
            for path in (taken, file):
                process = bench.start("--no-record", "--socket", str(path), "--seconds", "2")
                said, errors = process.communicate(timeout=60)
                assert process.returncode == 0, errors
                assert "no local API" in said
    assert file.read_text() == "mine"


def test_a_socket_nobody_listens_at_is_replaced(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "status.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    process = bench.start("--no-record", "--socket", str(path))
    try:
        assert wait_for_state(path, "running")
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_one_that_starts_paused_stands_until_it_is_asked(bench: Bench, tmp_path: Path) -> None:
    path, config, hands = tmp_path / "status.sock", tmp_path / "duck_config.json", Hands(tmp_path / "pad")
    config.write_text('{"start_paused": true}')
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth", "--duck-config-path", str(config))
    process = bench.start("--no-record", "--socket", str(path), *pad)
    try:
        wait_for_state(path, "ready")
        bench.wait_writes(150)
        assert shown(path, "ready")
        hands.hold()
        hands.tap(A)
        wait_for_state(path, "running")
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_puppets_head_follows_and_its_legs_never_walk(bench: Bench, tmp_path: Path) -> None:
    path, hands = tmp_path / "status.sock", Hands(tmp_path / "pad")
    command = ["head", "puppet", "--port", bench.link, "--pad", hands.path, "--pad-layout", "xbox_bluetooth"]
    command += [*bench.imu, "--no-config", "--no-record", "--socket", path]
    words = [sys.executable, "-m", "gaitway.cli", *map(str, command)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        hands.hold()
        try:
            wait_for_state(path, "ready")
            hands.tap(A)
            hands.move(LEFT_X, 0)
            hands.move(LEFT_Y, 0)
            end = time.monotonic() + 20
            while bench.position_rad[YAW] < 1.45:
                assert time.monotonic() < end, bench.position_rad
                time.sleep(0.02)
            assert bench.position_rad[PITCH] == pytest.approx(0.78, abs=0.05)
            row = shown(path, "ready")
            assert row["command"]["vx"] == 0
            legs = [joint for joint in row["joints"] if "head" not in joint["name"] and "neck" not in joint["name"]]
            default = dict(zip(bench.duck.joint_names, bench.duck.default_pose_rad, strict=True))
            assert all(joint["goal_rad"] == pytest.approx(default[joint["name"]], abs=1e-6) for joint in legs)
        finally:
            process.terminate()
            said, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert '"running"' not in said
    bench.wait_for(0)
