"""The flight recorder of the whole program: killed at any moment, read by others, replayed by the package."""

import csv
import json
import math
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import flight
from mcap.reader import NonSeekingReader, make_reader
from mcap_protobuf.decoder import DecoderFactory
from program import run_gaitway

from gaitway import _native
from gaitway.errors import RecordingError
from gaitway.recording import Recording


def walk(bench: Bench, seconds: str = "4") -> Path:
    """The recording of a run that ended by itself."""
    folder = bench.folder / "recordings"
    process = bench.start("--seconds", seconds, "--command", "vx=0.1", "--record", str(folder))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return flight(folder)


def test_what_the_daemon_recorded_runs_again_on_every_path_of_this_cpu(bench: Bench) -> None:
    path = walk(bench)
    recording = Recording.load(path)
    assert recording.cut is None
    assert recording.notes["contract"] == "gaitway_walk"
    assert recording.ticks == bench.stats()["ticks"]
    assert recording.column("tick.dropped")[-1] == 0
    states = recording.columns["tick.state"]
    assert {"limp", "aligning", "ready", "running", "holding"} <= set(states)
    assert math.isclose(recording.seconds[-1], 0.02 * (recording.ticks - 1), abs_tol=0.1)
    for cpu in _native.build_info()["cpu_paths"]:
        done = run_gaitway("replay", str(path), "--json", GAITWAY_CPU=cpu)
        assert done.returncode == 0, done.stderr
        (found,) = json.loads(done.stdout)["recordings"]
        assert found["cpu_path"] == cpu
        assert (found["same"], found["different"], found["skipped"]) == (recording.ticks, 0, 0)


def test_others_read_it_and_read_the_same(bench: Bench) -> None:
    path = walk(bench)
    columns = Recording.load(path).columns
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        names = {attachment.name for attachment in reader.iter_attachments()}
        assert names == {
            "profile.json",
            "contract.json",
            "settings.json",
            "policy.onnx",
            "policies.toml",
            "policies/stand.onnx",
        }
        ticks = [message.decoded_message for message in reader.iter_decoded_messages(topics=["/gaitway/tick"])]
        summary = reader.get_summary()
        assert summary is not None
        assert {schema.name for schema in summary.schemas.values()} == {
            "gaitway.Tick",
            "gaitway.Keyframe",
            "foxglove.Log",
        }
        logs = [json.loads(message.data) for _, _, message in reader.iter_messages(topics=["/log"])]
    assert any("running" in log["message"] for log in logs)
    for name in ("tick", "joint_age_s", "goal_rad", "command", "compute_ns", "state"):
        for row, tick in enumerate(ticks):
            assert_same(columns, f"tick.{name}", row, getattr(tick, name))
    for row, tick in enumerate(ticks):
        assert_same(columns, "tick.servo_position", row, tick.actuators.servo_position)
    walked = [(row, tick.policy) for row, tick in enumerate(ticks) if tick.HasField("policy")]
    assert len(walked) > 50
    for row, policy in walked:
        assert_same(columns, "tick.policy.observation", row, policy.observation)
        assert_same(columns, "tick.policy.phase_step", row, policy.phase_step)


def assert_same(columns: dict[str, Any], name: str, row: int, value: Any) -> None:
    """One value, or each of several."""
    if isinstance(value, str | int | float):
        assert columns[name][row] == value, (name, row)
        return
    for index, one in enumerate(value):
        found = columns[f"{name}[{index}]"][row]
        assert found == one or math.isnan(found) == math.isnan(one), (name, index, row)


#: How often the daemon is killed, each time at another moment; 100 takes ten minutes.
KILLS = int(os.environ.get("GAITWAY_KILLS", "1"))


