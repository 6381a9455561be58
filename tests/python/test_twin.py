"""The twin as programs meet it: the community's own clients drive it, go, are killed, and come back.

No test here waits for less than a busy machine needs, and none asks how fast anything was.
"""

import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from program import run_gaitway

import gaitway
from gaitway import _native
from gaitway.errors import UsageError
from gaitway.sim import RobotSim
from gaitway.sim.live import LiveRobot
from gaitway.twin import StillBody, Twin, hands

ROBOT = gaitway.Robot.load()
IDS = ROBOT.native.servo_ids
JOINTS = len(IDS)
ARM = Path(__file__).parent / "robots/arm/profile.toml"
HEAD_YAW = ROBOT.joint_names.index("head_yaw")
PATIENCE_S = 60
#: Registers of the servos.
P_GAIN, TORQUE_ENABLE, GOAL_POSITION, PRESENT_POSITION, PRESENT_VOLTAGE = 21, 40, 42, 56, 62
COUNTS_PER_RAD = 4096 / math.tau


def wait_for(what: str, is_so: Callable[[], object]) -> Any:
    """What `is_so` returns once it is true."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        if found := is_so():
            return found
        assert time.monotonic() < deadline, f"waited for {what} in vain"
        time.sleep(0.01)


@contextmanager
def running_twin(folder: Path, *arguments: str | Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """`gaitway twin` as a process; the path its clients open."""
    link = folder / "duck"
    command = [sys.executable, "-m", "gaitway.cli", "twin", "--link", link, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for("the twin", lambda: link.exists() or process.poll() is not None)
            assert process.poll() is None, process.communicate()
            yield link, process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def finish(process: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


class Sdk:
    """The vendor's own SDK. It gives up on an answer after 34 ms; a busy machine is asked again."""

    def __init__(self, path: Path) -> None:
        import scservo_sdk

        self.sdk = scservo_sdk
        self.port = scservo_sdk.PortHandler(str(path))
        assert self.port.openPort()
        assert self.port.setBaudRate(1_000_000)
        self.packets = scservo_sdk.PacketHandler(0)

    def close(self) -> None:
        self.port.closePort()

    def _ask(self, what: str, call: Callable[[], tuple[Any, ...]]) -> Any:
        def once() -> Any:
            *answer, result, error = call()
            return (answer, error) if result == self.sdk.COMM_SUCCESS else None

        answer, error = wait_for(what, once)
        assert error == 0, what
        return answer[0] if answer else None

    def ping(self, servo_id: int) -> int:
        model: int = self._ask("a ping", lambda: self.packets.ping(self.port, servo_id))
        return model

    def read1(self, servo_id: int, address: int) -> int:
        value: int = self._ask("a byte", lambda: self.packets.read1ByteTxRx(self.port, servo_id, address))
        return value

    def write1(self, servo_id: int, address: int, value: int) -> None:
        self._ask("a write", lambda: self.packets.write1ByteTxRx(self.port, servo_id, address, value))

    def positions(self) -> dict[int, int]:
        """All positions, by GroupSyncRead."""
        group = self.sdk.GroupSyncRead(self.port, self.packets, PRESENT_POSITION, 4)
        assert all(group.addParam(servo_id) for servo_id in IDS)
        wait_for("a sync read", lambda: group.txRxPacket() == self.sdk.COMM_SUCCESS)
        return {servo_id: group.getData(servo_id, PRESENT_POSITION, 2) for servo_id in IDS}

    def write_goals(self, goals: dict[int, int]) -> None:
        """Goals, by GroupSyncWrite."""
        group = self.sdk.GroupSyncWrite(self.port, self.packets, GOAL_POSITION, 2)
        for servo_id, goal in goals.items():
            assert group.addParam(servo_id, [goal & 0xFF, goal >> 8])
        assert group.txPacket() == self.sdk.COMM_SUCCESS


def count(angle_rad: float) -> int:
    return round(2048 + angle_rad * COUNTS_PER_RAD)


