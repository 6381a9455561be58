"""Teleoperation: what is planned for the follower, and the whole program between two emulated arms."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import flight
from program import parse, run_gaitway, wait_until

from gaitway import Recording, Robot
from gaitway.bringup.motors.lerobot import LeRobotCalibration
from gaitway.errors import BusError, UsageError
from gaitway.teleop import Calibrated, Figures, GoalPlanner, JointMap, Leader
from gaitway.teleop.mapping import different_ranges, within

ARM = Robot.load("so101")
JOINTS = ARM.joint_names
LIMITS = dict(zip(JOINTS, ARM.limits_rad, strict=True))
ABOVE = dict(zip(JOINTS, ARM.native.pose_rad("above") or [], strict=True))
STEP_RAD = math.tau / 4096


# Planned without an arm


def test_the_follower_approaches_slowly_and_then_follows_at_once() -> None:
    planner = GoalPlanner({"lift": 0.0, "elbow": 0.0}, speed_rps=0.6, hz=60)
    asked: dict[str, float | None] = {"lift": 1.0, "elbow": -0.3}
    before, ticks = planner.goal_rad, 0
    while planner.phase == "approaching":
        goal = planner.step(asked)
        assert all(abs(goal[joint] - before[joint]) <= 0.01 + 1e-9 for joint in goal)
        before, ticks = goal, ticks + 1
    # 1 rad at 0.6 rad/s, less the last 0.02 rad.
    assert 96 <= ticks <= 100 and planner.phase == "following"
    assert planner.step({"lift": 1.2, "elbow": -0.3}) == {"lift": 1.2, "elbow": -0.3}


def test_a_joint_that_is_not_heard_keeps_its_goal_and_a_lost_leader_is_approached_anew() -> None:
    planner = GoalPlanner({"lift": 0.0, "elbow": 0.0}, speed_rps=0.6, hz=60)
    planner.step({"lift": 0.01, "elbow": 0.0})
    assert planner.phase == "following"
    assert planner.step({"lift": None, "elbow": 0.1}) == {"lift": 0.01, "elbow": 0.1}
    assert planner.step(None) == {"lift": 0.01, "elbow": 0.1} and planner.phase == "holding"
    assert planner.step({"lift": None, "elbow": None}) == {"lift": 0.01, "elbow": 0.1}
    goal = planner.step({"lift": 0.4, "elbow": 0.1})
    assert goal == pytest.approx({"lift": 0.02, "elbow": 0.1}) and planner.phase == "approaching"


def test_a_leader_that_jumps_is_approached() -> None:
    planner = GoalPlanner({"lift": 0.0}, speed_rps=0.6, hz=60)
    planner.step({"lift": 0.0})
    assert planner.step({"lift": 0.4}) == {"lift": 0.4}
    assert planner.step({"lift": 1.0}) == {"lift": pytest.approx(0.41)} and planner.phase == "approaching"


def test_angles_beyond_the_range_are_cut_off_and_named() -> None:
    joints = JointMap({"lift": (-1.0, 1.0), "elbow": (-1.0, 1.0)}, {})
    assert joints.goals_rad({"lift": 1.25, "elbow": None}) == {"lift": 1.0, "elbow": None}
    assert joints.beyond_rad == {"lift": pytest.approx(0.25)}
    assert joints.clipped() == ["lift at +1.25 rad, 0.25 beyond its -1.00 to +1.00"]
    joints.check({"lift": 1.05, "elbow": 0.0})
    with pytest.raises(UsageError, match=r"found elbow at -1.50 rad, 0.50 beyond its -1.00 to \+1.00") as caught:
        joints.check({"lift": 1.05, "elbow": -1.5})
    assert "by hand" in caught.value.hint


def test_no_goal_lies_beyond_what_was_recorded() -> None:
    limits = within({"lift": (-1.7, 1.7), "pan": (-1.9, 1.9)}, {"lift": (-1.6, 1.8), "pan": (-3.1, 3.1)})
    assert limits == {"lift": (-1.6, 1.7), "pan": (-1.9, 1.9)}


def test_a_trigger_opens_a_gripper_whole() -> None:
    joints = JointMap({"gripper": (-0.2, 1.8)}, {"gripper": ((0.0, 0.8), (-0.2, 1.8))})
    assert joints.goals_rad({"gripper": 0.8}) == {"gripper": pytest.approx(1.8)}
    assert joints.goals_rad({"gripper": 0.4}) == {"gripper": pytest.approx(0.8)}
    told = different_ranges({"gripper": (0.0, 0.8), "lift": (-1, 1)}, {"gripper": (-0.2, 1.8), "lift": (-1, 0.9)}, 0.15)
    assert told == ["gripper: the leader's range is 0.80 rad, the follower's 2.00"]


def test_what_is_left_at_rest_is_told_apart_from_the_error_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("gaitway.teleop.figures.time.monotonic", lambda: now_s[0])
    figures = Figures(["lift"], 60)
    for tick in range(240):
        now_s[0] = tick / 60
        moving = min(1.0, tick / 60)
        figures.follow({"lift": moving}, {"lift": moving - (0.2 if tick < 60 else -0.05)})
    assert figures.rests_rad["lift"].tolist() == pytest.approx([0.05] * len(figures.rests_rad["lift"]))
    assert 110 < len(figures.rests_rad["lift"]) < 125 and max(map(abs, figures.errors_rad["lift"])) > 0.19


# Over two emulated buses


def calibration(homing: dict[str, int], **drive_modes: int) -> dict[str, Any]:
    """LeRobot's file of an arm whose servos hold these offsets; its ranges are those of the profile."""
    return {
        name: asdict(joint) | {"homing_offset": homing.get(name, 0), "drive_mode": drive_modes.get(name, 0)}
        for name, joint in LeRobotCalibration.of_robot(ARM).joints.items()
    }