@pytest.mark.parametrize("kill", range(KILLS))
def test_after_a_kill_all_but_the_last_second_is_there(bench: Bench, kill: int) -> None:
    folder = bench.folder / "recordings"
    process = bench.start("--command", "vx=0.1", "--record", str(folder))
    bench.wait_for(14)
    time.sleep(random.Random(kill).uniform(1.2, 4.0))
    process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    process.communicate()
    path = flight(folder)
    recording = Recording.load(path)
    assert recording.cut is not None
    # The file's times are those of the clock that is read here. A second is what may be lacking; what a busy machine
    # adds is no matter of the usual tests.
    last = recording.column("tick.woken_ns")[-1] * 1e-9
    assert killed - last < (1.0 if KILLS > 1 else 10)
    # A strict reader reads as many, and says that the end is missing.
    ticks = 0
    with path.open("rb") as file, pytest.raises(Exception):  # noqa: B017
        for _, channel, _ in NonSeekingReader(file, validate_crcs=True).iter_messages(log_time_order=False):
            ticks += channel.topic == "/gaitway/tick"
    assert ticks == recording.ticks
    whole = bench.folder / "whole.mcap"
    done = run_gaitway("record", "repair", str(path), "-o", str(whole))
    assert done.returncode == 0, done.stderr
    assert Recording.load(whole).cut is None
    assert run_gaitway("replay", str(whole)).returncode == 0


def test_a_table_of_it_and_what_it_is_of(bench: Bench) -> None:
    path = walk(bench, "2")
    done = run_gaitway("record", "info", str(path), "--json")
    about = json.loads(done.stdout)
    assert about["states"][:2] == ["limp", "aligning"]
    assert about["robot"] == "open_duck_mini_v2" and about["cut"] is None
    told = run_gaitway("record", "info", str(path)).stdout
    assert "\ncut              whole\n" in told and "None" not in told
    table = bench.folder / "table.csv"
    assert run_gaitway("record", "convert", str(path), "-o", str(table)).returncode == 0
    with table.open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == about["ticks"] + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert run_gaitway("record", "convert", str(path), "-o", "table.xls").returncode == 2
    picture = bench.folder / "picture.png"
    assert run_gaitway("plot", str(path), "-o", str(picture)).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("data", [b"", b"no recording", b"\x89MCAP0\r\n" + bytes(100)])
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.mcap"
    path.write_bytes(data)
    with pytest.raises(RecordingError):
        recording = Recording.load(path)
        assert recording.ticks == 0
        recording.verify()


def test_a_walk_with_faults_on_the_virtual_clock_runs_again() -> None:
    pytest.importorskip("mujoco")
    done = run_gaitway("bench", "replay", "--seconds", "30", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ticks"] == 1500
    assert all(path == {"same": 1500, "different": 0, "skipped": 0} for path in found["paths"].values())


def test_what_recording_costs_is_told_beside_peers() -> None:
    done = run_gaitway("bench", "record", "--ticks", "200", "--rounds", "1", "--json")
    found = json.loads(done.stdout)
    assert found["allocations"] == 0
    assert found["push_ns"]["gaitway"]["p50"] > 0


def test_a_disk_that_is_full_costs_the_recording_and_not_the_walk(bench: Bench) -> None:
    disk = bench.folder / "disk"
    disk.mkdir()
    # Room for the beginning of a file, and a second or two.
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        process = bench.start("--seconds", "8", "--command", "vx=0.1", "--record", str(disk))
        said, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        stats = bench.stats()
        assert stats["loop_allocations"] == 0
        assert stats["policy_ticks"] >= 300
        events = [json.loads(line) for line in said.splitlines()]
        stopped = [event for event in events if event["event"] == "recording stopped"]
        assert len(stopped) == 1 and "No space left" in stopped[0]["why"], said
        path = flight(disk)
        recording = Recording.load(path)
        assert recording.cut is not None and recording.verify().different == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_slow_disk_costs_ticks_of_the_recording_and_not_of_the_walk(bench: Bench) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    # Every call for the medium takes seven seconds: longer than the ring is.
    slow = ("strace", "-f", "--seccomp-bpf", "-o", str(bench.folder / "trace"), "-e", "trace=fdatasync")
    slow += ("-e", "inject=fdatasync:delay_exit=7000000")
    process = bench.start("--seconds", "10", "--command", "vx=0.1", "--record", str(bench.folder / "slow"), prefix=slow)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert bench.stats()["policy_ticks"] >= 300
    path = flight(bench.folder / "slow")
    recording = Recording.load(path)
    dropped = recording.column("tick.dropped")[-1]
    assert dropped > 0
    assert recording.ticks + dropped == bench.stats()["ticks"]
    found = recording.verify()
    assert (found.same, found.different) == (recording.ticks, 0)
