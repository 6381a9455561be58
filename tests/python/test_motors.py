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
from gaitway.bringup.motors import Line, Motors, check_line, judged, scan
from gaitway.bringup.motors.calibration import TOOTH_RAD, OffsetsFile, doubt, measure, offset_rad
from gaitway.errors import BusError, UsageError

DUCK = Robot.load()
JOINTS = DUCK.joint_names


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


def test_protection_that_was_weakened_is_put_right(bench: Bench) -> None:
    weak = {14: 60, 19: 0, 28: 50, 34: 80, 35: 5, 36: 25, 38: 5, 41: 10, 46: 100, 26: 30, 13: 40}
    for register, value in weak.items():
        bench.host.inject(f"setting servo=left_knee register={register} value={value}")
    bench.host.inject("setting servo=head_yaw register=0 value=2")
    found = parse(run_gaitway("motors", "audit", "--port", bench.link, "--json"))["joints"]
    assert len(found["left_knee"]) == len(weak) and all(row["fixable"] for row in found["left_knee"])
    assert [(row["register"], row["severity"]) for row in found["head_yaw"]] == [("firmware major", "note")]
    told = run_gaitway("motors", "audit", "--port", bench.link, "--fix")
    assert told.returncode == 0 and "--fix leaves alone: firmware major" in told.stdout, told.stdout
    left = parse(run_gaitway("motors", "audit", "--port", bench.link, "--json"))["joints"]
    assert left["left_knee"] == [] and len(left["head_yaw"]) == 1


def test_a_new_servo_becomes_a_joint(tmp_path: Path) -> None:
    duck = Robot.load().native
    alone = [f"silent servo={joint} later=answer" for joint in JOINTS if joint != "head_yaw"]
    left = [f"setting servo=head_yaw register={register}" for register in ("36 value=25", "31 value=85", "18 value=28")]
    faults = [*alone, "set-id servo=head_yaw id=1", *left]
    host = _native.TwinHost(duck, link=tmp_path / "bus", factory=True, faults=faults)
    try:
        time.sleep(0.3)
        command = ["motors", "setup", "left_knee", "--port", tmp_path / "bus", "--yes"]
        several = run_gaitway("motors", "setup", "--port", tmp_path / "bus", "--yes")
        assert several.returncode == 2 and "one servo can only be one of them" in several.stderr
        done = parse(run_gaitway(*command, "--json"))
        assert done.get("joints") == {"left_knee": {"was": 1, "is": 23}}, done
        [servo] = scan(tmp_path / "bus")
        assert servo.id == 23 and servo.registers is not None
        kept = ("return delay", "mode", "P gain", "D gain", "max torque", "lock")
        assert [servo.registers[name] for name in kept] == [0, 0, 32, 0, 1000, 1]
        # What somebody left in it is gone, too.
        assert [servo.registers[name] for name in ("overload torque", "position offset", "phase")] == [80, 0, 12]
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


def test_an_adaptor_that_echoes_changes_nothing_and_is_named(bench: Bench) -> None:
    bench.host.inject("echo")
    # With this supply a servo answers a ping with the very bytes of the ping.
    bench.host.inject("sag volts=-1")
    found = parse(run_gaitway("motors", "scan", "--port", bench.link, "--json"))
    assert len(found["servos"]) == 14 and found["missing"] == []
    assert all(servo["faults"] == ["voltage"] for servo in found["servos"])
    assert found["echoes"] and found["bulk_reads"]
    assert "echo" in found["problems"][0]["found"] and "RX and TX" in found["problems"][0]["remedy"]
    moved = parse(run_gaitway("motors", "move", "head_yaw=0.3", "--port", bench.link, "--json"))
    assert moved["reached_rad"]["head_yaw"] == pytest.approx(0.3, abs=0.01)


def test_bulk_reads_that_fail_are_named(bench: Bench) -> None:
    bench.host.inject("bulk-first")
    told = run_gaitway("motors", "scan", "--port", bench.link)
    assert "not to a bulk read of all: a tick has no time to ask one by one" in told.stdout
    assert check_line(bench.link, 1_000_000, [20, 21]) == Line(echoes=False, bulk_reads=False)
    # No servo of those that are heard at all may count as the only one.
    assert "Traceback" not in run_gaitway("motors", "voltage", "--port", bench.link).stderr


def test_a_joint_a_turn_away_is_not_moved(bench: Bench) -> None:
    bench.host.inject("shows servo=left_knee register=56 value=7042")
    scanned = run_gaitway("motors", "scan", "--port", bench.link).stdout
    assert "left_knee reads 7.66 rad, its range is -1.57 to 1.57 rad" in scanned and "register 31" in scanned
    tried = run_gaitway("motors", "test", "left_knee", "--port", bench.link)
    assert tried.returncode == 1 and "reads 7.66 rad" in tried.stdout and "register 31" in tried.stdout
    moved = run_gaitway("motors", "move", "left_knee=1", "--port", bench.link)
    assert moved.returncode == 1 and "found 7.66 rad" in moved.stderr and "register 31" in moved.stderr
    assert bench.most_driven == 0
    assert "beyond its one turn" in (doubt(bench.duck, "left_knee", 7.66) or "")