def hold_offsets(bench: Bench, content: dict[str, Any], path: Path) -> Path:
    """The servos of the bench hold the file's homing offsets in register 31."""
    path.write_text(json.dumps(content))
    for name, joint in content.items():
        offset = joint["homing_offset"]
        raw = offset if offset >= 0 else 2048 - offset
        bench.host.inject(f"setting servo={name} register=31 value={raw}")
    return path


def put(bench: Bench, path: Path, angles_rad: dict[str, float]) -> None:
    """Limp joints stay where they are put: where the arm that this file is of has these angles."""
    read = LeRobotCalibration.load(path, ARM)
    meanings = read.meaning(ARM)
    bench.position_rad[:] = [
        meanings[name].cleared_offset_rad + meanings[name].direction * angle for name, angle in angles_rad.items()
    ]


class Arms:
    """A leader that a hand moves, a follower whose joints follow, and the program between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("leader", "follower"):
            (folder / name).mkdir()
        self.leader = Bench(folder / "leader", robot=ARM)
        self.follower = Bench(folder / "follower", robot=ARM)
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self, *options: object, follower: object = None) -> None:
        """The program; what it says comes as it is said."""
        ports = ("--leader", self.leader.link, "--follower", follower or self.follower.link)
        command = [sys.executable, "-m", "gaitway.cli", "teleop", *ports, *options, "--json"]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_RUNTIME_DIR": str(self.folder)},
            start_new_session=True,
        )

    def until(self, words: str) -> str:
        """The line in which it says these words."""
        assert self.process is not None and self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return line
        printed, _ = self.process.communicate()
        raise AssertionError(f"never said {words!r}: {self.said}; {printed}")

    def end(self) -> dict[str, Any]:
        """Ctrl-C, which a terminal says to gaitwayd, too, and what it prints at the end."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        printed, errors = self.process.communicate(timeout=90)
        self.said += errors.splitlines()
        assert self.process.returncode == 0, (printed, self.said)
        told: dict[str, Any] = json.loads(printed)
        return told

    def follower_is_at(self, angles_rad: dict[str, float], within: float = 0.03) -> bool:
        """Whether its joints truly are there; nothing carries weight here."""
        pairs = zip(self.follower.position_rad, angles_rad.values(), strict=True)
        return all(abs(found - angle) < within for found, angle in pairs)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self.leader.close()
        self.follower.close()


@pytest.fixture
def arms(tmp_path: Path, binary: None) -> Iterator[Arms]:
    made = Arms(tmp_path)
    made.leader.position_rad[:] = ABOVE.values()
    yield made
    made.close()


def test_the_follower_goes_where_the_leader_is_moved_and_is_limp_in_the_end(arms: Arms) -> None:
    arms.start("--record", arms.folder / "runs")
    arms.until("follower: following")
    wait_until(lambda: arms.follower_is_at(ABOVE), "it does not come to the leader")
    assert arms.follower.driven == 6 and arms.leader.most_driven == 0, "the leader's servos are limp"
    moved = ABOVE | {"elbow_flex": -0.2, "gripper": 0.1}
    for share in range(21):
        steps = [ABOVE[joint] + share / 20 * (moved[joint] - ABOVE[joint]) for joint in JOINTS]
        arms.leader.position_rad[:] = steps
        time.sleep(0.02)
    wait_until(lambda: arms.follower_is_at(moved), "it does not follow")
    told = arms.end()
    assert arms.follower.driven == 0 and told["robot"] == "so101" and told["ended"] == "asked"
    assert told["ticks"] > 10 and told["hz"]["asked"] == 60 and set(told["tracking_rad"]) == set(JOINTS)
    assert told["latency_ms"]["samples"] > 0 and 0 < told["latency_ms"]["p50"] < 5000
    # It began at the leader's pose and no goal was out of reach.
    assert told["clipped"] == {} and told["unplugged"] == 0
    recording = Recording.load(flight(arms.folder / "runs"))
    states = [state for _, _, state in recording.spans("tick.state")]
    # A machine that is busy elsewhere may hold it shortly on the way.
    assert states[-3:] == ["running", "holding", "limp"], "it held its pose, then was limp softly"
    assert {"aligning", "ready"} < set(states)


