"""`gaitway imu` against the emulated chip: watched, calibrated, its mount found; another runtime's calibration."""

import json
import pickle
import socket
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from itertools import permutations, product
from pathlib import Path

import pytest
from daemon_bench import BINARY
from program import parse, run_gaitway

from gaitway import Robot, _native
from gaitway.bringup.imu import Calibration, mount
from gaitway.errors import UsageError


class Desk:
    """A chip on a bus; somebody moves it."""

    def __init__(self, folder: Path) -> None:
        self.bus = folder / "i2c"
        self.host = _native.TwinHost(Robot.load().native, i2c_socket=self.bus)
        self.move(0, 0, 9.81)

    def read(self, register: int, length: int) -> bytes:
        """Registers of the chip, as another master of the bus reads them."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.bus))
            client.sendall(bytes((0x28, 1, length, register)))
            answer = client.recv(64)
        assert answer[0] == 1 and len(answer) == 1 + length
        return answer[1:]

    def move(self, x: float, y: float, z: float) -> None:
        self.host.sample_imu(array("f", (0, 0, 0, x, y, z, 1, 1)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.host.stop()


def test_it_is_watched(desk: Desk) -> None:
    desk.move(-4.9, 0, 8.5)
    found = parse(run_gaitway("imu", "watch", "--bus", desk.bus, "--seconds", 1, "--json"))
    assert found["is_up"] and found["problem"] is None and found["temperature_c"] == 25
    assert found["accel_mps2"] == pytest.approx([-4.9, 0, 8.5], abs=0.1)
    line = run_gaitway("imu", "watch", "--bus", desk.bus, "--seconds", 1).stdout
    assert "nose -30°" in line and "gyro" in line, line


def test_what_it_learns_is_kept_and_given_back_by_the_daemon(desk: Desk, binary: None, tmp_path: Path) -> None:
    path = tmp_path / "imu.json"
    told = run_gaitway("imu", "calibrate", "--bus", desk.bus, "-o", path, "--seconds", 60)
    assert told.returncode == 0, told.stderr
    # What is missing is said, in words.
    assert "six poses" in told.stdout and "figure of eight" in told.stdout
    assert Calibration.load(path).radii is not None
    Calibration((1, -2, 3), (4, 5, -6), (7, 8, 9), (1000, 500)).save(path)
    link = tmp_path / "bus"
    host = _native.TwinHost(Robot.load().native, link=link)
    try:
        arguments = ["--serial-port", link, "--imu", desk.bus, "--imu-calibration", path, "--no-record"]
        command = [str(each) for each in (BINARY, *arguments, "--seconds", 2)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
    finally:
        host.stop()
    assert desk.read(0x55, 22) == struct.pack("<11h", 1, -2, 3, 4, 5, -6, 7, 8, 9, 1000, 500)
    again = run_gaitway("imu", "calibrate", "--bus", desk.bus, "-o", tmp_path / "again.json", "--seconds", 30, "--json")
    # A chip that is brought up anew has forgotten.
    assert parse(again)["offsets"][:3] == [0, 0, 0]


def test_its_mount_is_found_by_tilting_it(desk: Desk) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "imu", "mount", "--bus", str(desk.bus), "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin and process.stdout and process.stderr
        assert "duck_config.json" in process.stderr.readline()
        assert "upright" in process.stderr.readline()
        process.stdin.write("\n")
        process.stdin.flush()
        assert "nose" in process.stderr.readline()
        # Nose down: the force that holds it points away from the nose.
        desk.move(-6.9, 0, 6.9)
        time.sleep(0.2)
        process.stdin.write("\n")
        process.stdin.flush()
        found = json.loads(process.stdout.read())
    assert found == {"trunk_axes": ["-y", "+x", "+z"], "profile": ["-y", "+x", "+z"], "agrees": True}


def test_every_mount_is_found() -> None:
    mounts = 0
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=2):
            forward, up = order[0], order[2]
            upright, nose_down = [0.2, -0.1, 0.1], [0.1, 0.2, -0.2]
            upright[up] = 9.8 * signs[1]
            nose_down[up], nose_down[forward] = 6.9 * signs[1], -6.9 * signs[0]
            axes = mount(upright, nose_down)
            assert axes[0] == f"{'+-'[signs[0] < 0]}{'xyz'[forward]}" and axes[2] == f"{'+-'[signs[1] < 0]}{'xyz'[up]}"
            # The core takes it: right-handed, each axis once.
            profile = (Robot.load().folder / "profile.toml").read_text()
            written = profile.replace('trunk_axes = ["-y", "+x", "+z"]', f"trunk_axes = {axes}".replace("'", '"'))
            assert _native.Robot.from_toml(written).imu_axes == axes
            mounts += 1
    assert mounts == 24
    for still in ([0.0, 0.0, 0.0], [float("nan")] * 3):
        with pytest.raises(UsageError):
            mount(still, still)
    with pytest.raises(UsageError, match="tilt it"):
        mount([0, 0, 9.8], [0.1, 0.1, 9.7])


def test_the_published_runtimes_calibration_is_read_and_nothing_in_it_run(tmp_path: Path) -> None:
    source, output = tmp_path / "imu_calib_data.pkl", tmp_path / "imu.json"
    data = {"offsets_accelerometer": (-24, 7, -13), "offsets_gyroscope": (0, -1, 2), "offsets_magnetometer": (5, 6, 7)}
    for protocol in range(6):
        source.write_bytes(pickle.dumps(data, protocol=protocol))
        assert run_gaitway("imu", "convert", source, "-o", output).returncode == 0
        assert Calibration.load(output) == Calibration((-24, 7, -13), (5, 6, 7), (0, -1, 2))
    short = pickle.dumps(data | {"offsets_gyroscope": (1, 2)})
    for wrong in (b"cos\nsystem\n(S'true'\ntR.", b"", pickle.dumps({}), short):
        source.write_bytes(wrong)
        assert run_gaitway("imu", "convert", source, "-o", output).returncode == 2
    Calibration((1, 2, 3), (0, 0, 0), (0, 0, 0)).save(output)
    for text in ("", "{}", output.read_text().replace("3]", "99999]", 1)):
        output.write_text(text)
        with pytest.raises(UsageError, match="calibration"):
            Calibration.load(output)


def test_a_bus_without_a_chip_says_what_to_look_at(tmp_path: Path) -> None:
    done = run_gaitway("imu", "watch", "--bus", tmp_path / "none", "--seconds", 1)
    assert done.returncode == 2 and "raspi-config" in done.stderr
    desk = Desk(tmp_path)
    try:
        desk.host.inject("chip-silent for=60")
        done = run_gaitway("imu", "watch", "--bus", desk.bus, "--seconds", 1)
        assert done.returncode == 2 and "silent" in done.stderr and "wires" in done.stderr
    finally:
        desk.host.stop()
