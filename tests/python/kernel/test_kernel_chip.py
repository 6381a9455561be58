"""The IMU's chip over the kernel's own I2C driver."""

import json
import subprocess
import sys

from daemon_bench import Bench
from daemon_session import Session, flight
from kernel_board import BUS, Wires
from program import wait_until

from gaitway import Robot, _native
from gaitway.recording import Recording


def test_the_duck_walks_on_samples_that_the_kernel_fetched(wires: tuple[Bench, Wires]) -> None:
    bench, _ = wires
    folder = bench.folder / "recordings"
    with Session(bench.start("--command", "vx=0.1", "--record", str(folder))) as session:
        session.until("state", to="running")
        bench.wait_writes(300)
        # The bus is one program's at a time: the other would bring the chip up again under the duck's feet.
        command = [sys.executable, "-m", "gaitway.cli", "imu", "watch", "--bus", str(BUS), "--seconds", "1", "--json"]
        other = subprocess.run(command, capture_output=True, text=True)
        session.stop()
    assert other.returncode != 0
    refused = json.loads(other.stdout)
    assert "gaitwayd" in refused["error"] and "end process" in refused["hint"], refused
    stats, recording = bench.stats(), Recording.load(flight(folder))
    imu = stats["imu"]
    assert (imu["bring_ups"], imu["saturated"], imu["problem"]) == (1, 0, None), imu
    assert imu["received"] > stats["policy_ticks"] > 100 and imu["calibration"]["gyro"] == 3
    walked = [row for row, state in enumerate(recording.columns["tick.state"]) if state == "running"]
    up = [recording.column("tick.imu.accel_mps2[2]")[row] for row in walked]
    assert all(abs(each - 9.81) < 0.1 for each in up)
    assert recording.verify().different == 0


def test_a_chip_that_does_not_acknowledge_is_silent_until_it_does(wires: tuple[Bench, Wires]) -> None:
    _, wire = wires
    wire.is_cut = True
    imu = _native.Imu(Robot.load().native, BUS)
    wait_until(lambda: imu.state()["problem"] == "silent")
    wire.is_cut = False
    wait_until(lambda: imu.state()["is_up"] and imu.state()["accel_mps2"] is not None)
    wire.is_cut = True
    wait_until(lambda: imu.state()["problem"] == "silent")


def test_a_bus_whose_transfers_end_in_nothing_is_silent_too() -> None:
    """Nobody drives the wires: every transfer takes as long as the kernel waits."""
    imu = _native.Imu(Robot.load().native, BUS)
    wait_until(lambda: imu.state()["problem"] == "silent")


def test_the_tool_shows_what_the_kernel_fetched(wires: tuple[Bench, Wires]) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "imu", "watch", "--bus", str(BUS), "--seconds", "3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(abs(each["accel_mps2"][2] - 9.81) < 0.1 for each in shown if each["accel_mps2"]), shown[-1]