DEFAULT_COUNTS = {servo_id: count(rad) for servo_id, rad in zip(IDS, ROBOT.default_pose_rad, strict=True)}


def test_the_vendors_sdk_pings_reads_and_moves(tmp_path: Path) -> None:
    with running_twin(tmp_path, "--no-physics") as (path, _):
        sdk = Sdk(path)
        assert [sdk.ping(servo_id) for servo_id in IDS] == [777] * JOINTS
        assert sdk.positions() == pytest.approx(DEFAULT_COUNTS, abs=1)
        assert (sdk.read1(20, PRESENT_VOLTAGE), sdk.read1(20, P_GAIN)) == (74, 32)
        sdk.write1(20, P_GAIN, 30)
        assert sdk.read1(20, P_GAIN) == 30
        goals = {servo_id: steps + 100 for servo_id, steps in DEFAULT_COUNTS.items()}
        sdk.write_goals(goals)
        wait_for("the joints", lambda: sdk.positions() == pytest.approx(goals, abs=1))
        assert sdk.read1(20, TORQUE_ENABLE) == 1, "a goal switches the torque on"
        sdk.close()


def test_physics_brings_the_joint_to_the_goal_of_the_sdk(tmp_path: Path) -> None:
    with running_twin(tmp_path, "--release-after-s", "3600") as (path, _):
        sdk = Sdk(path)
        yaw_id = IDS[HEAD_YAW]
        sdk.write_goals(DEFAULT_COUNTS | {yaw_id: count(0.4)})
        wait_for("the head", lambda: abs(sdk.positions()[yaw_id] - count(0.4)) < 20)
        sdk.write_goals({yaw_id: count(-0.4)})
        wait_for("the head", lambda: abs(sdk.positions()[yaw_id] - count(-0.4)) < 20)
        # Limp, a leg on the stand swings aside.
        hip_id = IDS[ROBOT.joint_names.index("left_hip_roll")]
        wait_for("the hip", lambda: abs(sdk.positions()[hip_id] - DEFAULT_COUNTS[hip_id]) < 40)
        sdk.write1(hip_id, TORQUE_ENABLE, 0)
        wait_for("the hip", lambda: abs(sdk.positions()[hip_id] - DEFAULT_COUNTS[hip_id]) > 100)
        sdk.close()


def test_rustypot_as_the_published_runtime_uses_it_reads_and_moves(tmp_path: Path) -> None:
    import rustypot

    with running_twin(tmp_path) as (path, _):
        # Its calls hold the interpreter for up to a second where an answer fails: the twin is another process.
        # Rate 0 is its word for a pseudo-terminal: with any other it insists on modem lines, which Linux gives none.
        io = rustypot.feetech(str(path), 0)
        assert len(io.read_present_velocity(IDS)) == JOINTS
        io.set_kps(IDS, [30.0] * JOINTS)
        goals = list(ROBOT.default_pose_rad)
        goals[HEAD_YAW] = 0.5
        io.write_goal_position(IDS, goals)
        wait_for("the head", lambda: abs(io.read_present_position(IDS)[HEAD_YAW] - 0.5) < 0.03)
        io.disable_torque(IDS)


_ENDLESS_CLIENT = """
import sys, scservo_sdk
port = scservo_sdk.PortHandler(sys.argv[1])
port.openPort(), port.setBaudRate(1_000_000)
packets = scservo_sdk.PacketHandler(0)
group = scservo_sdk.GroupSyncRead(port, packets, 56, 4)
[group.addParam(int(servo)) for servo in sys.argv[2:]]
while True:
    if group.txRxPacket() == scservo_sdk.COMM_SUCCESS:
        print("read", flush=True)
"""