def test_a_leader_out_of_reach_is_named_at_the_start_and_once_a_second_later(arms: Arms) -> None:
    arms.leader.position_rad[3] = 2.0
    done = run_gaitway("teleop", "--leader", arms.leader.link, "--follower", arms.follower.link, "--json")
    assert done.returncode == 2 and "wrist_flex at +2.00 rad, 0.34 beyond" in parse(done)["error"]
    assert arms.follower.driven == 0
    arms.leader.position_rad[3] = 1.6
    arms.start("--no-record")
    arms.until("follower: following")
    arms.leader.position_rad[3] = 1.9
    line = arms.until("beyond the follower's range")
    assert "wrist_flex at +1.90 rad, 0.24 beyond its -1.66 to +1.66" in line
    wait_until(lambda: abs(arms.follower.position_rad[3] - 1.6581) < 0.01, "it stops at its end")
    told = arms.end()
    assert told["clipped"]["wrist_flex"]["most_rad"] == pytest.approx(0.242, abs=0.01)
    lines = [entry for entry in told["told"] if "beyond" in entry["text"]]
    assert len(lines) <= told["seconds"] + 1


def test_a_silent_servo_of_the_leader_is_told_and_its_joint_held(arms: Arms) -> None:
    arms.start("--no-record")
    arms.until("follower: following")
    arms.leader.host.inject("silent servo=elbow_flex later=answer")
    assert "no reply from elbow_flex: the last angle is held" in arms.until("no reply")
    arms.leader.position_rad[0] = 0.2
    arms.leader.position_rad[2] = -0.1
    wait_until(lambda: arms.follower_is_at(ABOVE | {"shoulder_pan": 0.2}), "the others follow, the elbow holds")
    arms.leader.host.inject("speaks servo=elbow_flex")
    arms.until("elbow_flex replies again")
    wait_until(lambda: arms.follower_is_at(ABOVE | {"shoulder_pan": 0.2, "elbow_flex": -0.1}), "it follows again")
    assert arms.end()["lost_replies"]["elbow_flex"] > 0


def test_an_unplugged_leader_leaves_the_follower_in_its_pose_until_it_is_back(arms: Arms) -> None:
    arms.start("--no-record")
    arms.until("follower: following")
    wait_until(lambda: arms.follower_is_at(ABOVE), "it comes to the leader")
    arms.leader.host.inject("unplug")
    arms.until("leader lost")
    arms.until("follower: holding")
    arms.leader.position_rad[0] = 0.5
    # More than a lease and a command hold for.
    writes = arms.follower.writes()
    wait_until(lambda: arms.follower.writes() > writes + 200, "gaitwayd goes on")
    assert arms.follower_is_at(ABOVE) and arms.follower.driven == 6
    arms.leader.host.inject("replug")
    arms.until("leader found again")
    arms.until("follower: following")
    wait_until(lambda: arms.follower_is_at(ABOVE | {"shoulder_pan": 0.5}), "it follows again")
    assert arms.end()["unplugged"] == 1


def test_each_arm_has_its_own_calibration_of_lerobot(arms: Arms, tmp_path: Path) -> None:
    leading = calibration({"shoulder_pan": -700, "elbow_flex": 311}, gripper=1)
    following = calibration({"shoulder_pan": 520, "wrist_flex": -1200})
    leader_file = hold_offsets(arms.leader, leading, tmp_path / "leader.json")
    follower_file = hold_offsets(arms.follower, following, tmp_path / "follower.json")
    put(arms.leader, leader_file, ABOVE)
    put(arms.follower, follower_file, dict(zip(JOINTS, ARM.default_pose_rad, strict=True)))
    files = ("--leader-calibration", leader_file, "--follower-calibration", follower_file)
    arms.start("--no-record", *files)
    arms.until("follower: following")
    meanings = LeRobotCalibration.load(follower_file, ARM).meaning(ARM)
    truly = {name: meanings[name].cleared_offset_rad + angle for name, angle in ABOVE.items()}
    wait_until(lambda: arms.follower_is_at(truly), "it comes to the leader's pose by its own calibration")
    arms.end()


