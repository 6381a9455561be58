"""The duck's model against the numbers of the Open Duck Mini project, read from its compiled models.

MuJoCo's trajectories are the same only on one machine: what is simulated here has tolerances wider than that.
"""

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

import gaitway
from gaitway.errors import SimulationError
from gaitway.sim.description import Backlash
from gaitway.sim.loader import description_of
from gaitway.sim.model import build_model, set_gain
from gaitway.sim.render import render_still, render_video

DESCRIPTION = description_of(gaitway.Robot.load())
PLAY = DESCRIPTION.backlash

# name, home, range, and the joint's anchor and axis in the trunk's frame with all at zero; policy order.
JOINTS = [
    ("left_hip_yaw", 0.002, (-0.523599, 0.523599), (-0.0190, 0.0350, 0.0459), (0, 0, 1)),
    ("left_hip_roll", 0.053, (-0.436332, 0.436332), (0.0001, 0.0350, -0.0001), (-1, 0, 0)),
    ("left_hip_pitch", -0.63, (-1.221730, 0.523599), (-0.0351, 0.1092, -0.0001), (0, -1, 0)),
    ("left_knee", 1.368, (-1.570796, 1.570796), (-0.0351, 0.1091, -0.0787), (0, -1, 0)),
    ("left_ankle", -0.784, (-1.570796, 1.570796), (-0.0351, 0.1090, -0.1574), (0, -1, 0)),
    ("neck_pitch", 0, (-0.349066, 1.134464), (0.0010, 0.0192, 0.0900), (0, -1, 0)),
    ("head_pitch", 0, (-0.785398, 0.785398), (0.0010, 0.0192, 0.1560), (0, -1, 0)),
    ("head_yaw", 0, (-2.792527, 2.792527), (0.0010, 0.0001, 0.2130), (0, 0, 1)),
    ("head_roll", 0, (-0.523599, 0.523599), (0.0419, 0.0001, 0.1939), (-1, 0, 0)),
    ("right_hip_yaw", -0.003, (-0.523599, 0.523599), (-0.0190, -0.0350, 0.0459), (0, 0, 1)),
    ("right_hip_roll", -0.065, (-0.436332, 0.436332), (0.0001, -0.0350, -0.0001), (-1, 0, 0)),
    ("right_hip_pitch", 0.635, (-0.523599, 1.221730), (-0.0351, -0.1092, -0.0001), (0, 1, 0)),
    ("right_knee", 1.379, (-1.570796, 1.570796), (-0.0351, -0.0721, -0.0787), (0, -1, 0)),
    ("right_ankle", -0.796, (-1.570796, 1.570796), (-0.0351, -0.0722, -0.1574), (0, -1, 0)),
]
NAMES = [joint[0] for joint in JOINTS]
HOME = np.array([joint[1] for joint in JOINTS])
# The numbers above are rounded to 0.1 mm.
ROUNDED_M = 1.01e-4


@pytest.fixture(params=[False, True], ids=["flat", "backlash"])
def model(request: pytest.FixtureRequest) -> mujoco.MjModel:
    return build_model(DESCRIPTION, backlash=PLAY if request.param else None)


def at_home(model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("home").id)
    mujoco.mj_forward(model, data)
    return data


def floor_contacts(model: mujoco.MjModel, data: mujoco.MjData) -> set[str]:
    """Names of the geoms that touch the floor; anything else that touches is an error."""
    pairs = [tuple(model.geom(geom).name for geom in contact.geom) for contact in data.contact]
    assert all(pair[0] == "floor" for pair in pairs), pairs
    return {pair[1] for pair in pairs}


def test_sizes() -> None:
    flat, backlash = build_model(DESCRIPTION), build_model(DESCRIPTION, backlash=PLAY)
    assert (flat.nq, flat.nv, flat.nu) == (21, 20, 14)
    assert (backlash.nq, backlash.nv, backlash.nu) == (31, 30, 14)


def test_joints(model: mujoco.MjModel) -> None:
    assert [model.actuator(index).name for index in range(model.nu)] == NAMES
    assert list(model.actuator_trnid[:, 0]) == [model.joint(name).id for name in NAMES]
    ranges = [limits for _, _, limits, _, _ in JOINTS]
    np.testing.assert_allclose([model.joint(name).range for name in NAMES], ranges, atol=1e-6)
    np.testing.assert_allclose(model.actuator_ctrlrange, ranges, atol=1e-6)
    np.testing.assert_allclose(model.actuator_forcerange, [[-3.23, 3.23]] * 14)
    for name in NAMES:
        joint = model.joint(name)
        assert (joint.damping[0], joint.frictionloss[0], joint.armature[0]) == (0.56, 0.068, 0.027)


