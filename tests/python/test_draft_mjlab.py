"""From a bare file of mjlab to a policy that is checked, by the documented commands alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from draft_bench import bare
from program import parse, run_gaitway

import gaitway
from gaitway.draft import draft, sidecars
from gaitway.errors import PolicyError

DUCK = gaitway.Robot.load()
JOINTS = DUCK.joint_names
TERMS = "base_ang_vel,projected_gravity,joint_pos,joint_vel,actions,command"
MJLAB = {
    "joint_names": ",".join(JOINTS),
    "default_joint_pos": ",".join(f"{angle:.3f}" for angle in DUCK.default_pose_rad),
    "action_scale": "0.25",
    "joint_stiffness": "1.000," * 13 + "1.000",
    "joint_damping": "-0.000," * 13 + "-0.000",
    "observation_names": TERMS,
    "command_names": "twist",
    "run_path": "2026-11-30_duck",
}


def answered(contract: dict[str, Any]) -> dict[str, Any]:
    """What a person fills in who knows the training."""
    contract |= {"description": "A test.", "policy_rate_hz": 50, "gains": {"kp": 32, "kd": 0}}
    contract["provenance"] |= {"licence": "MIT"}
    for axis in contract["command"]:
        axis |= {"min": -0.2, "max": 0.2}
    return contract


def test_a_bare_file_of_mjlab_becomes_a_policy_that_is_checked(tmp_path: Path) -> None:
    file, contract, out = bare(tmp_path, MJLAB), tmp_path / "contract.json", tmp_path / "out.onnx"
    begun = run_gaitway("policy", "draft", file, "-o", contract)
    assert begun.returncode == 0, begun.stderr
    assert "from mjlab (metadata), 11 questions open" in begun.stdout
    for told in ("policy_rate_hz: ticks of the policy", "command[2].max: highest", "gains.kp: proportional", "licence"):
        assert told in begun.stdout
    assert begun.stdout.count("suspicious: ") == 3
    early = run_gaitway("policy", "embed", file, contract, "-o", out)
    assert early.returncode == 2 and not out.exists()
    words = " ".join(early.stderr.split())
    assert "has open questions: description: one sentence" in words and "and 6 more" in words
    contract.write_text(json.dumps(answered(json.loads(contract.read_text()))))
    assert run_gaitway("policy", "embed", file, contract, "-o", out).returncode == 0
    checked = parse(run_gaitway("policy", "check", out, "--json"))
    assert checked["passed"] is True and checked["golden"]["actions_checked"] is True
    # The pose is the profile's, of which the file has three decimals.
    policy = json.loads(gaitway.Policy.load(out).contract.to_json())
    poses = [joint["default_rad"] for joint in policy["action"]["joints"]]
    assert poses == pytest.approx(DUCK.default_pose_rad, abs=1e-7)
    assert [term["source"] for term in policy["observation"]] == [
        "gyro",
        "projected_gravity",
        "joint_position",
        "joint_velocity",
        "action",
        "command",
    ]


def test_joints_in_another_order_and_case_keep_the_order_of_the_file(tmp_path: Path) -> None:
    names = [f"{name.title()}_joint" for name in reversed(JOINTS)]
    stiffness = [str(10 + index) for index in range(14)]
    metadata = MJLAB | {"joint_names": ",".join(names), "joint_stiffness": ",".join(stiffness), "joint_damping": "0.5"}
    metadata["default_joint_pos"] = ",".join(f"{angle:.3f}" for angle in reversed(DUCK.default_pose_rad))
    begun = draft(bare(tmp_path, metadata).read_bytes(), DUCK, name="walk")
    assert [joint["name"] for joint in begun.contract["action"]["joints"]] == JOINTS[::-1]
    kp = begun.contract["gains"]["kp"]
    assert kp == pytest.approx([float(each) / DUCK.stiffness_per_kp for each in stiffness], rel=1e-5)
    assert "gains.kd" in {question.path for question in begun.questions}


def test_what_is_suspicious_is_told(tmp_path: Path) -> None:
    pose = MJLAB["default_joint_pos"].split(",")
    metadata = MJLAB | {"default_joint_pos": ",".join(["0.5", *pose[1:]])}
    begun = draft(bare(tmp_path, metadata, observations=102).read_bytes(), DUCK, name="walk")
    assert any(f"the default pose of {JOINTS[0]} (0.5 rad, " in warning for warning in begun.warnings)
    assert any("102 numbers, its terms 51: are there 2 ticks of each?" in warning for warning in begun.warnings)
    begun = draft(bare(tmp_path, MJLAB, observations=60).read_bytes(), DUCK, name="walk")
    assert any("a term is missing, or has another width" in warning for warning in begun.warnings)
    begun = draft(bare(tmp_path, MJLAB, actions=13).read_bytes(), DUCK, name="walk")
    asked = {question.path: question.text for question in begun.questions}
    assert "the file lists 14 joints, the action has 13 numbers: which are they" in asked["action.joints"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"observation_names": "base_lin_vel,joint_pos"}, "base_lin_vel: the velocity of the trunk: no sensor"),
        ({"observation_names": "height_scan"}, "height_scan: the heights of the ground"),
        ({"joint_names": "hip,knee"}, "joints that Open Duck Mini v2 lacks: hip, knee"),
    ],
)
def test_what_the_robot_cannot_be_is_refused_with_the_reason(tmp_path: Path, change: dict[str, str], told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        draft(bare(tmp_path, MJLAB | change).read_bytes(), DUCK, name="walk")
    assert told in refused.value.message and refused.value.hint


def test_an_unknown_term_is_a_question(tmp_path: Path) -> None:
    begun = draft(bare(tmp_path, MJLAB | {"observation_names": f"{TERMS},swing"}).read_bytes(), DUCK, name="walk")
    asked = {question.path: question.text for question in begun.questions}
    assert asked["observation[6].source"].startswith("what is swing?") and "observation[6].width" in asked


def test_a_gait_phase_asks_for_its_clock(tmp_path: Path) -> None:
    metadata = MJLAB | {"observation_names": f"{TERMS},phase"}
    begun = draft(bare(tmp_path, metadata, observations=53).read_bytes(), DUCK, name="walk")
    assert "phase" in {question.path for question in begun.questions}


ENV = {
    "decimation": 4,
    "sim": {"mujoco": {"timestep": 0.005}},
    "observations": {
        "actor": {
            "history_length": None,
            "terms": {
                "base_ang_vel": {"func": "mjlab.envs.mdp.observations:base_ang_vel", "scale": 0.25, "clip": None},
                "projected_gravity": {"func": "mjlab.envs.mdp.observations:projected_gravity"},
                "joint_pos": {"func": "mjlab.envs.mdp.observations:joint_pos_rel", "clip": [-2.0, 2.0]},
                "joint_vel": {"func": "mjlab.envs.mdp.observations:joint_vel_rel", "scale": 0.05},
                "actions": {"func": "mjlab.envs.mdp.observations:last_action"},
                "command": {"func": "mjlab.envs.mdp.observations:generated_commands"},
            },
        },
        "critic": {"terms": {"base_lin_vel": {"func": "mjlab.envs.mdp.observations:base_lin_vel"}}},
    },
    "actions": {"joint_pos": {"scale": 0.5}},
    "scene": {
        "entities": {
            "robot": {
                "articulation": {"actuators": [{"target_names_expr": [".*"], "stiffness": 16.0, "damping": 0.1}]},
            }
        }
    },
}


def test_env_yaml_adds_what_metadata_leave_out(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML, of the extra draft, is not installed")
    path = tmp_path / "env.yaml"
    path.write_text(yaml.safe_dump(ENV, sort_keys=False))
    begun = draft(bare(tmp_path, MJLAB).read_bytes(), DUCK, name="walk", sidecars=sidecars.read([path]))
    assert begun.kind == "mjlab" and begun.contract["policy_rate_hz"] == 50
    scales = {term["name"]: (term.get("scale", 1.0), term.get("clip")) for term in begun.contract["observation"]}
    assert scales == {
        "base_ang_vel": (0.25, None),
        "projected_gravity": (1.0, None),
        "joint_pos": (1.0, [-2.0, 2.0]),
        "joint_vel": (0.05, None),
        "actions": (1.0, None),
        "command": (1.0, None),
    }
    assert begun.contract["observation"][2]["relative_to"] == "default_pose"
    # The metadata have gains of 1.000: those of the actuators are the true ones.
    assert begun.contract["gains"]["kp"] == pytest.approx([16.0 / DUCK.stiffness_per_kp] * 14, rel=1e-5)
    assert not any("exports no scales" in warning for warning in begun.warnings)
    # The file's own word comes first, and that they differ is told.
    assert begun.contract["action"]["scale"] == 0.25
    assert any("the scale of the action in the file is not that" in warning for warning in begun.warnings)
