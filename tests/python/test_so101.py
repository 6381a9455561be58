"""The SO-101 arm, the second robot that ships: its model, its servos on the emulated bus, LeRobot's files."""

import json
import math
import re
import shutil
import subprocess
import sys
import tomllib
from array import array
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from daemon_bench import ROOT, Bench
from program import parse, run_gaitway

from gaitway import Controller, Policy, Recording, Robot
from gaitway.bringup.motors import Motors, judged
from gaitway.bringup.motors.calibration import OffsetsFile
from gaitway.bringup.motors.lerobot import JointCalibration, LeRobotCalibration
from gaitway.errors import SimulationError, UsageError
from gaitway.sim import RobotSim, simulate, tour
from gaitway.sim.live import LiveRobot
from gaitway.sim.picture import draw_run
from gaitway.sim.virtual import SimulatedLoop

ARM = Robot.load("so101")
JOINTS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"]
#: P, D and I as LeRobot writes them.
GAINS = (16, 32, 0)
#: What LeRobot might have written for an arm whose horns sit anywhere.
LEROBOT = {
    "shoulder_pan": {"id": 1, "drive_mode": 0, "homing_offset": -1365, "range_min": 790, "range_max": 3290},
    "shoulder_lift": {"id": 2, "drive_mode": 0, "homing_offset": -1200, "range_min": 920, "range_max": 3190},
    "elbow_flex": {"id": 3, "drive_mode": 0, "homing_offset": 986, "range_min": 950, "range_max": 3150},
    "wrist_flex": {"id": 4, "drive_mode": 0, "homing_offset": -1696, "range_min": 970, "range_max": 3120},
    "wrist_roll": {"id": 5, "drive_mode": 0, "homing_offset": 12, "range_min": 0, "range_max": 4095},
    "gripper": {"id": 6, "drive_mode": 0, "homing_offset": -30, "range_min": 2040, "range_max": 3280},
}


def written(path: Path, content: object = LEROBOT) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def held(pose: str, seconds: float = 4.0) -> RobotSim:
    """The simulated arm after it was led to a pose within 2 s, and held there."""
    sim = RobotSim(ARM)
    start, end = np.array(ARM.default_pose_rad), np.array(ARM.native.pose_rad(pose))
    ticks = round(seconds * ARM.control_hz)
    for tick in range(ticks):
        sim.step(start + min(1.0, tick / (2.0 * ARM.control_hz)) * (end - start))
    return sim


def tip_at(pose: str) -> Any:
    """The fingertips in a pose, without weight, m."""
    sim = RobotSim(ARM)
    sim.data.qpos[:] = ARM.native.pose_rad(pose)
    mujoco.mj_forward(sim.model, sim.data)
    return np.array(sim.data.site("tip").xpos)


# The robot that ships


def test_it_is_listed_and_shown_as_lerobot_knows_it() -> None:
    assert {robot["name"] for robot in parse(run_gaitway("robot", "list", "--json"))["robots"]} >= {"so101"}
    told = parse(run_gaitway("robot", "show", "so101", "--json"))
    assert [joint["name"] for joint in told["joints"]] == JOINTS == list(LEROBOT)
    assert ARM.native.servo_ids == [1, 2, 3, 4, 5, 6] and ARM.native.directions == [1] * 6
    assert told["imu_bus"] is None and told["contacts"] == [] and told["outputs"] == []
    assert told["command_axes"] == dict.fromkeys(JOINTS, "rad")
    assert {"default", "sit", "rest", "zero", "reach", "above", "raised"} == set(ARM.native.pose_names)


def test_its_model_is_that_of_the_profile() -> None:
    sim = RobotSim(ARM)
    model = sim.model
    assert [model.joint(index).name for index in range(model.njnt)] == JOINTS
    assert np.allclose(model.jnt_range, ARM.limits_rad) and np.allclose(sim.joint_position_rad, ARM.default_pose_rad)
    # Without the base, which is screwed to the table: what the makers' models weigh.
    assert sum(model.body_mass) - model.body("base").mass[0] == pytest.approx(0.485)
    # The drive is that of P 16: the profile's own gain says the same.
    assert np.allclose(model.actuator_gainprm[:, 0], 16 * ARM.stiffness_per_kp) and 16 * ARM.stiffness_per_kp == 8.9