def test_zero_pose(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[:4] = (0, 0, 0, 1)
    mujoco.mj_forward(model, data)
    for name, _, _, anchor, axis in JOINTS:
        np.testing.assert_allclose(data.joint(name).xanchor, anchor, atol=ROUNDED_M, err_msg=name)
        np.testing.assert_allclose(data.joint(name).xaxis, axis, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(data.site("left_foot").xpos, (-0.0346, 0.0894, -0.1936), atol=ROUNDED_M)
    np.testing.assert_allclose(data.site("right_foot").xpos, (-0.0346, -0.0918, -0.1936), atol=ROUNDED_M)


def test_home_pose(model: mujoco.MjModel) -> None:
    data = at_home(model)
    trunk = data.body("trunk").xpos
    np.testing.assert_allclose([data.joint(name).qpos[0] for name in NAMES], HOME)
    np.testing.assert_allclose(data.ctrl, HOME)
    for point, expected in [
        (data.site("left_foot").xpos, (-0.0297, 0.0809, -0.1607)),
        (data.site("right_foot").xpos, (-0.0300, -0.0814, -0.1608)),
        (data.body("base").subtree_com, (-0.0256, -0.0006, 0.0440)),
    ]:
        np.testing.assert_allclose(point - trunk, expected, atol=ROUNDED_M)
    assert model.body_subtreemass[model.body("base").id] == pytest.approx(2.10714, abs=1e-5)
    # Just clear of the floor: nothing touches, and half a millimetre lower something would.
    assert data.qpos[2] == 0.167
    assert data.ncon == 0
    data.qpos[2] -= 0.0005
    mujoco.mj_forward(model, data)
    assert data.ncon > 0


def test_imu_is_the_trunks_frame() -> None:
    data = at_home(build_model(DESCRIPTION, backlash=PLAY))
    np.testing.assert_allclose(data.site("imu").xpos - data.body("trunk").xpos, (-0.08, 0, 0.05), atol=1e-12)
    np.testing.assert_allclose(data.site("imu").xmat.reshape(3, 3), np.eye(3), atol=1e-12)


def test_backlash_is_half_a_degree_in_each_leg_joint() -> None:
    model = build_model(DESCRIPTION, backlash=PLAY)
    extra = {model.joint(index).name for index in range(model.njnt)} - set(NAMES) - {"floating_base"}
    assert extra == {f"{name}_backlash" for name in NAMES[:5] + NAMES[9:]}
    for name in extra:
        joint, main = model.joint(name), model.joint(name.removesuffix("_backlash"))
        assert (joint.id, joint.bodyid[0]) == (main.id + 1, main.bodyid[0])
        np.testing.assert_allclose(joint.range, (-0.0087266, 0.0087266))
        assert (joint.damping[0], joint.frictionloss[0], joint.armature[0]) == (0.01, 0.0, 0.01)


def test_gain() -> None:
    model = build_model(DESCRIPTION)
    np.testing.assert_allclose(model.actuator_gainprm[:, 0], 13.37)
    np.testing.assert_allclose(build_model(DESCRIPTION, backlash=PLAY).actuator_gainprm[:, 0], 17.11)
    set_gain(model, 3, 5.0)
    data = at_home(model)
    data.ctrl[3] += 0.1
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.actuator_force, np.eye(14)[3] * 0.5, atol=1e-9)


def test_what_collides() -> None:
    model = build_model(DESCRIPTION, backlash=PLAY)
    colliding = np.flatnonzero(model.geom_contype | model.geom_conaffinity)
    assert {model.geom(index).name for index in colliding} == {
        "floor", "left_sole", "right_sole", "trunk_collision", "head_collision",
        "left_thigh_collision", "right_thigh_collision", "left_shank_collision", "right_shank_collision",
    }  # fmt: skip
    sole = model.geom("left_sole").dataid[0]
    assert model.mesh_vertnum[sole] == 18
    assert model.geom("floor").priority[0] == 1
    np.testing.assert_allclose(model.geom("floor").friction, (0.6, 0.005, 0.0001))


def test_nothing_hides_a_divergence() -> None:
    model = build_model(DESCRIPTION, backlash=PLAY)
    assert model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_AUTORESET
    assert model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_EULERDAMP
    assert model.opt.timestep == 0.002


def test_stands(model: mujoco.MjModel) -> None:
    """Stiff servos hold it at the height of its geometry, 0.164 m; its own give way by 2 to 4 mm."""
    for stiff, low, high in [(False, 0.159, 0.163), (True, 0.162, 0.165)]:
        if stiff:
            for index in range(model.nu):
                set_gain(model, index, 100.0)
        data = at_home(model)
        mujoco.mj_step(model, data, 1000)
        assert low < data.qpos[2] < high
        assert data.body("trunk").xmat[8] > 0.998
        assert np.abs(data.qvel).max() < 0.02
        assert floor_contacts(model, data) == {"left_sole", "right_sole"}


def march(model: mujoco.MjModel, start: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """A second of a duck that marches on the spot open loop, [steps, nq]: soles land, slide and lift off."""
    data = at_home(model)
    if start is not None:
        data.qpos[:7] = start
    poses = []
    for step in range(round(1.0 / model.opt.timestep)):
        lift = 0.3 * np.sin(2 * np.pi * step * model.opt.timestep / 0.54)
        legs = np.clip([lift, -lift], 0, None)
        data.ctrl[[2, 3, 4]] = HOME[[2, 3, 4]] + legs[0] * np.array([-1, 2, -1])
        data.ctrl[[11, 12, 13]] = HOME[[11, 12, 13]] + legs[1] * np.array([1, 2, -1])
        mujoco.mj_step(model, data)
        poses.append(data.qpos.copy())
    return np.array(poses)


@pytest.mark.parametrize("fallen", [False, True])
def test_solver_is_converged(model: mujoco.MjModel, fallen: bool) -> None:
    """Twice the iterations give the same bits: Newton ended by its tolerance, never by the bound."""
    start = np.array([0, 0, 0.13, np.cos(0.75), np.sin(0.75), 0, 0]) if fallen else None
    once = march(model, start)
    model.opt.iterations *= 2
    model.opt.ls_iterations *= 2
    assert np.array_equal(once, march(model, start))
    # And the measure can see: upstream's single iteration gives something else.
    model.opt.iterations, model.opt.ls_iterations = 1, 5
    assert not np.allclose(once, march(model, start), atol=1e-5)


@pytest.mark.parametrize("side", [-1, 1])
def test_fallen_duck_lies_on_the_floor(model: mujoco.MjModel, side: int) -> None:
    data = at_home(model)
    data.qpos[3:7] = (np.cos(0.5), side * np.sin(0.5), 0, 0)
    data.qvel[1], data.qvel[3] = -side * 0.5, side * 2.0
    mujoco.mj_step(model, data, 1500)
    touching = floor_contacts(model, data)
    assert touching & {"trunk_collision", "head_collision"}
    assert data.body("trunk").xmat[8] < 0.5
    assert np.abs(data.qvel).max() < 0.1
    assert min(contact.dist for contact in data.contact) > -0.003
    for name in ("trunk", "head"):
        assert data.body(name).xipos[2] > 0.03


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"nowhere\.xml"):
        build_model(replace(DESCRIPTION, model=tmp_path / "nowhere.xml"))
    with pytest.raises(SimulationError, match="left_wheel"):
        build_model(DESCRIPTION, backlash=Backlash(("left_wheel",), 0.01, 0.01, 0.01, 10.0, 10.0))
    model = build_model(DESCRIPTION, backlash=PLAY)
    home = model.key("home").qpos
    with pytest.raises(SimulationError, match=r"\.mp4 or a \.gif"):
        render_video(model, home[None], tmp_path / "duck.avi", fps=25)
    with pytest.raises(SimulationError, match=r"\[frames, 31\]"):
        render_video(model, home[None, :21], tmp_path / "duck.gif", fps=25)


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    model = build_model(DESCRIPTION, backlash=PLAY)
    poses = np.repeat(model.key("home").qpos[None], 3, axis=0)
    path = tmp_path / f"duck{suffix}"
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))

    try:
        if suffix == ".png":
            render_still(model, poses[0], path, width=64, height=48)
        else:
            render_video(model, poses, path, fps=25, width=64, height=48, progress=note)
            assert seen == [(1, 3), (2, 3), (3, 3)]
    except SimulationError as error:
        if "no OpenGL" in str(error):
            pytest.skip(str(error))
        raise
    assert path.stat().st_size > 200