def test_a_client_that_is_killed_leaves_the_twin_to_the_next(tmp_path: Path) -> None:
    with running_twin(tmp_path, "--no-physics") as (path, process):
        for _ in range(3):
            command = [sys.executable, "-c", _ENDLESS_CLIENT, str(path), *map(str, IDS)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
                assert client.stdout is not None
                assert [client.stdout.readline() for _ in range(5)] == ["read\n"] * 5
                client.kill()
            sdk = Sdk(path)
            assert sdk.positions() == pytest.approx(DEFAULT_COUNTS, abs=1)
            sdk.close()
        assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int) -> None:
    stats = tmp_path / "stats.json"
    with running_twin(tmp_path, "--json", "--stats-json", stats) as (path, process):
        sdk = Sdk(path)
        sdk.ping(20)
        sdk.close()
        code, out, err = finish(process, number)
        assert (code, err) == (0, f"{ROBOT.title} on {path}\n")
        assert not os.path.lexists(path), "the link goes with the twin"
        figures = json.loads(out)
        assert figures == json.loads(stats.read_text())
        assert figures.keys() >= {
            "distance_m", "mean_vx_mps", "vx_by_second_mps", "falls", "tilt_rad", "released_s", "busy_ns",
            "waiting_ns", "transactions", "lateness_ns", "faults", "fault_log", "physics_lost_steps",
        }  # fmt: skip
        assert figures["busy_ns"] == 10_000 * (figures["bytes_to_servos"] + figures["bytes_to_host"])
        assert figures["bytes_to_servos"] >= 14, "a ping, and a read of the model"