def test_the_gripper_is_where_the_public_models_have_it() -> None:
    sim = RobotSim(ARM)
    sim.data.qpos[:] = 0.0
    mujoco.mj_forward(sim.model, sim.data)
    # Straight ahead at zero; each joint's positive way, seen at the fingertips.
    tip_m = np.array(sim.data.site("tip").xpos)
    assert tip_m == pytest.approx((0.391, 0.0, 0.2265), abs=2e-3)
    moved = {}
    for joint in JOINTS[:4]:
        sim.data.qpos[:] = 0.0
        sim.data.joint(joint).qpos[0] = 0.3
        mujoco.mj_forward(sim.model, sim.data)
        moved[joint] = np.array(sim.data.site("tip").xpos) - tip_m
    assert moved["shoulder_pan"][1] < -0.05
    assert all(moved[joint][2] < -0.02 for joint in ("shoulder_lift", "elbow_flex", "wrist_flex"))


@pytest.mark.parametrize("pose", ["default", "rest", "zero", "reach", "above", "raised"])
def test_it_holds_its_poses_and_sags_as_its_weight_and_stiffness_say(pose: str) -> None:
    sim = held(pose)
    sag_rad = np.array(sim.joint_position_rad) - ARM.native.pose_rad(pose)
    assert sim.warnings == 0 and np.abs(sim.data.qvel).max() < 0.02
    # Statics: weight over stiffness, give or take what friction holds (0.052 N·m over 8.9 N·m/rad).
    expected_rad = -sim.data.qfrc_bias / 8.9
    if sim.data.ncon == 0:
        assert sag_rad == pytest.approx(expected_rad, abs=0.0075)
    assert np.abs(sag_rad).max() < 0.1 and sag_rad[1] > -0.01 and sag_rad[2] > 0.01, "it hangs down, not up"


def test_stretched_out_it_sags_most_at_the_shoulder() -> None:
    sag = {pose: held(pose).joint_position_rad[1] - ARM.native.pose_rad(pose)[1] for pose in ("reach", "raised")}
    assert 0.07 < sag["reach"] < 0.1 and sag["raised"] < 0.04


def test_no_pose_puts_a_part_into_another_or_into_the_table() -> None:
    sim, far = RobotSim(ARM), 0
    shapes = [geom for geom in range(sim.model.ngeom) if sim.model.geom_group[geom] == 3]
    for pose in ARM.native.pose_names:
        sim.data.qpos[:] = ARM.native.pose_rad(pose)
        mujoco.mj_forward(sim.model, sim.data)
        assert sim.data.ncon == 0, f"{pose} stands in the table"
        for one in shapes:
            for other in shapes:
                # A part and the next but one; neighbours share a joint.
                if sim.model.geom_bodyid[other] > sim.model.geom_bodyid[one] + 1:
                    apart_m = mujoco.mj_geomDistance(sim.model, sim.data, one, other, 1.0, None)
                    assert apart_m > 0, (pose, one, other)
                    far += 1
    assert far > 50


def test_limp_it_falls_and_the_table_holds_it() -> None:
    sim = held("zero")
    sim.set_torque(False)
    for _ in range(150):
        sim.step(ARM.default_pose_rad)
    assert sim.warnings == 0 and sim.data.ncon > 0 and sim.data.site("tip").xpos[2] < 0.06
    assert sim.data.contact.dist.min() > -0.004


def test_the_twin_moves_it_by_what_its_servos_are_told() -> None:
    body = LiveRobot(ARM)
    goals, gains = ARM.native.pose_rad("raised"), [GAINS[0]] * 6
    servos = array("f", [*goals, *gains, *([0.0] * 12), *([1.0] * 6)])
    joints, imu = array("f", bytes(4 * 18)), array("f", bytes(4 * 6))
    for _ in range(1500):
        body.step(servos)
    body.show(joints, imu)
    assert body.has_fixed_base and np.abs(np.array(joints[:6]) - goals).max() < 0.08


def test_the_page_about_it_shows_what_its_python_prints(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/add-a-robot.md").read_text()
    _, sags = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(sags, "docs/add-a-robot.md", "exec"), {})
    shown = re.findall(r"^    (?:raised|above|zero|reach) .*$", page, re.MULTILINE)
    texts = (capsys.readouterr().out, "\n".join(shown))
    numbers = [[float(number) for number in re.findall(r"[+-]\d\.\d+", text)] for text in texts]
    # Trajectories differ between machines, and with them where friction holds the joints.
    assert len(numbers[0]) == 16 and numbers[0] == pytest.approx(numbers[1], abs=0.003)
    assert held("reach").data.site("tip").xpos[2] == pytest.approx(tip_at("reach")[2] - 0.047, abs=0.002)


