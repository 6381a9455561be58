"""A second program beside a robot that walks: it is refused before it writes a byte, and told who is there."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import Session
from program import parse, run_gaitway, wait_until

from gaitway import _native


class SharedBus:
    """An I2C bus that several programs may open, as the kernel's lets them; remembers who wrote to the chip."""

    def __init__(self, chip: Path, path: Path) -> None:
        self.path = path
        #: Numbers of the programs, in the order of their writes.
        self.writes: list[int] = []
        self._chip = socket.socket(socket.AF_UNIX)
        self._chip.connect(str(chip))
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                program, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(program, number), daemon=True).start()
            number += 1

    def _serve(self, program: socket.socket, number: int) -> None:
        while head := program.recv(3, socket.MSG_WAITALL):
            written = program.recv(head[1], socket.MSG_WAITALL) if head[1] else b""
            with self._lock:
                self._chip.sendall(head + written)
                answer = self._chip.recv(1 + head[2], socket.MSG_WAITALL)
            # One byte names a register to read.
            if head[1] > 1:
                self.writes.append(number)
            program.sendall(answer)

    def close(self) -> None:
        self._listener.close()
        self._chip.close()


@pytest.fixture
def chip(tmp_path: Path, binary: None) -> Iterator[Bench]:
    made = Bench(tmp_path, has_chip=True)
    yield made
    made.close()


@pytest.fixture
def other_port() -> Iterator[str]:
    """A serial port with nobody on it: only what else is exclusive is in the way there."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def test_beside_a_robot_with_a_chip_nobody_gets_in(chip: Bench, tmp_path: Path, other_port: str) -> None:
    bus = SharedBus(chip.socket, tmp_path / "bus.i2c")
    chip.imu = ("--imu", str(bus.path))
    try:
        with Session(chip.start("--no-record")) as session:
            session.until("state", to="running")
            writes, pid = len(bus.writes), session.process.pid
            refusals = [
                # The same robot, and another one on the same IMU.
                chip.start("--no-record"),
                start([str(BINARY), "--serial-port", other_port, *chip.imu, "--no-record"]),
                start([sys.executable, "-m", "gaitway.cli", "imu", "watch", "--bus", str(bus.path), "--seconds", "1"]),
                start([sys.executable, "-m", "gaitway.cli", "imu", "mount", "--bus", str(bus.path)]),
                start([sys.executable, "-m", "gaitway.cli", "motors", "limp", "--port", str(chip.link)]),
            ]
            for refused in refusals:
                _, errors = refused.communicate(timeout=60)
                assert refused.returncode != 0, refused.args
                assert f"process {pid} (gaitwayd)" in errors, (refused.args, errors)
            places = ["--port", chip.link, "--imu", bus.path, "--recordings", tmp_path]
            found = {each["what"]: each for each in parse(run_gaitway("doctor", *places, "--json"))["findings"]}
            assert found["serial port"]["verdict"] == found["IMU"]["verdict"] == "skip"
            assert f"in use by gaitwayd, process {pid}" in found["serial port"]["found"]
            assert bus.writes[writes:] == []
            assert chip.driven == 14
            session.stop()
        assert chip.stats()["imu"]["bring_ups"] == 1
    finally:
        bus.close()


def test_a_live_socket_of_samples_is_not_taken_over(bench: Bench, other_port: str) -> None:
    with Session(bench.start("--no-record")) as session:
        session.until("state", to="running")
        before = bench.socket.stat().st_ino
        second = start([str(BINARY), "--serial-port", other_port, *bench.imu, "--no-record"])
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 1 and f"process {session.process.pid} (gaitwayd)" in errors
        assert bench.socket.stat().st_ino == before
        bench.wait_writes(50)
        assert bench.driven == 14
        session.stop()
    assert not bench.socket.exists()


def test_what_a_killed_program_left_behind_blocks_nobody(bench: Bench) -> None:
    first = bench.start("--no-record")
    bench.wait_for(14)
    first.kill()
    first.communicate()
    assert bench.socket.exists(), "nobody tidied up"
    assert _native.holder(bench.socket) is None
    with Session(bench.start("--no-record")) as session:
        session.until("state", to="running")
        session.stop()


def test_a_status_socket_somebody_listens_at_stays(bench: Bench, other_port: str) -> None:
    path = bench.folder / "status"
    with Session(bench.start("--no-record", "--socket", str(path))) as session:
        session.until("local API")
        command = [str(BINARY), "--serial-port", other_port, "--imu-socket"]
        command += [str(bench.folder / "imu2"), "--no-record", "--seconds", "1", "--socket", str(path)]
        output, _ = start(command).communicate(timeout=60)
        (said,) = [line for line in map(json.loads, output.splitlines()) if line["event"] == "no local API"]
        assert f"process {session.process.pid} (gaitwayd)" in said["why"]
        with socket.socket(socket.AF_UNIX) as guest:
            guest.connect(str(path))
            guest.sendall(b'{"kind": "hello", "protocol": 1, "client": "test"}\n')
            assert guest.recv(1) == b"{"
        session.stop()
    wait_until(lambda: not path.exists())


def start(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
