"""Drafts of contracts: of files that say nothing, and of those of the microduck."""

import json
from pathlib import Path

import pytest
from draft_bench import bare
from program import parse, run_gaitway

import gaitway
from gaitway.draft import draft
from gaitway.errors import PolicyError, UsageError

DUCK = gaitway.Robot.load()
JOINTS = DUCK.joint_names


MICRODUCK = {
    "schema_version": 1,
    "obs_len": 51,
    "action_len": 14,
    "control_hz": 50,
    "joint_names": JOINTS,
    "default_joint_pos": DUCK.default_pose_rad,
    "action_scale": 0.5,
    "kp_fw": 32,
    "observation": [
        ["base_ang_vel", 3],
        ["projected_gravity", 3],
        ["joint_pos", 14],
        ["joint_vel", 14],
        ["actions", 14],
        ["command", 3],
    ],
}


def test_a_file_of_the_microduck_says_nearly_everything(tmp_path: Path) -> None:
    begun = draft(bare(tmp_path, {"microduck": json.dumps(MICRODUCK)}).read_bytes(), DUCK, name="walk")
    assert begun.kind == "microduck" and not begun.warnings
    assert begun.contract["policy_rate_hz"] == 50 and begun.contract["gains"]["kp"] == 32
    assert {question.path for question in begun.questions} == {
        "description",
        *(f"command[{axis}].{end}" for axis in range(3) for end in ("min", "max")),
        "gains.kd",
        "provenance.source",
        "provenance.licence",
    }
    for broken in (
        {},
        MICRODUCK | {"observation": []},
        MICRODUCK | {"observation": [["gyro", 3], ["x", -3]]},
        MICRODUCK | {"control_hz": float("inf")},
    ):
        with pytest.raises(PolicyError, match="the metadata entry microduck"):
            draft(bare(tmp_path, {"microduck": json.dumps(broken)}).read_bytes(), DUCK, name="walk")


def test_a_file_that_says_nothing_is_asked_everything(tmp_path: Path) -> None:
    file = bare(tmp_path, {})
    begun = parse(run_gaitway("policy", "draft", file, "--json"))
    assert any("assumed" in warning for warning in begun["warnings"])
    assert begun["from"] == "none" and begun["contract"]["network"] == {"input": "obs", "output": "actions"}
    paths = {question["path"] for question in begun["questions"]}
    assert {"observation", "action.joints", "action.scale", "policy_rate_hz"} <= paths
    with pytest.raises(PolicyError, match="expected metadata or sidecars of mjlab, found no metadata, and no sidecar"):
        draft(file.read_bytes(), DUCK, name="walk", kind="mjlab")
    with pytest.raises(UsageError, match="expected one of mjlab"):
        draft(file.read_bytes(), DUCK, name="walk", kind="isaac")
    metadata = {"joint_names": "hip", "observation_names": "gyro"}
    assert draft(bare(tmp_path, metadata).read_bytes(), DUCK, name="walk", kind="none").kind == "none"


def test_public_files_are_drafted(shared_data: Path) -> None:
    """Of another robot: the joints that the file names are those of no robot that ships."""
    file = shared_data / "policies" / "microduck_walking.onnx"
    begun = draft(file.read_bytes(), DUCK, name="walk")
    assert [joint["name"] for joint in begun.contract["action"]["joints"]] == JOINTS
    assert any("not the profile's" in warning for warning in begun.warnings)
    with pytest.raises(PolicyError, match="right_shoulder_pitch"):
        draft((shared_data / "policies" / "microban_mjlab.onnx").read_bytes(), DUCK, name="walk")