def test_a_supply_that_destroys_servos_drives_none(bench: Bench) -> None:
    bench.host.inject("sag volts=-4.6")
    told = run_gaitway("motors", "voltage", "--port", bench.link)
    assert told.returncode == 1 and "expected 9 V at most: disconnect the supply" in told.stdout
    assert "disconnect the supply" in run_gaitway("motors", "scan", "--port", bench.link).stdout
    moved = run_gaitway("motors", "move", "head_yaw=0.3", "--port", bench.link)
    assert moved.returncode == 1 and "expected 9.0 V at most, found 12.0 V" in moved.stderr
    assert bench.most_driven == 0
    bench.host.inject("sag volts=-1")
    full = run_gaitway("motors", "voltage", "--port", bench.link)
    assert full.returncode == 0 and full.stdout.splitlines()[-1] == "8.4 to 8.4 V"
    bench.host.inject("shows servo=left_knee register=62 value=0")
    one = run_gaitway("motors", "voltage", "--port", bench.link)
    assert one.returncode == 1 and "left_knee 0.0 V; the others 8.4 V: it is not the battery" in one.stdout


def test_supplies_are_judged_from_both_sides() -> None:
    def told(*volts: float) -> tuple[str, str]:
        names = dict(zip(JOINTS, volts, strict=False))
        found = judged.supply(DUCK, names)
        return found.level, found.remedy

    assert told(*[7.4] * 14) == told(*[8.4] * 14) == told(*[9.0] * 14) == ("pass", "")
    assert told(*[9.1] * 14)[0] == "fail" and "disconnect" in told(*[12.0] * 14)[1]
    assert told(*[6.5] * 14)[0] == "fail" and told(*[6.8] * 14)[0] == "warn"
    # A battery that is flat is that, whatever a bad contact takes off besides.
    assert "charge" in told(5.0, *[6.2] * 13)[1]
    for alone in (0.0, 12.0):
        assert told(alone, *[7.4] * 13)[0] == "fail" and "not the battery" in told(alone, *[7.4] * 13)[1]
    assert told(0.0, 7.4)[1] == told(0.0, *[7.4] * 13)[1]
    assert told(6.8, *[7.4] * 13)[0] == "warn"


def test_every_error_bit_has_the_remedy_that_fits() -> None:
    sound = {"present voltage": 74, "min voltage": 40, "max voltage": 80, "unload condition": 44}

    def told(bit: str, **registers: int) -> tuple[str, str]:
        renamed = {name.replace("_", " "): value for name, value in registers.items()}
        found = judged.faults(DUCK, {"left_knee": [bit]}, {"left_knee": {**sound, **renamed}})
        return found.level, found.remedy

    assert told("voltage", present_voltage=84) == ("pass", "")
    assert "disconnect" in told("voltage", present_voltage=120)[1]
    assert "charge" in told("voltage", present_voltage=38)[1]
    assert "left its limits for a moment" in told("voltage")[1]
    # A full pack is a fault where the servo would cut its torque at it, or where its limit was lowered.
    assert told("voltage", present_voltage=84, unload_condition=45) == ("fail", "gaitway motors audit --fix")
    assert told("voltage", max_voltage=60) == ("fail", "gaitway motors audit --fix")
    words = {"overload": "blocked", "current": "wire", "temperature": "cool", "angle": "encoder", "bit 6": "explains"}
    assert all(word in told(bit)[1] and told(bit)[0] == "fail" for bit, word in words.items())
    assert not any("blocked" in told(bit)[1] for bit in ("voltage", "angle", "temperature", "bit 6"))


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
from gaitway.bringup.motors import Motors
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
    duck = Robot.load(config=config)
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


def test_an_offset_is_found_although_the_old_one_was_far_off(bench: Bench, tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text(json.dumps({"joints_offsets": {"left_hip_roll": -0.9}}))
    bench.position_rad[JOINTS.index("left_hip_roll")] = 0.15
    command = [sys.executable, "-m", "gaitway.cli", "motors", "calibrate", "left_hip_roll"]
    command += ["--port", str(bench.link), "--config", str(config)]
    done = subprocess.run(command, input="\n\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "too far off to show it" in done.stderr, done.stderr
    assert json.loads(config.read_text())["joints_offsets"]["left_hip_roll"] == pytest.approx(0.15, abs=0.002)
    assert bench.most_driven == 0


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
