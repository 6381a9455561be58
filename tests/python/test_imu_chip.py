"""The IMU's chip, register by register: gaitwayd reads an emulated BNO055 over a bus behind a socket."""

import math
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import Session, flight

from gaitway import Policy, _native
from gaitway.recording import Recording


@pytest.fixture
def chip(tmp_path: Path, binary: None) -> Iterator[Bench]:
    bench = Bench(tmp_path, has_chip=True)
    yield bench
    bench.close()


@contextmanager
def recorded(chip: Bench, *arguments: str) -> Iterator[Session]:
    """A duck that walks on the chip's samples."""
    arguments = ("--command", "vx=0.1", "--record", str(chip.folder / "recordings"), *arguments)
    with Session(chip.start(*arguments)) as session:
        session.until("state", to="running")
        yield session


def test_the_duck_walks_on_samples_of_the_chip(chip: Bench) -> None:
    with recorded(chip) as session:
        chip.wait_writes(600)
        session.stop()
    stats, recording = chip.stats(), Recording.load(flight(chip.folder / "recordings"))
    imu = stats["imu"]
    # It was deaf while it started.
    assert (imu["bring_ups"], imu["saturated"], imu["problem"]) == (1, 0, None) and imu["failures"] < 8
    assert stats["policy_ticks"] > 100
    assert imu["received"] > stats["policy_ticks"] and imu["calibration"]["gyro"] == 3
    # Up is up, and forward forward: the chip is mounted as the profile says, and was told so.
    walked = [row for row, state in enumerate(recording.columns["tick.state"]) if state == "running"]
    up = [recording.column("tick.imu.accel_mps2[2]")[row] for row in walked]
    assert all(abs(each - 9.81) < 0.1 for each in up)
    assert recording.verify().different == 0


def test_feet_are_debounced_and_go_along_left_then_right(chip: Bench) -> None:
    pipe = chip.folder / "feet"
    os.mkfifo(pipe)
    left, right = 22, 27
    rising, falling = 1, 2

    def edge(line: int, kind: int) -> bytes:
        return struct.pack("=QIIII24x", time.monotonic_ns(), kind, line, 0, 0)

    with recorded(chip, "--feet", str(pipe)) as session, pipe.open("wb", buffering=0) as edges:
        for line, kind in ((left, falling), (right, falling), (left, rising), (right, rising)):
            # It bounces, and then it stands; at once, so that a busy machine makes no step of a bounce.
            bounce = edge(line, kind) + edge(line, rising + falling - kind)
            edges.write(4 * bounce + edge(line, kind))
            chip.wait_writes(50)
        session.stop()
    assert chip.stats()["imu"]["foot_switch_edges"] == [18, 18]
    recording = Recording.load(flight(chip.folder / "recordings"))
    contact = [recording.column(f"tick.imu.foot_contact[{foot}]") for foot in (0, 1)]
    seen = list(zip(*contact, strict=True))
    steps = [seen[0]] + [after for before, after in pairwise(seen) if after != before]
    known = [step for step in steps if not any(math.isnan(foot) for foot in step)]
    assert known == [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]


def test_a_dip_of_its_supply_holds_the_duck_until_it_is_up_again(chip: Bench) -> None:
    with recorded(chip) as session:
        chip.host.inject("chip-brown-out")
        session.until("fault", fault="imu_stale")
        session.until("fault gone", fault="imu_stale")
        session.stop()
    imu, recording = chip.stats()["imu"], Recording.load(flight(chip.folder / "recordings"))
    assert imu["bring_ups"] == 2 and imu["failures"] > 0
    assert "imu_stale" in set(recording.columns["tick.fault"])
    assert recording.verify().different == 0


def test_what_is_no_bus_is_refused_with_a_remedy(tmp_path: Path, binary: None) -> None:
    # A servo bus that can be had: it is taken first.
    master, slave = os.openpty()
    for path, words in (
        ("/dev/null", "expected an I2C bus"),
        (tmp_path / "none", "No such file"),
        (tmp_path, "folder"),
    ):
        done = subprocess.run([BINARY, "--imu", path, "--port", os.ttyname(slave)], capture_output=True, text=True)
        assert done.returncode != 0 and words in done.stderr + done.stdout, done
        assert "i2c" in done.stderr + done.stdout
    os.close(master)
    os.close(slave)
    done = subprocess.run([BINARY, "--imu", "a", "--imu-socket", "b"], capture_output=True, text=True)
    assert done.returncode == 2 and "--imu-socket" in done.stderr + done.stdout


def test_the_emulated_bus_outlives_programs_that_talk_nonsense(chip: Bench) -> None:
    def ask(*request: int) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(chip.socket))
            client.sendall(bytes(request))
            return client.recv(64)

    # Half a request, and a hang-up.
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(chip.socket))
        client.sendall(b"\x28\xff")
    while ask(0x28, 1, 1, 0x00)[0] == 0:
        pass
    assert ask(0x28, 1, 1, 0x00) == b"\x01\xa0"
    assert ask(0x29, 1, 1, 0x00) == b"\x00\x00", "nobody is there"
    assert ask(0x28, 1, 2, 0x7F) == b"\x01\x00\x00", "beyond the last register"


def test_its_faults_are_written_as_the_others(chip: Bench) -> None:
    for fault in ("chip-silent for=1ms", "chip-slow by=1ms for=1ms", "chip-garbled for=1ms", "chip-saturated for=1ms"):
        chip.host.inject(fault)
    with pytest.raises(Exception, match="chip-frozen for=500ms"):
        chip.host.inject("chip-frozen")
    with pytest.raises(Exception, match="no chip here"):
        policy = Policy.load(chip.duck.default_policy, robot=chip.duck)
        _native.VirtualRobot(chip.duck.native, policy.native).inject("chip-brown-out")