def test_the_page_about_it_draws_every_pose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, _ = re.findall(r"```python\n(.*?)```", (ROOT / "docs/add-a-robot.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    try:
        exec(compile(pictures, "docs/add-a-robot.md", "exec"), {})
    except SimulationError as error:
        if "no OpenGL" not in error.message:
            raise
        pytest.skip(f"no OpenGL here: {error.message}")
    assert {path.stem for path in (tmp_path / "out/so101").glob("*.png")} == set(ARM.native.pose_names)


def test_a_mistake_in_a_copy_of_its_folder_is_named_as_on_the_page(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    before, rest, after = (ARM.folder / "profile.toml").read_text().partition("[poses.rest]")
    profile.write_text(before + rest + after.replace("elbow_flex = 1.5", "elbow_flex = 2.1", 1))
    told = run_gaitway("robot", "show", profile)
    expected = "robot profile: at poses.rest.elbow_flex: expected an angle from -1.69 to 1.69, found 2.1"
    assert told.returncode == 2 and expected in " ".join(told.stderr.split())
    assert expected in (ROOT / "docs/add-a-robot.md").read_text()


def test_a_model_in_degrees_is_refused_before_it_stands_still(tmp_path: Path) -> None:
    """A joint of 1.9 degrees moves and holds, and nobody sees why the arm does not: as one who made a robot found."""
    shutil.copytree(ARM.folder, tmp_path / "arm")
    model = tmp_path / "arm/model.xml"
    model.write_text(model.read_text().replace('<compiler angle="radian" ', "<compiler "))
    with pytest.raises(
        SimulationError, match=r"shoulder_pan: expected -1.920 to 1.920 rad, found -0.034 to 0.034"
    ) as caught:
        RobotSim(Robot.load(tmp_path / "arm/profile.toml"))
    assert 'angle="radian"' in caught.value.hint
    model.write_text(model.read_text().replace("<compiler ", '<compiler angle="radian" ').replace("1.6581", "1.5"))
    with pytest.raises(
        SimulationError, match=r"wrist_flex: expected -1.658 to 1.658 rad, found -1.500 to 1.500"
    ) as caught:
        RobotSim(Robot.load(tmp_path / "arm/profile.toml"))
    assert caught.value.hint == "correct the model"


def test_its_own_policy_follows_its_joints_and_is_the_one_that_runs() -> None:
    policy = Policy.default(ARM)
    assert policy.path == ARM.folder / "follow.onnx" and policy.contract.name == "follow"
    assert {joint: (low, high) for joint, (low, high) in policy.contract.envelope.items()} == {
        joint: pytest.approx(limits) for joint, limits in zip(JOINTS, ARM.limits_rad, strict=True)
    }
    assert Robot.load().default_policy.stem == "walk"


def test_the_picture_of_its_run_has_no_row_for_what_it_has_not(tmp_path: Path) -> None:
    from matplotlib import pyplot

    rows: list[list[str]] = []

    def keep(figure: Any, *_: Any, **__: Any) -> None:
        rows.append([axis.get_ylabel() for axis in figure.axes])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pyplot.Figure, "savefig", keep)
        patched.setattr(pyplot, "close", lambda *_: None)
        for robot in (ARM, Robot.load()):
            run = simulate(RobotSim(robot), Controller(Policy.default(robot), robot), tour(robot), 0.4)
            draw_run(run.trace, run.script, robot, tmp_path / "run.png", title=robot.title)
    arm, duck = rows
    assert not any("tilt" in label for label in arm) and any("tilt" in label for label in duck)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy of the examples, which goes where its command says."""
    path = tmp_path_factory.mktemp("so101") / "follow.onnx"
    command = [sys.executable, ROOT / "examples/follow_policy.py", "so101", path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path


def test_it_follows_a_script_of_poses_with_the_policy_of_the_examples(policy: Path, tmp_path: Path) -> None:
    script = ROOT / "examples/so101_poses.toml"
    checked = parse(run_gaitway("policy", "check", policy, "--robot", "so101", "--json"))
    assert checked["golden"]["findings"] == [] and checked["golden"]["ticks"] >= 32
    arguments = ("--robot", "so101", "--policy", policy, "--script", script, "--fast", "--record", tmp_path / "runs")
    done = run_gaitway("run", *arguments, cwd=tmp_path)
    assert done.returncode == 0 and "limited: nothing" in done.stdout, done.stdout + done.stderr
    (path,) = (tmp_path / "runs").glob("*.mcap")
    recording = Recording.load(path)
    for segment, end_s in zip(tomllib.loads(script.read_text())["segment"], (3, 7, 9, 13, 17), strict=True):
        tick = round(end_s * ARM.control_hz) - 2
        for index, joint in enumerate(JOINTS):
            asked = segment.get(joint, 0.0)
            goal, found = (recording.column(f"tick.{row}[{index}]")[tick] for row in ("goal_rad", "joint_position_rad"))
            assert goal == pytest.approx(asked, abs=1e-5), (segment["name"], joint)
            assert found == pytest.approx(asked, abs=0.08), (segment["name"], joint)


def test_with_an_overload_it_goes_to_rest_before_it_is_limp(policy: Path) -> None:
    loop = SimulatedLoop(ARM, Policy.load(policy, robot=ARM), seed=2)
    loop.walk(0.0, 0.0, 0.0)
    for _ in range(100):
        loop.tick()
    # Nobody commands: zero, and what weight makes of it.
    assert np.abs(loop.body.sim.joint_position_rad).max() < 0.08
    loop.loop.inject("overload servo=gripper")
    states = []
    while loop.loop.state != "limp" and len(states) < 500:
        states.append(loop.tick())
    assert set(states) == {"holding", "limp"} and loop.loop.state == "limp"
    assert loop.body.sim.joint_position_rad == pytest.approx(ARM.native.pose_rad("rest"), abs=0.06)
    # From there it does not fall far.
    for _ in range(100):
        loop.tick()
    assert loop.body.sim.joint_position_rad == pytest.approx(ARM.native.pose_rad("rest"), abs=0.15)


def test_gaitwayd_drives_it_over_its_bus_to_what_is_commanded(policy: Path, binary: None, tmp_path: Path) -> None:
    asked = dict(zip(JOINTS, ARM.native.pose_rad("above") or [], strict=True))
    written_out = ",".join(f"{joint}={rad}" for joint, rad in asked.items())
    arguments = ("--robot", "so101", "--policy", policy, "--twin", "--seconds", 5, "--command", written_out)
    told = parse(run_gaitway("run", *arguments, "--record", tmp_path / "runs", "--json", cwd=tmp_path))
    assert told["robot"] == "so101" and told["gaitwayd"]["ticks"] > 100
    (path,) = (tmp_path / "runs").glob("*.mcap")
    recording = Recording.load(path)
    for index, (joint, rad) in enumerate(asked.items()):
        goals = recording.column(f"tick.policy.goal_rad[{index}]")
        last = max(tick for tick, goal in enumerate(goals) if not math.isnan(goal))
        assert goals[last] == pytest.approx(rad, abs=1e-5), joint
        assert recording.column(f"tick.joint_position_rad[{index}]")[last] == pytest.approx(rad, abs=0.08), joint


# On the emulated bus


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, robot=ARM)
    yield bench
    bench.close()


def test_its_servos_are_found_audited_moved_to_poses_and_tried(bench: Bench) -> None:
    port = ("--robot", "so101", "--port", bench.link)
    found = parse(run_gaitway("motors", "scan", *port, "--json"))
    assert [servo["joint"] for servo in found["servos"]] == JOINTS and found["problems"] == []
    assert not parse(run_gaitway("motors", "audit", *port, "--json"))["grave"]
    moved = parse(run_gaitway("motors", "move", "above", *port, "--json"))
    assert list(moved["target_rad"].values()) == ARM.native.pose_rad("above")
    assert moved["reached_rad"] == pytest.approx(moved["target_rad"], abs=0.02)
    assert parse(run_gaitway("motors", "test", *port, "--json"))["passed"]
    unknown = run_gaitway("motors", "move", "asleep", *port)
    assert unknown.returncode == 2 and "as in shoulder_pan=0.3, or a pose:" in unknown.stderr
    assert "above" in unknown.stderr and "head_yaw" not in unknown.stderr


def test_its_motors_are_held_with_the_gains_of_lerobot(bench: Bench) -> None:
    with Motors(ARM, bench.link) as motors:
        motors.hold(JOINTS)
        servos = array("f", bytes(20 * 6))
        bench.host.read_servos(servos)
        assert [list(servos[first : first + 6]) for first in (6, 12, 18)] == [[gain] * 6 for gain in GAINS]


def test_the_doctor_finds_nothing_wrong_with_it_but_what_is_missing(bench: Bench, tmp_path: Path) -> None:
    config = written(tmp_path / "arm.json", {"joints_offsets": {}})
    told = parse(run_gaitway("doctor", "--robot", "so101", "--port", bench.link, "--config", config, "--json"))
    failed = {finding["what"]: finding for finding in told["findings"] if finding["verdict"] == "fail"}
    assert {what for what in failed if what.startswith(("servo", "supply", "bus", "torque", "policy"))} == set()
    found = {finding["what"]: finding["found"] for finding in told["findings"]}
    assert found["servo power"] == "6 of 6 servos answer" and found["IMU"] == "SO-101 arm has none"
    assert found["pad"] == "SO-101 arm has no axis that a pad moves"


def test_a_supply_is_judged_by_the_robots_own_limits() -> None:
    def told(robot: Robot, volts: float) -> judged.Judged:
        return judged.supply(robot, dict.fromkeys(robot.joint_names, volts))

    # The makers run servos for 7.4 V from 5 V, and those for 12 V from 12 V.
    assert [told(ARM, volts).level for volts in (5.0, 7.4, 12.2)] == ["pass"] * 3
    assert told(ARM, 4.3).level == "fail" and "4.5 V" in told(ARM, 4.3).remedy
    assert told(ARM, 4.7).level == "warn" and told(ARM, 14.0).level == "fail"
    assert "7.4 V take" not in told(ARM, 14.0).remedy and "7.4 V take" in told(Robot.load(), 12.0).remedy


# LeRobot's calibration


def test_a_calibration_is_read_and_written_to_the_same_numbers(tmp_path: Path) -> None:
    read = LeRobotCalibration.load(written(tmp_path / "arm.json"), ARM)
    assert read.joints["elbow_flex"] == JointCalibration(3, 0, 986, 950, 3150)
    read.write(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == LEROBOT
    assert LeRobotCalibration.load(tmp_path / "again.json", ARM) == read


def test_the_middle_of_the_recorded_range_is_the_middle_of_the_joint(tmp_path: Path) -> None:
    meant = LeRobotCalibration.load(written(tmp_path / "arm.json"), ARM).meaning(ARM)
    step_rad = math.tau / 4096
    pan = meant["shoulder_pan"]
    assert (pan.low_rad, pan.high_rad) == pytest.approx((-1250 * step_rad, 1250 * step_rad))
    # It reads 2040 in the middle, eight steps below the servo's own zero, and its encoder 1365 more below that.
    assert pan.offset_rad == pytest.approx(-8 * step_rad) and pan.homing_rad == pytest.approx(-1365 * step_rad)
    assert pan.cleared_offset_rad == pytest.approx((-8 - 1365) * step_rad)
    # A gripper's zero is not in its middle: the recorded ends lie around those of the profile alike.
    gripper, (low_rad, high_rad) = meant["gripper"], ARM.limits_rad[5]
    assert gripper.low_rad + gripper.high_rad == pytest.approx(low_rad + high_rad)
    # A whole turn was not recorded; the pose in which LeRobot asked to hold it is zero.
    assert meant["wrist_roll"].offset_rad == pytest.approx(-step_rad)


def test_a_joint_that_turns_against_its_steps_is_mirrored(tmp_path: Path) -> None:
    content = {**LEROBOT, "gripper": {**LEROBOT["gripper"], "drive_mode": 1}}
    read = LeRobotCalibration.load(written(tmp_path / "arm.json", content), ARM)
    gripper = read.meaning(ARM)["gripper"]
    assert gripper.direction == -1 and gripper.low_rad < gripper.high_rad
    # Its zero lies as far below the upper end as it lay above the lower one.
    straight = LeRobotCalibration.load(written(tmp_path / "straight.json"), ARM).meaning(ARM)["gripper"]
    assert gripper.high_rad == pytest.approx(straight.high_rad) and gripper.offset_rad > straight.offset_rad
    with pytest.raises(UsageError, match=r"gripper: expected direction 1, found -1 \(drive_mode\)") as caught:
        read.offsets_rad(ARM)
    assert "joints_signs" in caught.value.hint
    turned = written(tmp_path / "config.json", {"joints_signs": {"gripper": -1}})
    assert read.offsets_rad(ARM.configured(turned))["gripper"] == pytest.approx(gripper.offset_rad)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"elbow_flex": None}, "elbow_flex: expected id, drive_mode, homing_offset, range_min, range_max, found null"),
        ({"elbow_flex": {"id": 3}}, "elbow_flex: expected id, drive_mode, .*, found 'id'"),
        ({"elbow": {}}, r"expected the joints of so101 \(shoulder_pan, .*\), found 'elbow'"),
        ({"elbow_flex.id": 4}, "elbow_flex.id: expected 3, found 4, which is wrist_flex's"),
        ({"elbow_flex.id": 9}, "elbow_flex.id: expected 3, found 9$"),
        ({"elbow_flex.id": True}, "elbow_flex.id: expected a whole number from 0 to 253, found true"),
        ({"elbow_flex.drive_mode": False}, "drive_mode: expected a whole number from 0 to 1, found false"),
        ({"elbow_flex.drive_mode": 2}, "drive_mode: expected a whole number from 0 to 1, found 2"),
        ({"elbow_flex.homing_offset": 2048}, "homing_offset: expected a whole number from -2047 to 2047, found 2048"),
        ({"elbow_flex.homing_offset": 10**60}, "homing_offset: .*, found a number of 61 digits"),
        ({"elbow_flex.homing_offset": 1.0}, "homing_offset: expected a whole number from -2047 to 2047, found 1.0"),
        ({"elbow_flex.range_max": 4096}, "range_max: expected a whole number from 0 to 4095, found 4096"),
        ({"elbow_flex.range_min": -1}, "range_min: expected a whole number from 0 to 4095, found -1"),
        ({"elbow_flex.range_min": "950"}, "range_min: expected a whole number from 0 to 4095, found a text"),
        ({"elbow_flex.range_min": 3150}, "elbow_flex: expected range_min below range_max, found 3150 to 3150"),
        ({"elbow_flex.range_min": 3200}, "elbow_flex: expected range_min below range_max, found 3200 to 3150"),
    ],
)
def test_a_number_that_cannot_be_is_named_with_its_place(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    content: dict[str, Any] = json.loads(json.dumps(LEROBOT))
    for place, value in change.items():
        joint, _, key = place.partition(".")
        if key:
            content[joint][key] = value
        else:
            content[joint] = value
    with pytest.raises(UsageError) as caught:
        LeRobotCalibration.load(written(tmp_path / "arm.json", content), ARM)
    caught.match(expected.removesuffix("$") + ("" if not expected.endswith("$") else r"(\n|$)"))
    assert str(tmp_path / "arm.json") in caught.value.message and caught.value.hint


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    content = {name: joint for name, joint in LEROBOT.items() if name != "gripper"}
    content["shoulder_pan"] = {**LEROBOT["shoulder_pan"], "id": 2, "range_min": 4000}
    with pytest.raises(UsageError) as caught:
        LeRobotCalibration.load(written(tmp_path / "arm.json", content), ARM)
    for part in ("found no gripper", "shoulder_pan.id: expected 1, found 2", "range_min below range_max"):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "found an empty file"),
        ('{"shoulder_pan": {"id": 1', "expected a JSON object"),
        ("[1, 2]", "expected an object with a key for each joint, found a list"),
        ("[" * 60_000, "expected a JSON object: too deep"),
        (json.dumps(LEROBOT)[:-1] + ', "gripper": {}}', "key 'gripper' twice"),
        ('{"shoulder_pan": {"id": 1' + "0" * 5000 + "}}", "expected a JSON object"),
        (" " * 70_000, "at most 65536 bytes"),
        ("<!DOCTYPE html><html></html>", "web page"),
    ],
)
def test_what_is_no_calibration_is_refused_in_words(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        LeRobotCalibration.load(written(tmp_path / "arm.json", text), ARM)
    assert caught.value.hint


def test_a_damaged_file_is_read_whole_or_refused(tmp_path: Path) -> None:
    random, sound = np.random.default_rng(7), json.dumps(LEROBOT).encode()
    path, refused = tmp_path / "arm.json", 0
    for _ in range(400):
        damaged = bytearray(sound)
        for place in random.integers(0, len(damaged), random.integers(1, 6)):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged[: random.integers(len(damaged) // 2, 2 * len(damaged))])
        try:
            read = LeRobotCalibration.load(path, ARM)
            meanings = [asdict(meant).values() for meant in read.meaning(ARM).values()]
            assert list(read.joints) == JOINTS and all(math.isfinite(value) for row in meanings for value in row)
        except UsageError as error:
            refused += 1
            assert error.hint and len(error.message) < 4000
    assert refused > 100


def test_a_file_of_another_robot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected every joint of open_duck_mini_v2, found no left_hip_yaw"):
        LeRobotCalibration.load(written(tmp_path / "arm.json"), Robot.load())


def test_a_robot_written_for_lerobot_reads_back_to_its_offsets(tmp_path: Path) -> None:
    offsets = {"shoulder_pan": 0.3, "shoulder_lift": -0.2, "wrist_roll": 0.05, "gripper": -0.4}
    config = written(tmp_path / "config.json", {"joints_offsets": offsets})
    arm = ARM.configured(config)
    LeRobotCalibration.of_robot(arm).write(tmp_path / "arm.json")
    read = LeRobotCalibration.load(tmp_path / "arm.json", arm)
    # To the step: a file has no smaller number.
    assert read.offsets_rad(arm, cleared=True) == pytest.approx(
        dict(zip(JOINTS, arm.native.offsets_rad, strict=True)), abs=math.tau / 4096
    )
    for name, (low_rad, high_rad) in zip(JOINTS, arm.limits_rad, strict=True):
        meant = read.meaning(arm)[name]
        assert (meant.low_rad, meant.high_rad) == pytest.approx((low_rad, high_rad), abs=math.tau / 4096)


def test_the_emulated_servo_reads_what_lerobot_means(bench: Bench, tmp_path: Path) -> None:
    """With register 31 as the file says and its offsets in the configuration, Gaitway reads the joints' true angles."""
    read = LeRobotCalibration.load(written(tmp_path / "lerobot.json"), ARM)
    at_zero_rad = {name: meant.cleared_offset_rad for name, meant in read.meaning(ARM).items()}
    # Limp joints stay where they are put: where each joint of this arm is at 0.1 rad.
    bench.position_rad[:] = [at_zero_rad[name] + 0.1 for name in JOINTS]
    for name, joint in read.joints.items():
        # A sign and eleven bits.
        raw = joint.homing_offset if joint.homing_offset >= 0 else 2048 - joint.homing_offset
        bench.host.inject(f"setting servo={name} register=31 value={raw}")
    config = tmp_path / "config.json"
    file = tmp_path / "lerobot.json"
    done = run_gaitway("motors", "lerobot", "read", file, "--robot", "so101", "--config", config)
    assert done.returncode == 0, done.stderr
    with Motors(ARM.configured(config), bench.link) as motors:
        found = {name: look.position_rad for name, look in motors.look().items() if look is not None}
    assert found == pytest.approx(dict.fromkeys(JOINTS, 0.1), abs=0.003)


def test_the_command_line_reads_into_a_configuration_and_writes_from_it(tmp_path: Path) -> None:
    config, file = tmp_path / "config.json", written(tmp_path / "arm.json")
    shown = run_gaitway("motors", "lerobot", "read", file, "--robot", "so101")
    assert shown.returncode == 0 and "recorded, rad" in shown.stdout and not config.exists()
    told = parse(run_gaitway("motors", "lerobot", "read", file, "--robot", "so101", "--config", config, "--json"))
    assert OffsetsFile(config).offsets_rad == pytest.approx(
        {name: joint["offset_rad"] for name, joint in told["joints"].items()}, abs=1e-5
    )
    refused = run_gaitway("motors", "lerobot", "read", file, "--robot", "so101", "--config", config, "--cleared")
    assert refused.returncode == 2 and "wrist_flex: expected an offset of" in " ".join(refused.stderr.split())
    assert "without --cleared" in " ".join(refused.stderr.split())
    made = run_gaitway("motors", "lerobot", "write", tmp_path / "new.json", "--robot", "so101", "--config", config)
    assert made.returncode == 0 and "6 joints in" in made.stdout, made.stderr
    assert set(json.loads((tmp_path / "new.json").read_text())) == set(JOINTS)
    bad = run_gaitway("motors", "lerobot", "read", written(tmp_path / "bad.json", "{}"), "--robot", "so101", "--json")
    assert bad.returncode == 2 and "found no shoulder_pan" in parse(bad)["error"] and "hint" in parse(bad)