def test_it_ends_by_itself_and_tells_people_what_happened(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "twin", "--link", tmp_path / "duck", "--seconds", "0.5"]
    done = subprocess.run(
        [*command, "--fault", "overload servo=left_knee"], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    for words in (f"on {tmp_path / 'duck'}", "no fall", "0 transactions", "1 faults"):
        assert words in done.stdout, done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fault", "explode"), "one of: lost servo=4"),
        (("--fault", "silent servo=tail"), "silent servo=4"),
        (("--seconds", "0"), "more than 0"),
        (("--imu-hz", "300"), "imu_hz"),
        (("--link", "/dev/null"), "link /dev/null"),
        (("--return-delay-us", "600"), "less than or equal to 508"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(arguments: tuple[str, ...], words: str) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "twin", "--no-physics", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 2
    error = json.loads(done.stdout)
    assert words in error["error"] + error["hint"]
    assert error["hint"]


def test_unplugged_by_schedule_the_port_goes(tmp_path: Path) -> None:
    with running_twin(tmp_path, "--no-physics", "--fault", "at=1 unplug") as (path, process):
        wait_for("the port to go", lambda: not os.path.lexists(path))
        assert process.poll() is None


@pytest.fixture
def host(tmp_path: Path) -> Iterator[_native.TwinHost]:
    host = _native.TwinHost(ROBOT.native, link=tmp_path / "duck", imu_socket=tmp_path / "imu")
    yield host
    host.stop()


def run_twin(host: _native.TwinHost, seconds: float) -> Twin:
    twin = Twin(host, StillBody(ROBOT), JOINTS)
    twin.run(lambda now_s: now_s < seconds)
    return twin


def test_a_port_that_was_unplugged_comes_back_under_its_name(host: _native.TwinHost) -> None:
    before = Sdk(host.path)
    assert before.ping(20) == 777
    host.inject("unplug")
    wait_for("the port to go", lambda: not os.path.lexists(host.path))
    with pytest.raises((OSError, termios.error), match="Input/output error"):
        wait_for("the error", lambda: before.packets.ping(before.port, 20) is None)
    host.inject("replug")
    wait_for("the port to come", host.path.exists)
    after = Sdk(host.path)
    assert after.ping(20) == 777
    after.close()


def test_faults_are_injected_while_it_runs(host: _native.TwinHost) -> None:
    servos = array("f", bytes(4 * 5 * JOINTS))

    def sdk_says(servo_id: int, address: int) -> int | None:
        """What a servo answers to one question."""
        value, result, _ = sdk.packets.read1ByteTxRx(sdk.port, servo_id, address)
        return value if result == sdk.sdk.COMM_SUCCESS else None

    sdk = Sdk(host.path)
    sdk.write_goals(DEFAULT_COUNTS)
    wait_for("the goals", lambda: (host.read_servos(servos), not math.isnan(servos[13]))[1])
    host.inject("overload servo=left_knee")
    wait_for("the overload", lambda: (host.read_servos(servos), math.isnan(servos[3]))[1])
    assert not math.isnan(servos[4])
    host.inject("silent servo=left_ankle")
    wait_for("the silence", lambda: host.statistics()["faults"] == 2)
    assert sdk_says(24, P_GAIN) is None
    host.inject("speaks servo=left_ankle")
    wait_for("an answer", lambda: sdk_says(24, P_GAIN) == 32)
    host.inject("sag volts=2")
    wait_for("the sag", lambda: sdk_says(20, PRESENT_VOLTAGE) == 54)
    host.inject("set-id servo=left_ankle id=99")
    wait_for("the new id", lambda: sdk_says(99, P_GAIN) == 32)
    host.inject("reset servo=0")
    wait_for("the reset", lambda: (host.read_servos(servos), math.isnan(servos[0]))[1])
    names = [fault.split(" ")[0] for _, fault in host.statistics()["fault_log"]]
    assert names == ["Overload", "Silent", "Speaks", "Sag", "SetId", "Reset"]
    for wrong in ("at=1 unplug", "rates lost=0.5", "silent servo=14"):
        with pytest.raises(UsageError, match="expected"):
            host.inject(wrong)
    sdk.close()


def test_rows_are_joint_angles_whatever_the_offsets_of_the_servos(tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text(json.dumps({"joints_offsets": {"head_yaw": 0.25}}))
    robot = gaitway.Robot.load(config=config)
    host = _native.TwinHost(robot.native, link=tmp_path / "duck")
    sdk = Sdk(host.path)
    yaw_id = IDS[HEAD_YAW]
    assert sdk.positions()[yaw_id] == count(0.25), "joint angle 0"
    sdk.write_goals({yaw_id: count(0.5)})
    servos = array("f", bytes(4 * 5 * JOINTS))
    wait_for("the goal", lambda: (host.read_servos(servos), not math.isnan(servos[HEAD_YAW]))[1])
    assert servos[HEAD_YAW] == pytest.approx(0.25, abs=0.001)
    host.set_joints(array("f", [0.1] * 3 * JOINTS))
    wait_for("the joints", lambda: sdk.positions()[yaw_id] == count(0.35))
    host.stop()


@pytest.mark.parametrize("row", [array("f", bytes(8)), array("d", bytes(8 * 3 * JOINTS)), None])
def test_rows_of_the_wrong_kind_are_refused(host: _native.TwinHost, row: object) -> None:
    for call in (host.set_joints, host.read_servos, host.sample_imu):
        with pytest.raises(UsageError, match="expected"):
            call(row)


def test_the_imu_arrives_as_the_format_says(host: _native.TwinHost, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(tmp_path / "imu"))
        reader.settimeout(PATIENCE_S)
        before_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        run_twin(host, 0.06)
        datagrams = [struct.unpack("<4sIQ6f2B2x", reader.recv(64)) for _ in range(6)]
    for number, (magic, sequence, sampled_ns, *values) in enumerate(datagrams):
        assert (magic, sequence) == (b"GWI1", number)
        assert before_ns < sampled_ns <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        assert values == pytest.approx([0, 0, 0, 0, 0, 9.81, 1, 1], abs=1.1e-3)
    host.inject("imu-lost for=1000")
    run_twin(host, 0.1)
    figures = host.statistics()
    assert (figures["imu_sent"], figures["imu_dropped"], figures["imu_faults"]) == (6, 0, 1)


def servo_row(goals_rad: list[float], p_gain: float = 32.0, torque_limit: float = 1.0) -> "array[float]":
    return array("f", [*goals_rad, *[p_gain] * JOINTS, *[0.0] * 2 * JOINTS, *[torque_limit] * JOINTS])


LIMP = servo_row([math.nan] * JOINTS)
POSE = servo_row(ROBOT.default_pose_rad)


def test_ten_steps_of_the_physics_are_a_control_tick_to_the_bit() -> None:
    import numpy as np

    goals = np.array(ROBOT.default_pose_rad, dtype=np.float32) + np.float32(0.05)
    whole, stepped = RobotSim(ROBOT), RobotSim(ROBOT)
    whole.set_gains([(30.0, 0.0)] * JOINTS)
    gains, limits = np.full(JOINTS, 30, np.float32), np.ones(JOINTS, np.float32)
    for _ in range(25):
        whole.step(goals)
        for _ in range(whole.substeps):
            stepped.step_physics(goals, gains, limits)
    assert whole.data.qpos.tobytes() == stepped.data.qpos.tobytes()
    assert whole.sense().row == stepped.sense().row
    stepped.step_physics(goals, gains, np.full(JOINTS, 0.01, np.float32))
    assert np.abs(stepped.data.actuator_force).max() == pytest.approx(0.0323), "the torque limit holds"


def test_the_stand_holds_a_limp_duck_and_lets_go_of_one_that_holds_itself() -> None:
    duck = LiveRobot(ROBOT)
    joints, imu = array("f", bytes(4 * 3 * JOINTS)), array("f", bytes(4 * 8))
    steps_per_s = round(1 / duck.step_s)
    for _ in range(2 * steps_per_s):
        duck.step(LIMP)
    duck.show(joints, imu)
    assert list(imu) == pytest.approx([0, 0, 0, 0, 0, 9.81, 0, 0], abs=0.01), "it hangs still, upright"
    assert joints[ROBOT.joint_names.index("left_hip_roll")] > 0.2, "a limp leg swings aside"
    assert duck.trunk().position_m[2] == pytest.approx(0.227)
    for _ in range(4 * steps_per_s):
        duck.step(POSE)
    duck.show(joints, imu)
    assert duck.released
    assert duck.trunk().position_m[2] == pytest.approx(0.162, abs=0.004), "down on its feet"
    assert list(imu[6:]) == [1, 1]
    assert duck.falls == 0
    for _ in range(3 * steps_per_s):
        duck.step(LIMP)
    assert duck.falls == 1, "nobody holds it now"


def test_a_servo_that_lets_go_stops_the_stand() -> None:
    duck = LiveRobot(ROBOT, release_after_s=1.0)
    goals = list(ROBOT.default_pose_rad)
    goals[0] = math.nan
    all_but_one = servo_row(goals)
    for row in (POSE, all_but_one) * 4:
        for _ in range(400):
            duck.step(row)
    assert not duck.released, "0.8 s at a time are too short"


@pytest.mark.parametrize(("stand_up", "falls"), [(False, 1), (True, 2)])
def test_a_fallen_duck_lies_or_is_put_back_on_its_feet(stand_up: bool, falls: int) -> None:
    duck = LiveRobot(ROBOT, stand=False, stand_up=stand_up)
    for _ in range(2500):
        duck.step(LIMP)
    assert duck.falls >= falls if stand_up else duck.falls == falls


def test_joints_without_physics_keep_to_their_speed() -> None:
    body = StillBody(ROBOT)
    joints, imu = array("f", bytes(4 * 3 * JOINTS)), array("f", bytes(4 * 8))
    goals = [rad + 1.0 for rad in ROBOT.default_pose_rad]
    for _ in range(50):
        body.step(servo_row(goals))
    body.show(joints, imu)
    moved = [found - rad for found, rad in zip(joints, ROBOT.default_pose_rad, strict=False)]
    assert moved == pytest.approx([0.1 * limit for limit in ROBOT.velocity_limits_rps], abs=1e-5)
    for row in (LIMP, servo_row(goals, p_gain=0), servo_row(goals, torque_limit=0)):
        body.step(row)
    body.show(joints, imu)
    assert list(joints[JOINTS : 2 * JOINTS]) == [0.0] * JOINTS


def limp(joints: int = JOINTS) -> "array[float]":
    """What servos do that are limp: goals, P, D, I, torque limits."""
    return array("f", [math.nan] * joints + [0.0] * (4 * joints))


@pytest.mark.parametrize("body", [StillBody(ROBOT), LiveRobot(ROBOT, release_after_s=3600)], ids=["still", "physics"])
def test_a_hand_holds_a_joint_while_its_servo_is_limp_and_lowers_the_nose(body: Any) -> None:
    pitch, servos, joints, imu = (
        ROBOT.joint_names.index("head_pitch"),
        limp(),
        array("f", bytes(12 * JOINTS)),
        array("f", bytes(32)),
    )

    def after(seconds: float) -> float:
        for _ in range(round(seconds / body.step_s)):
            body.step(servos)
        body.show(joints, imu)
        return joints[pitch]

    body.take_in_hand({pitch: 0.3}, math.radians(45))
    assert after(2.0) == pytest.approx(0.3, abs=0.01)
    assert joints[2 * JOINTS + pitch] == 0, "the servo feels nothing of it"
    assert imu[3] == pytest.approx(-9.81 * math.sin(math.radians(45)), abs=0.5)
    # What a servo drives no hand holds.
    servos[pitch], servos[JOINTS + pitch], servos[4 * JOINTS + pitch] = -0.2, 30.0, 1.0
    assert after(2.0) == pytest.approx(-0.2, abs=0.1)
    servos[pitch] = math.nan
    assert after(2.0) == pytest.approx(0.3, abs=0.01)
    body.take_in_hand({}, 0.0)
    after(1.0)
    assert imu[5] == pytest.approx(9.81, abs=0.5)


def test_a_duck_that_lies_is_taken_up_and_hangs_as_at_the_start() -> None:
    body, servos = LiveRobot(ROBOT, release_after_s=0.2), limp()
    standing = array("f", [*ROBOT.default_pose_rad, *[30.0] * JOINTS, *[0.0] * (2 * JOINTS), *[1.0] * JOINTS])
    body.step(standing, 1500)
    assert not body.hangs
    body.step(servos, 2000)
    assert body.sim.fallen
    body.hang()
    body.step(servos, 500)
    assert body.hangs and body.trunk().tilt_rad < 0.05 and not body.sim.fallen
    body.step(standing, 1500)
    assert not body.hangs and not body.sim.fallen and body.falls == 1


def test_hands_do_what_another_terminal_asks(tmp_path: Path) -> None:
    link = tmp_path / "duck"
    with running_twin(tmp_path, "--no-physics"):
        assert hands.ask(link, {"hold": {"head_yaw": 0.25}})["held_rad"] == {"head_yaw": pytest.approx(0.25)}
        wait_for("the hand", lambda: abs(position_rad(link, "head_yaw") - 0.25) < 0.01)
        for command in (["hold", "head_pitch=0"], ["plug", "left_knee", "--new"], ["fault", "sag volts=0.5"]):
            done = run_gaitway("twin", *command, "--port", link)
            assert done.returncode == 0, done.stderr
        wait_for("one servo alone, as sold", lambda: scanned(link) == [1])
        assert run_gaitway("twin", "plug", "--port", link).returncode == 0
        wait_for("all servos", lambda: scanned(link) == sorted(IDS))
        assert hands.ask(link, {"release": []})["held_rad"] == {}
        assert run_gaitway("twin", "lift", "--port", link).returncode == 0
        for command, words in (
            (["hold", "left_wing=0"], "no joint is called 'left_wing'"),
            (["hold", "head_yaw=9"], "head_yaw=9"),
            (["fault", "left wing off"], "fault"),
            (["plug", "left_wing"], "no joint is called 'left_wing'"),
        ):
            done = run_gaitway("twin", *command, "--port", link)
            assert (done.returncode, words in done.stderr) == (2, True), (command, done.stderr)
        assert hands.socket_of(link).exists()
    assert not hands.socket_of(link).exists()
    done = run_gaitway("twin", "release", "--port", link)
    assert (done.returncode, f"no twin at {link}" in " ".join(done.stderr.split())) == (1, True), done.stderr


def test_hands_know_the_robot_of_their_twin_and_take_up_none_with_a_fixed_base(tmp_path: Path) -> None:
    with running_twin(tmp_path, "--robot", ARM) as (link, process):
        for command in (["hold", "elbow_flex=0.5"], ["hold", "default", "--robot", ARM], ["release", "elbow_flex"]):
            done = run_gaitway("twin", *command, "--port", link)
            assert done.returncode == 0, done.stderr
        assert "elbow_flex" not in done.stdout and "gripper at +0.200 rad" in done.stdout
        assert run_gaitway("twin", "plug", "--port", link).returncode == 0
        assert hands.ask(link, {"robot": True}) == {"robot": "test_arm", "profile": str(ARM)}
        for command, error, hint in (
            (["lift"], "test_arm: expected a trunk that hands can lift, found a fixed base", "hold, release"),
            (["tip", "30"], "test_arm: expected a trunk that hands can tip, found a fixed base", "hold, release"),
            (["hold", "head_yaw=0"], "no joint is called 'head_yaw'", "test_arm has shoulder_pan"),
            (["release", "head_yaw"], "no joint is called 'head_yaw'", "test_arm has shoulder_pan"),
            (
                ["hold", "elbow_flex=0", "--robot", ROBOT.name],
                f"expected test_arm, the robot of the twin at {link}",
                "out",
            ),
            (["plug", "--robot", ROBOT.name], f"expected test_arm, the robot of the twin at {link}", "out"),
        ):
            done = run_gaitway("twin", *command, "--port", link, "--json")
            said = json.loads(done.stdout)
            assert (done.returncode, error in said["error"], hint in said["hint"]) == (2, True, True), said
        for strange in ({"hold": []}, {"tip": math.nan}, 5):
            with pytest.raises(UsageError):
                hands.ask(link, strange)  # type: ignore[arg-type]
        assert process.poll() is None, "it lives on"


def test_a_robot_with_a_fixed_base_is_told_of_by_what_is_true_for_it(tmp_path: Path) -> None:
    for as_json in ((), ("--json",)):
        done = run_gaitway("twin", "--robot", ARM, "--seconds", 0.5, *as_json)
        assert done.returncode == 0, done.stderr
        if as_json:
            found = json.loads(done.stdout)
            assert (found["joints"], found["joints_driven"], found["bytes_to_host"]) == (6, 0, 0)
            assert found.keys().isdisjoint(("falls", "distance_m", "released_s", "tilt_rad"))
        else:
            assert "ran for 0.5 s, 0 of 6 joints driven\n0 transactions, 0 bytes to the servos, 0 back" in done.stdout
            assert not any(word in done.stdout for word in ("feet", "fall", "forward"))


@pytest.mark.parametrize("flag", ["--imu-socket", "--i2c-socket"])
def test_a_wire_of_an_imu_that_the_robot_lacks_is_refused(flag: str, tmp_path: Path) -> None:
    done = run_gaitway("twin", "--robot", ARM, flag, tmp_path / "imu", "--seconds", 0.5, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 2 and said["error"] == f"{flag}: expected an IMU in the profile of test_arm, found none"
    assert said["hint"] == f"leave {flag} out, or add [[imus]] to the profile"


def scanned(link: Path) -> list[int]:
    """Servos that answer; on a busy machine some are missed."""
    found = json.loads(run_gaitway("motors", "scan", "--port", link, "--json").stdout)
    return sorted(servo["id"] for servo in found["servos"])


def position_rad(link: Path, joint: str) -> float:
    """Where a tool sees a joint."""
    from gaitway.bringup.motors import Motors

    with Motors(ROBOT, link) as motors:
        look = motors.look()[joint]
    return math.nan if look is None else look.position_rad
