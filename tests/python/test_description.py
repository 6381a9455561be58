"""`simulation.toml`: read for robots of every build, and refused with every mistake at once."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

import gaitway
from gaitway.errors import ProfileError, SimulationError, UsageError
from gaitway.sim import Noise
from gaitway.sim.description import Description
from gaitway.sim.layout import Layout
from gaitway.sim.loader import description_of, load_description
from gaitway.sim.model import build_model
from gaitway.sim.physics import Physics
from gaitway.sim.senses import position_noise
from gaitway.sim.trunk import pose_of, trunk_state, velocity_of

ROBOTS = Path(__file__).parent / "robots"
ARM = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"]
LEGS = ["front_left", "front_right", "rear_left", "rear_right"]
QUADRUPED = [f"{leg}_{joint}" for leg in LEGS for joint in ("hip", "thigh", "calf")]


def load(name: str, joints: list[str]) -> Description:
    return load_description(ROBOTS / name / "simulation.toml", joints)


@pytest.fixture
def arm() -> Description:
    return load("arm", ARM)


@pytest.fixture
def quadruped() -> Description:
    return load("quadruped", QUADRUPED)


def test_the_robot_that_ships_has_two_feet_in_the_order_of_every_vector() -> None:
    duck = description_of(gaitway.Robot.load())
    assert [contact.name for contact in duck.contacts] == ["left_foot", "right_foot"]
    assert duck.trunk is not None and duck.trunk.body == "trunk"
    assert duck.backlash is not None and duck.backlash.flat_stiffness == 13.37 / 17.11
    assert duck.mirror is not None and duck.mirror.joints["right_hip_pitch"] == ("left_hip_pitch", -1)
    assert duck.group("head") == ("neck_pitch", "head_pitch", "head_yaw", "head_roll")


def test_an_arm_has_no_trunk_no_contact_no_imu_and_never_falls(arm: Description) -> None:
    assert (arm.trunk, arm.imu, arm.fall, arm.mirror, arm.gait, arm.training) == (None,) * 6
    assert (arm.contacts, arm.group("head"), arm.group("wrist")) == ((), (), ("wrist_flex", "wrist_roll"))
    model = build_model(arm)
    layout = Layout(model, arm, ARM)
    assert (layout.trunk_qpos, layout.trunk_qvel, len(layout.soles), len(layout.imu)) == (None, None, 0, 0)
    assert layout.qpos.tolist() == list(range(6))


def test_the_base_of_an_arm_stays_where_it_is(arm: Description) -> None:
    model = build_model(arm)
    data, layout = mujoco.MjData(model), Layout(model, arm, ARM)
    data.ctrl[:] = 0.3
    mujoco.mj_step(model, data, 200)
    assert np.abs(data.qpos[layout.qpos]).min() > 0.1, "its joints move"
    trunk = trunk_state(data, layout)
    assert trunk.row().tolist() == [0.0] * 9
    # Nothing can be pushed or placed.
    velocity_of(data, layout)[:] += 1.0
    pose_of(data, layout)[:] += 1.0
    assert trunk_state(data, layout).row().tolist() == [0.0] * 9


def test_an_arm_with_play_has_it_where_its_file_says(arm: Description) -> None:
    model = build_model(arm, backlash=arm.backlash)
    layout = Layout(model, arm, ARM)
    assert layout.backlash_joints.tolist() == [0, 5]
    assert (layout.qpos.tolist(), layout.backlash_qpos.tolist()) == ([0, 2, 3, 4, 5, 6], [1, 7])
    assert model.actuator_gainprm[:, 0].tolist() == [25.0] * 6


def test_a_quadruped_has_four_contacts_in_the_order_of_its_file(quadruped: Description) -> None:
    assert [contact.name for contact in quadruped.contacts] == LEGS
    model = build_model(quadruped, physics=Physics(solref=(0.01, 1.0), box_soles=True))
    layout = Layout(model, quadruped, QUADRUPED)
    assert [model.geom(int(geom)).name for geom in layout.soles] == [f"{leg}_ball" for leg in LEGS]
    assert model.geom("front_left_ball").type == mujoco.mjtGeom.mjGEOM_SPHERE, "it has no box"
    np.testing.assert_allclose(model.geom("ground").solref, (0.01, 1.0))
    assert (layout.trunk_qpos, layout.trunk_qvel, layout.qpos.tolist()) == (0, 0, list(range(7, 19)))
    assert layout.imu.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_quadruped_that_is_dropped_lands_on_its_four_feet(quadruped: Description) -> None:
    model = build_model(quadruped)
    data, layout = mujoco.MjData(model), Layout(model, quadruped, QUADRUPED)
    mujoco.mj_step(model, data, 500)
    touching = {int(geom) for contact in data.contact for geom in contact.geom} - {layout.floor}
    assert touching == set(layout.soles.tolist())
    assert quadruped.fall is not None
    assert not quadruped.fall.passed(trunk_state(data, layout).position_m[2], 1.0)


def test_noise_by_part_is_the_robots_unless_it_is_given(arm: Description) -> None:
    duck = gaitway.Robot.load()
    noise = position_noise(duck.joint_names, description_of(duck), Noise())
    assert noise[duck.joint_names.index("left_knee")] == 0.05
    assert noise[duck.joint_names.index("right_ankle")] == 0.08
    assert position_noise(ARM, arm, Noise()).tolist() == [0.03] * 6
    given = position_noise(ARM, arm, Noise(joint_position_by_part_rad={"wrist": 0.2}))
    assert given.tolist() == [0.03, 0.03, 0.03, 0.2, 0.2, 0.03]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = (ROBOTS / "quadruped" / "simulation.toml").read_text()
    wrong = {
        'body = "torso"': "body = 3",
        "lift_m = 0.1": 'lift_m = "high"',
        "height_m = 0.12": "height_m = nan",
        "phase = 0.5": "phase = 1.5",
        'front_left_hip = "-front_right_hip"': 'front_left_hip = "front_right_hip"',
        "sole_half_m = [0.02, 0.02]": "sole_half_m = [0.02]",
        "load_kg = [-0.5, 0.5]": "load_kg = [0.5, -0.5]",
        "feet_apart_m = 0.15": "feet_appart_m = 0.15",
    }
    for right, instead in wrong.items():
        assert right in text
        text = text.replace(right, instead, 1)
    path = tmp_path / "simulation.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as raised:
        load_description(path, QUADRUPED)
    said = str(raised.value)
    for place in (
        "trunk.body: expected a text, found 3",
        "trunk.lift_m: expected a number from 0 to 10, found 'high'",
        "fall.height_m: expected a number from 0 to 10, found nan",
        "contacts[1].phase: expected a number from 0 to 1, found 1.5",
        "mirror.joints.front_left_hip: expected + or - and one of",
        "gait.sole_half_m: expected a list of 2 numbers, found [0.02]",
        "training.load_kg: expected the smaller number first, found [0.5, -0.5]",
        "gait.feet_apart_m: expected a value, found none",
        "gait.feet_appart_m: unknown key; known are",
    ):
        assert place in said
    assert str(path) in said and "docs/formats.md" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[", "TOML|Invalid|Expected"),
        ('model = "model.xml"', "schema: expected 'gaitway.simulation/1', found None"),
        ('schema = "gaitway.simulation/1"\nmodel = "model.xml"\nfloor = "floor"\ncolour = 3', "colour: unknown key"),
        ('schema = "gaitway.simulation/1"\nmodel = "model.xml"\nfloor = "floor"\ntrunk = 3', "trunk: expected a table"),
        (
            'schema = "gaitway.simulation/1"\nmodel = "m"\nfloor = "f"\ncontacts = 3',
            r"expected \[\[contacts\]\] tables",
        ),
        (
            'schema = "gaitway.simulation/1"\nmodel = "m"\nfloor = "f"\ngroups = { head = ["nose"] }',
            "groups.head: expected a joint of the robot .*, found 'nose'",
        ),
        (
            'schema = "gaitway.simulation/1"\nmodel = "m"\nfloor = "f"\nfall = { height_m = 0.1, up_z = 0.5 }',
            r"fall: expected a \[trunk\] that can fall",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "simulation.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=message):
        load_description(path, ARM)
    with pytest.raises(UsageError, match="nowhere"):
        load_description(tmp_path / "nowhere.toml", ARM)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('geom = "rear_left_ball"', 'geom = "paw"', "found no geom paw"),
        ('free_joint = "root"', 'free_joint = "front_left_hip"', "expected a free joint, found mjJNT_HINGE"),
        ('gyro = "turning"', 'gyro = "spin"', "found no sensor spin"),
        ('floor = "ground"', 'floor = "lawn"', "found no geom lawn"),
    ],
)
def test_a_name_that_the_model_lacks_is_named(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    folder = ROBOTS / "quadruped"
    (tmp_path / "model.xml").write_bytes((folder / "model.xml").read_bytes())
    text = (folder / "simulation.toml").read_text()
    assert right in text
    (tmp_path / "simulation.toml").write_text(text.replace(right, wrong))
    description = load_description(tmp_path / "simulation.toml", QUADRUPED)
    with pytest.raises(SimulationError, match=message):
        Layout(build_model(description), description, QUADRUPED)


def test_the_old_name_of_the_simulation_is_an_alias_for_one_version() -> None:
    import gaitway.sim

    with pytest.warns(DeprecationWarning, match="DuckSim is called RobotSim now"):
        assert gaitway.sim.DuckSim is gaitway.sim.RobotSim
    with pytest.raises(AttributeError, match="no attribute 'GooseSim'"):
        _ = gaitway.sim.GooseSim