def test_the_file_of_the_other_arm_is_refused(arms: Arms, tmp_path: Path) -> None:
    file = hold_offsets(arms.leader, calibration({"shoulder_pan": -700}), tmp_path / "leader.json")
    kept = Calibrated.load(ARM, tmp_path, lerobot=file, port=arms.leader.link)
    (tmp_path / "other.json").write_text(json.dumps(calibration({"shoulder_pan": 300})))
    with pytest.raises(UsageError, match=r"register 31\), found shoulder_pan -700, the file 300") as caught:
        Calibrated.load(ARM, tmp_path, lerobot=tmp_path / "other.json", port=arms.leader.link)
    assert "leader and follower have one each" in caught.value.hint
    # Servos that were set up anew hold nothing: the same zero of the joint is elsewhere on the servo's turn.
    for name in JOINTS:
        arms.leader.host.inject(f"setting servo={name} register=31 value=0")
    cleared = Calibrated.load(ARM, tmp_path, lerobot=file, port=arms.leader.link)
    apart = cleared.robot.native.offsets_rad[0] - kept.robot.native.offsets_rad[0]
    assert apart == pytest.approx(-700 * STEP_RAD, abs=1e-3)


def test_a_leader_that_was_driven_is_made_limp(arms: Arms) -> None:
    for name in JOINTS[:2]:
        arms.leader.host.inject(f"setting servo={name} register=40 value=1")
    wait_until(lambda: arms.leader.driven == 2, "two servos of the leader hold")
    leader = Leader(ARM, arms.leader.link)
    try:
        assert leader.open() == JOINTS[:2]
        wait_until(lambda: arms.leader.driven == 0, "it is limp")
        assert set(leader.read().angles_rad) == set(JOINTS)
        arms.leader.host.inject("setting servo=shoulder_lift register=40 value=1")
        with pytest.raises(BusError, match="expected limp servos, found torque on: shoulder_lift"):
            for _ in range(3):
                leader.read()
    finally:
        leader.close()


def test_a_running_gaitwayd_is_led_and_left_limp(arms: Arms, tmp_path: Path) -> None:
    socket = tmp_path / "api.sock"
    policy = ARM.policy_file("follow")
    gaitwayd = arms.follower.start(
        "--robot", str(ARM.folder / "profile.toml"), "--policy", str(policy), "--socket", str(socket), "--no-record"
    )
    try:
        wait_until(socket.exists, "gaitwayd does not serve")
        arms.start(follower=socket)
        arms.until("follower: following")
        wait_until(lambda: arms.follower_is_at(ABOVE), "it comes to the leader")
        arms.end()
        wait_until(lambda: arms.follower.driven == 0, "it is limp")
        assert gaitwayd.poll() is None
    finally:
        gaitwayd.kill()
        gaitwayd.communicate()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--follower", "/tmp/nowhere/leader"), "expected two ports, found one"),
        (("--follower", "tcp://arm.local:7000", "--policy", "x.onnx"), "--policy: expected a follower's port"),
        (("--follower", "/tmp/nowhere/b", "--by-share", "thumb", "--seconds", "-1"), "expected more than 0"),
        (("--follower", "/tmp/nowhere/b", "--robot", "ox"), "no robot is called 'ox'"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: tuple[str, ...], expected: str) -> None:
    done = run_gaitway("teleop", "--leader", "/tmp/nowhere/leader", *options, "--json")
    assert done.returncode == 2 and expected in parse(done)["error"] and parse(done)["hint"]


def test_a_leader_that_is_not_there_is_named() -> None:
    done = run_gaitway("teleop", "--leader", "/tmp/nowhere/a", "--follower", "/tmp/nowhere/b", "--json")
    assert done.returncode == 1 and "/tmp/nowhere/a" in parse(done)["error"] and parse(done)["hint"]


def test_a_frozen_program_leaves_the_follower_in_its_pose(arms: Arms) -> None:
    arms.start("--no-record")
    arms.until("follower: following")
    wait_until(lambda: arms.follower_is_at(ABOVE), "it comes to the leader")
    assert arms.process is not None
    arms.process.send_signal(signal.SIGSTOP)
    # More than the lease holds for: 200 ticks of gaitwayd.
    writes = arms.follower.writes()
    wait_until(lambda: arms.follower.writes() > writes + 200, "gaitwayd goes on")
    assert arms.follower_is_at(ABOVE) and arms.follower.driven == 6
    arms.process.send_signal(signal.SIGCONT)
    arms.leader.position_rad[0] = 0.3
    wait_until(lambda: arms.follower_is_at(ABOVE | {"shoulder_pan": 0.3}), "it follows again")
    assert arms.end()["late_commands"] > 0
