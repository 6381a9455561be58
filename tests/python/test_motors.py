"""`gaitway motors` against emulated servos: found, set up, audited, moved, tried, calibrated, and limp at every end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import Bench
from program import parse, run_gaitway

from gaitway import Robot, _native
from gaitway.errors import BusError, UsageError
from gaitway.motors import Motors, scan
from gaitway.motors.calibration import TOOTH_RAD, OffsetsFile, doubt, measure, offset_rad

JOINTS = Robot.load().joint_names


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_everybody_on_the_bus_is_found(bench: Bench) -> None:
    bench.host.inject("set-id servo=head_yaw id=1")
    bench.host.inject("set-id servo=left_ankle id=23")
    found = parse(run_gaitway("motors", "scan", "--port", bench.link, "--json"))
    joints = {servo["id"]: servo["joint"] for servo in found["servos"]}
    assert joints[1] is None and joints[22] == "left_hip_pitch" and len(joints) == 13
    assert [servo["id"] for servo in found["servos"] if servo["is_shared"]] == [23]
    assert found["missing"] == ["left_ankle", "head_yaw"]
    told = run_gaitway("motors", "scan", "--port", bench.link).stdout
    assert "several servos answer at once" in told and "gaitway motors setup" in told


def test_settings_are_audited_and_put_right(bench: Bench) -> None:
    for register, value in ((7, 250), (33, 1), (16, 500), (18, 28)):
        bench.host.inject(f"setting servo=left_knee register={register} value={value}")
    bench.host.inject("silent servo=head_roll later=answer")
    told = run_gaitway("motors", "audit", "--port", bench.link)
    assert told.returncode == 1 and "every answer comes late" in told.stdout and "head_roll" in told.stdout
    fixed = parse(run_gaitway("motors", "audit", "--port", bench.link, "--fix", "--json"))
    assert fixed["silent"] == ["head_roll"] and not fixed["grave"]
    assert fixed["joints"]["left_knee"] == []


def test_a_new_servo_becomes_a_joint(tmp_path: Path) -> None:
    duck = Robot.load().native
    alone = [f"silent servo={joint} later=answer" for joint in JOINTS if joint != "head_yaw"]
    host = _native.TwinHost(duck, link=tmp_path / "bus", factory=True, faults=[*alone, "set-id servo=head_yaw id=1"])
    try:
        time.sleep(0.3)
        command = ["motors", "setup", "left_knee", "--port", tmp_path / "bus", "--yes"]
        several = run_gaitway("motors", "setup", "--port", tmp_path / "bus", "--yes")
        assert several.returncode == 2 and "one servo can only be one of them" in several.stderr
        assert parse(run_gaitway(*command, "--json"))["joints"] == {"left_knee": {"was": 1, "is": 23}}
        [servo] = scan(tmp_path / "bus")
        assert servo.id == 23 and servo.registers is not None
        kept = ("return delay", "mode", "P gain", "D gain", "max torque", "lock")
        assert [servo.registers[name] for name in kept] == [0, 0, 32, 0, 1000, 1]
        assert servo.registers["torque enable"] == 0
        # Once more: nothing is left to write.
        assert run_gaitway(*command).stdout.splitlines() == ["left_knee: servo 23"]
        desk = _native.ServoDesk(tmp_path / "bus", 1_000_000)
        # What would cut it off from everybody is not written.
        assert not any(desk.save(23, name, value) for name, value in (("id", 254), ("id", 300), ("baud", 8)))
        assert desk.ping(23) == []
        desk.close()
    finally:
        host.stop()


def test_a_set_up_with_company_writes_nothing(bench: Bench) -> None:
    told = run_gaitway("motors", "setup", "left_knee", "--port", bench.link, "--yes")
    assert told.returncode == 2 and "expected one servo, found 14" in told.stderr


def test_joints_move_through_the_gate_and_are_limp_again(bench: Bench) -> None:
    moved = parse(run_gaitway("motors", "move", "head_yaw=0.3", "--port", bench.link, "--json"))
    assert moved["reached_rad"]["head_yaw"] == pytest.approx(0.3, abs=0.01)
    bench.wait_for(0)
    beyond = run_gaitway("motors", "move", "head_yaw=3.0", "--port", bench.link)
    assert beyond.returncode == 2 and "-2.793 to 2.793" in beyond.stderr
    assert run_gaitway("motors", "move", "tail=1", "--port", bench.link).returncode == 2
    with Motors(bench.duck, bench.link) as motors:
        motors.hold(["head_yaw"])
        # Whatever is asked for, the range ends where the profile says, and it takes its time: 1 rad/s at 50 Hz.
        angles = [motors.positions_rad()["head_yaw"]]
        while not motors.step({"head_yaw": 9.0}):
            angles.append(motors.positions_rad()["head_yaw"])
        assert (angles[-1] - angles[0]) / (len(angles) - 1) < 0.0201
        assert motors.move({"head_yaw": 9.0})["head_yaw"] == pytest.approx(2.792, abs=0.01)
        with pytest.raises(UsageError, match="no joint"):
            motors.hold(["tail"])


def test_a_pose_is_several_joints(bench: Bench) -> None:
    moved = parse(run_gaitway("motors", "move", "zero", "head_yaw=0.2", "--port", bench.link, "--json"))
    assert moved["target_rad"] == {**dict.fromkeys(JOINTS, 0.0), "head_yaw": 0.2}
    assert all(abs(moved["reached_rad"][joint] - goal) < 0.01 for joint, goal in moved["target_rad"].items())


def test_a_fault_makes_everything_limp(bench: Bench) -> None:
    with Motors(bench.duck, bench.link) as motors:
        motors.hold(["head_yaw", "left_knee"])
        bench.wait_for(2)
        bench.host.inject("overload servo=left_knee")
        with pytest.raises(BusError, match="left_knee: overload"):
            motors.move({"head_yaw": 0.5, "left_knee": 0.5})
        bench.wait_for(0)
        motors.hold(["head_yaw"])
        bench.host.inject("sag volts=2")
        with pytest.raises(BusError, match="low_voltage"):
            motors.move({"head_yaw": -2.0})
        bench.wait_for(0)


def test_a_servo_that_was_reset_is_not_thrown_on_again(bench: Bench) -> None:
    with Motors(bench.duck, bench.link) as motors:
        motors.hold(["head_yaw", "left_knee"])
        bench.wait_for(2)
        bench.host.inject("reset servo=left_knee")
        bench.wait_for(1)
        with pytest.raises(BusError, match=r"left_knee: expected.* servo 23"):
            for _ in range(200):
                motors.step({"head_yaw": 0.5})
                assert bench.driven == 1
        bench.wait_for(0)


def test_what_is_called_limp_is_limp(bench: Bench) -> None:
    bench.host.inject("setting servo=head_yaw register=40 value=1")
    bench.wait_for(1)
    assert run_gaitway("motors", "limp", "--port", bench.link).stdout == "limp\n"
    bench.wait_for(0)
    assert parse(run_gaitway("motors", "limp", "--port", bench.link, "--json")) == {"limp": JOINTS, "silent": []}
    for joint in JOINTS:
        bench.host.inject(f"silent servo={joint} later=answer")
    told = run_gaitway("motors", "limp", "--port", bench.link)
    assert told.returncode == 1 and "nobody knows" in told.stderr


def test_a_stopped_tool_is_an_ended_one(bench: Bench) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "motors", "move", "default", "--hold", "--port", str(bench.link)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        bench.wait_for(len(JOINTS))
        process.send_signal(signal.SIGTSTP)
        assert process.wait(30) == 1
    bench.wait_for(0)


def test_a_silent_servo_is_named(bench: Bench) -> None:
    bench.host.inject("silent servo=left_knee later=answer")
    with Motors(bench.duck, bench.link) as motors:
        looks = motors.look()
        assert looks["left_knee"] is None and looks["head_yaw"] is not None
        with pytest.raises(BusError, match="left_knee: expected an answer of servo 23"):
            motors.hold(["left_knee"])
    assert "no joint is called" in run_gaitway("motors", "test", "knee", "--port", bench.link).stderr
    # Where the machine was busy for a moment another servo was not heard either, and nothing was tried.
    for _ in range(5):
        tried = run_gaitway("motors", "test", "left_knee", "head_yaw", "--port", bench.link, "--json")
        if "joints" in parse(tried):
            break
    joints = parse(tried)["joints"]
    assert tried.returncode == 1 and joints["head_yaw"]["passed"] and "silent" in joints["left_knee"]["verdict"]


def test_a_killed_tool_leaves_nothing_driven(bench: Bench) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "motors", "move", "default", "--hold", "--port", str(bench.link)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        bench.wait_for(len(JOINTS))
        process.send_signal(signal.SIGKILL)
    bench.wait_for(0)


HOLDS_AND_FORKS = """
import os, sys, time
from pathlib import Path
from gaitway import Robot
from gaitway.motors import Motors
motors = Motors(Robot.load(), Path(sys.argv[1]))
motors.hold(["head_yaw"])
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_tool_with_a_child_leaves_nothing_driven(bench: Bench) -> None:
    command = [sys.executable, "-c", HOLDS_AND_FORKS, str(bench.link)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        bench.wait_for(1)
        try:
            process.kill()
            bench.wait_for(0)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_offsets_are_measured_shown_and_written(bench: Bench, tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text(json.dumps({"start_paused": True, "joints_offsets": {"head_roll": 0.01, "left_knee": -0.02}}))
    command = [sys.executable, "-m", "gaitway.cli", "motors", "calibrate", "left_knee", "head_yaw", "head_pitch"]
    command += ["--port", str(bench.link), "--config", str(config), "--json"]
    pipe = subprocess.PIPE
    # What the hand does: a joint is put where the servo stands when the joint is truly at zero.
    knee, yaw, pitch = (JOINTS.index(joint) for joint in ("left_knee", "head_yaw", "head_pitch"))
    bench.position_rad[knee], bench.position_rad[yaw], bench.position_rad[pitch] = 0.05, 0.599, -0.03
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin and process.stdout and process.stderr

        def answer(expected: str, text: str) -> None:
            assert process.stdin and process.stderr
            line = process.stderr.readline()
            assert expected in line, line
            process.stdin.write(text + "\n")
            process.stdin.flush()

        answer("left_knee: hold it", "")
        assert "+0.05" in process.stderr.readline()
        bench.wait_for(1)
        answer("Let go of it", "")
        assert "weight" in process.stderr.readline()
        # A horn that is a tooth or two off is no matter of software.
        answer("head_yaw: hold it", "")
        assert "+0.59" in process.stderr.readline()
        assert "horn" in process.stderr.readline()
        answer("head_yaw: hold it", "s")
        answer("head_pitch: hold it", "")
        assert "-0.03" in process.stderr.readline()
        answer("Let go of it", "no")
        assert "weight" in process.stderr.readline()
        answer("head_pitch: hold it", "b")
        answer("head_yaw: hold it", "q")
        done = json.loads(process.stdout.read())
    bench.wait_for(0)
    assert done["joints"] == {"left_knee": {"before_rad": -0.02, "offset_rad": pytest.approx(0.05, abs=0.002)}}
    written = json.loads(config.read_text())
    assert written["start_paused"] is True
    assert written["joints_offsets"] == {"head_roll": 0.01, "left_knee": done["joints"]["left_knee"]["offset_rad"]}
    # The robot that is loaded with it, and the daemon, believe the joint to be at zero there.
    duck = Robot.load(duck_config=config)
    assert offset_rad(duck, "left_knee", 0.0) == pytest.approx(0.05, abs=0.002)
    config.write_text(json.dumps({**written, "imu_upside_down": True}))
    assert run_gaitway("motors", "calibrate", "--undo", "--config", config).returncode == 0
    undone = json.loads(config.read_text())
    assert undone["joints_offsets"] == {"head_roll": 0.01, "left_knee": -0.02}
    # What came since stays.
    assert undone["imu_upside_down"] is True


def test_all_offsets_at_once(bench: Bench, tmp_path: Path) -> None:
    config = tmp_path / "new.json"
    for joint in range(len(JOINTS)):
        bench.position_rad[joint] = 0.01 * (joint - 7)
    command = [sys.executable, "-m", "gaitway.cli", "motors", "calibrate", "--at-once"]
    command += ["--port", str(bench.link), "--config", str(config)]
    done = subprocess.run(command, input="\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    offsets = json.loads(config.read_text())["joints_offsets"]
    assert offsets == {name: pytest.approx(0.01 * (joint - 7), abs=0.002) for joint, name in enumerate(JOINTS)}


def test_a_joint_that_moves_is_not_measured(bench: Bench) -> None:
    yaw = JOINTS.index("head_yaw")

    def shake(seconds: float) -> None:
        bench.position_rad[yaw] += 0.01
        time.sleep(seconds)

    with Motors(bench.duck, bench.link) as motors, pytest.raises(UsageError, match="held still"):
        measure(motors, "head_yaw", shake)


def test_a_joint_that_is_held_by_somebody_else_is_not_measured(bench: Bench) -> None:
    bench.host.inject("setting servo=head_yaw register=40 value=1")
    with Motors(bench.duck, bench.link) as motors, pytest.raises(UsageError, match="expected it limp"):
        measure(motors, "head_yaw")


def test_offsets_that_cannot_be_are_doubted() -> None:
    duck = Robot.load()
    assert doubt(duck, "left_knee", 0.1) is None
    assert "horn" in (doubt(duck, "left_knee", -1.2) or "")
    assert "one tooth" in (doubt(duck, "left_knee", TOOTH_RAD) or "")
    assert "beyond the servo's turn" in (doubt(duck, "head_yaw", 0.5) or "")


def test_a_config_that_is_none_is_left_alone(tmp_path: Path) -> None:
    for text in ("[1]", "{", '"offsets"'):
        path = tmp_path / "duck_config.json"
        path.write_text(text)
        with pytest.raises(UsageError, match="duck_config"):
            OffsetsFile(path)
        assert path.read_text() == text
    with pytest.raises(UsageError, match="nothing to go back to"):
        OffsetsFile(tmp_path / "none.json").undo()


def test_what_moves_is_never_written_as_a_setting(bench: Bench) -> None:
    desk = _native.ServoDesk(bench.link, 1_000_000)
    try:
        for register in ("goal position", "torque enable", "lock", "nonsense"):
            with pytest.raises(UsageError, match="expected a setting that is kept"):
                desk.save(20, register, 1)
        with pytest.raises(UsageError):
            desk.ping(300)
        assert desk.ping(250) == "silence" and desk.read(250) is None
    finally:
        desk.close()
    with pytest.raises(UsageError, match="closed"):
        desk.ping(20)
    with pytest.raises(BusError, match="no device"):
        _native.ServoDesk("/dev/ttyNONE", 1_000_000)
