"""gaitwayd at a terminal: sentences and one status line for a person; JSON lines where they are asked for."""

import json
import os
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench

PATIENCE_S = 90


class Screen:
    """A terminal that a program's keys and output go through."""

    def __init__(self, bench: Bench, *arguments: str) -> None:
        self._master, slave = os.openpty()
        command = [
            str(BINARY),
            "--on-stand",
            "--no-config",
            "--port",
            str(bench.link),
            *bench.imu,
            "--no-record",
            *arguments,
        ]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        self.text = ""

    def press(self, key: bytes) -> None:
        os.write(self._master, key)

    def until(self, holds: Callable[[str], object]) -> str:
        """What was written, once it is as awaited, or all of it once the program has hung up."""
        end = time.monotonic() + PATIENCE_S
        while not holds(self.text):
            assert time.monotonic() < end, self.text
            if not select.select([self._master], [], [], 1.0)[0]:
                continue
            try:
                self.text += os.read(self._master, 65536).decode()
            except OSError:
                break
        return self.text

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._master)


def test_a_person_reads_sentences_above_a_status_that_stays_in_its_place(bench: Bench) -> None:
    screen = Screen(bench, "--stand")
    try:
        screen.until(lambda text: "ready | control: nobody | command: zero | battery: 7.4 V | no fault" in text)
        screen.press(b"h")
        screen.until(lambda text: "emergency stop: limp at once" in text)
        screen.press(b"q")
        text = screen.until(lambda _: False)
        assert screen.process.wait(PATIENCE_S) == 0
    finally:
        screen.close()
    assert "limp -> aligning (asked)" in text
    assert "space: emergency stop | h: these keys" in text
    assert '{"' not in text, "no JSON"
    # The status is in the place of the one before: at the end the screen holds sentences alone.
    assert text.count("\x1b[J") > 5
    assert text.endswith("\x1b[J")


def test_json_lines_come_at_a_terminal_where_they_are_asked_for(bench: Bench) -> None:
    screen = Screen(bench, "--stand", "--json", "--seconds", "1")
    try:
        text = screen.until(lambda _: False)
    finally:
        screen.close()
    events = [json.loads(line)["event"] for line in text.splitlines()]
    assert events[-1] == "ended"
    assert "\x1b" not in text


def test_the_environment_names_port_and_imu(bench: Bench) -> None:
    environment = os.environ | {"GAITWAY_PORT": str(bench.link), "GAITWAY_IMU": "/nowhere/i2c"}
    command = [BINARY, "--dry-run", "--seconds", "1", "--no-record", *bench.imu]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    (opened,) = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "bus open"]
    assert opened["port"] == str(bench.link)
    # Without a socket beside it the IMU's name counts, too.
    command = [BINARY, "--dry-run", "--seconds", "1", "--no-record"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert "/nowhere/i2c" in done.stderr


@pytest.mark.parametrize("is_chip", [False, True], ids=["socket", "chip"])
def test_an_imu_that_starts_is_no_fault_and_leaves_no_incident(tmp_path: Path, binary: None, is_chip: bool) -> None:
    bench = Bench(tmp_path, has_chip=is_chip)
    try:
        folder = tmp_path / "recordings"
        process = bench.start("--stand", "--record", str(folder), "--seconds", "4")
        output, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        bench.close()
    assert process.returncode == 0, errors
    events = [json.loads(line) for line in output.splitlines()]
    assert not [event for event in events if event["event"] == "fault" and event["tick"] < 100]
    waits = [event for event in events if event["event"] == "stays limp"]
    if is_chip:
        assert waits[0]["why"] == "waiting for the IMU (no fresh sample yet)"
        assert re.search("check power, SDA and SCL of the chip at 0x28 on .*imu; gaitway imu watch", waits[0]["hint"])
    assert not [path for path in folder.glob("*.mcap") if "imu_stale" in path.name]


def test_an_imu_that_stays_away_is_a_fault_whose_hint_fits_its_source(tmp_path: Path, binary: None) -> None:
    bench = Bench(tmp_path)
    try:
        bench.has_imu = False
        process = bench.start("--stand", "--no-record", "--seconds", "5")
        output, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        bench.close()
    events = [json.loads(line) for line in output.splitlines()]
    faults = [event for event in events if event["event"] == "fault"]
    assert [fault["fault"] for fault in faults] == ["imu_stale"]
    assert faults[0]["tick"] >= 140, "three seconds"
    assert faults[0]["hint"].startswith(f"start what sends samples to {bench.socket}")
