"""Drafts from what Isaac Lab writes beside a policy: deploy.yaml, env.yaml, agent.yaml."""

from pathlib import Path
from typing import Any

import pytest
from draft_bench import G1, GO2, asked, bare, to_green
from draft_files import ENV, ORDER, POSE, deploy, term
from program import parse, run_gaitway

import gaitway
from gaitway.draft import Draft, draft, sidecars
from gaitway.errors import PolicyError

yaml = pytest.importorskip("yaml", reason="PyYAML, of the extra draft, is not installed")
QUADRUPED = gaitway.Robot.load(GO2)
Json = dict[str, Any]


def write(folder: Path, name: str, content: Json) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def begin(folder: Path, observations: int, *files: Path) -> Draft:
    file = bare(folder, observations=observations, actions=12)
    return draft(file.read_bytes(), QUADRUPED, name="walk", sidecars=sidecars.read(files))


def answer(contract: Json) -> None:
    contract["description"] = "A test."
    contract["provenance"] = {"source": "tests", "licence": "MIT"}
    contract["command"][2] |= {"min": -1.0, "max": 1.0}


@pytest.mark.parametrize("history", [1, 5])
def test_a_bare_file_beside_its_deploy_yaml_becomes_a_policy_that_is_checked(tmp_path: Path, history: int) -> None:
    write(tmp_path, "params/deploy.yaml", deploy(history))
    (tmp_path / "exported").mkdir()
    file = bare(tmp_path / "exported", observations=45 * history, actions=12)
    begun, policy = to_green(file, GO2, tmp_path, answer)
    assert begun["from"] == "isaaclab" and begun["sidecars"] == [str(tmp_path / "params/deploy.yaml")]
    places = {"description", "provenance.source", "provenance.licence", "command[2].min", "command[2].max"}
    assert asked(begun).keys() == places
    assert begun["origins"]["action.scale"] == "deploy.yaml: actions.JointPositionAction.scale"
    contract = begun["contract"]
    names = [joint["name"] for joint in contract["action"]["joints"]]
    assert names == [f"{leg}_{part}" for part in ("hip", "thigh", "calf") for leg in ("FL", "FR", "RL", "RR")]
    assert contract["gains"]["kp"] == [25.0 + motor for motor in ORDER], "they are in the order of motors in the file"
    assert policy.contract.observation_len == 45 * history


def test_histories_begin_with_the_oldest_tick(tmp_path: Path) -> None:
    """A term of the contract begins with the newest: each tick becomes a term."""
    begun = begin(tmp_path, 225, write(tmp_path, "deploy.yaml", deploy(5)))
    terms = [(term["name"], term.get("lag", 0)) for term in begun.contract["observation"]]
    assert terms[:6] == [*((f"base_ang_vel_{age}", age) for age in (4, 3, 2, 1, 0)), ("projected_gravity_4", 4)]
    assert terms[-5:] == [(f"last_action_{age}", age + 1) for age in (4, 3, 2, 1, 0)]
    assert begun.contract["reset"]["sensors"] == "first_sample"
    told = deploy(5)
    told["observations"] = {"use_gym_history": True} | told["observations"]
    begun = begin(tmp_path, 225, write(tmp_path, "deploy.yaml", told))
    assert [term["name"] for term in begun.contract["observation"]][:7] == [
        *("base_ang_vel_4", "projected_gravity_4", "velocity_commands_4", "joint_pos_rel_4", "joint_vel_rel_4"),
        *("last_action_4", "base_ang_vel_3"),
    ]


def test_a_clip_before_the_scale_becomes_one_after_it(tmp_path: Path) -> None:
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy()))
    assert begun.contract["observation"][0]["clip"] == [-20.0, 20.0]


def test_env_yaml_alone_says_terms_rate_and_scale_and_asks_for_the_order(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENV)
    begun = begin(tmp_path, 45, path)
    questions = {question.path: question.text for question in begun.questions}
    assert "Isaac Lab goes breadth-first" in questions["action.joints"] and "FR_hip -0.1" in questions["action.joints"]
    contract = begun.contract
    assert (contract["policy_rate_hz"], contract["action"]["scale"]) == (50, 0.5)
    assert [term["source"] for term in contract["observation"]][2:4] == ["command", "joint_position"]
    assert contract["observation"][3]["relative_to"] == "zero", "joint_pos is absolute, joint_pos_rel is not"
    assert contract["observation"][0]["clip"] == [-20.0, 20.0]


def test_joint_sdk_names_of_env_yaml_name_the_joints(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENV)
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy(step_dt=0.01)), path)
    assert begun.origins["action.joints.name"] == "deploy.yaml: joint_ids_map, env.yaml: joint_sdk_names"
    assert begun.contract["action"]["joints"][0] == {"name": "FL_hip", "default_rad": 0.1}
    assert "env.yaml says 50 Hz, deploy.yaml 100 Hz: which was trained?" in begun.warnings
    assert any("runs at 100 Hz, the robot's loop at 50 Hz" in warning for warning in begun.warnings)


def test_gains_of_actuators_stand_in_for_a_list_of_motors(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENV)
    told = {key: value for key, value in deploy().items() if key not in ("stiffness", "damping", "default_joint_pos")}
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", told), path)
    assert begun.contract["gains"] == {"kp": [25.0] * 4 + [26.0] * 4 + [27.0] * 4, "kd": [0.5] * 12}
    assert [joint["default_rad"] for joint in begun.contract["action"]["joints"]] == POSE
    assert begun.origins["gains.kp"] == "env.yaml: actuators"
    assert begun.origins["action.joints.default_rad"] == "env.yaml"


def test_a_pose_that_is_another_in_env_yaml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENV.replace("_calf_joint: -1.5", "_calf_joint: -1.8"))
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy()), path)
    assert "env.yaml has another default pose: which was trained?" in begun.warnings


def test_patterns_that_are_not_taken_leave_the_pose_open(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENV.replace("F[L,R]_thigh_joint", "F(?:L|R)_thigh_joint"))
    told = {key: value for key, value in deploy().items() if key != "default_joint_pos"}
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", told), path)
    assert "action.joints[0].default_rad" in {question.path for question in begun.questions}
    assert "env.yaml: patterns of joints were passed over: 'F(?:L|R)_thigh_joint'" in begun.warnings


def test_agent_yaml_says_bounds_and_a_normaliser_that_is_missing(tmp_path: Path) -> None:
    agent = write(
        tmp_path, "agent.yaml", {"num_steps_per_env": 24, "clip_actions": 10.0, "empirical_normalization": True}
    )
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy()), agent)
    assert begun.contract["action"]["bounds"] == [-10.0, 10.0]
    assert any("agent.yaml normalises observations, the network has no Sub" in warning for warning in begun.warnings)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stiffness": [1.0] * 12}, "the stiffness of every joint is 1.000"),
        ({"stiffness": [25.0] * 10}, "stiffness has 10 numbers, joint_ids_map counts to 11"),
        ({"default_joint_pos": [2.0, *POSE[1:]]}, "the default pose of FL_hip is 2 rad, its range -1.0472 to 1.0472"),
        ({"default_joint_pos": [0.2, *POSE[1:]]}, "the default pose of FL_hip (0.2 rad, 0.1 in the profile)"),
        ({"step_dt": 0.03}, "0.03 s is no whole number of ticks in a second"),
        ({"commands": {"base_velocity": {"ranges": {"lin_vel_x": [0, 0]}}}}, "command vx was trained at 0 alone"),
        ({"observations": deploy()["observations"] | {"joint_pos_rel": term(12, 0.0)}}, "its scale is 0"),
        ({"actions": {"JointVelocityAction": {"scale": 1.0}}}, "JointVelocityAction commands no positions"),
        ({"actions": {"JointPositionAction": {"scale": [0.25] * 11 + [0.0]}}}, "action.scale is 0 at 11"),
        ({"actions": {"JointPositionAction": {"scale": 0.25, "joint_ids": [0, 1]}}}, "2 of 12 joints are driven"),
        (
            {"actions": {"JointPositionAction": {"joint_ids": ORDER}}},
            "the joints in another order than the observation",
        ),
    ],
)
def test_what_is_suspicious_is_told(tmp_path: Path, changes: Json, told: str) -> None:
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy(**changes)))
    assert any(told in warning for warning in begun.warnings), begun.warnings


def test_what_this_contract_has_no_key_for_is_a_question(tmp_path: Path) -> None:
    told = deploy()
    told["observations"]["velocity_commands"]["scale"] = [2.0, 2.0, 0.25]
    told["observations"]["gait_phase"] = term(2)
    told["actions"]["JointPositionAction"] |= {"clip": [[-1.0, 1.0]] * 12, "offset": [0.2] * 12}
    begun = begin(tmp_path, 47, write(tmp_path, "deploy.yaml", told))
    questions = {question.path: question.text for question in begun.questions}
    assert begun.contract["observation"][2]["scale"] == [2.0, 2.0, 0.25], "each number has its own"
    assert "sine first" in questions["observation[6].source"]
    assert "limits the target of each joint" in questions["action.bounds"]
    assert questions["action.relative_to"].startswith("default_pose or zero?")


def test_motors_that_the_robot_does_not_have_are_a_question(tmp_path: Path) -> None:
    begun = begin(tmp_path, 45, write(tmp_path, "deploy.yaml", deploy(joint_ids_map=[motor + 20 for motor in ORDER])))
    questions = {question.path: question.text for question in begun.questions}
    assert "which the profile has no ids for" in questions["action.joints"]


def test_groups_for_several_inputs_are_refused(tmp_path: Path) -> None:
    told = deploy(observations={"obs": deploy()["observations"], "depth": {"image": term(3)}})
    with pytest.raises(PolicyError, match="found groups of them: obs, depth"):
        begin(tmp_path, 45, write(tmp_path, "deploy.yaml", told))


def test_a_velocity_of_the_trunk_is_refused_with_the_reason(tmp_path: Path) -> None:
    told = deploy(observations={"base_lin_vel": term(3)} | deploy()["observations"])
    with pytest.raises(PolicyError, match="base_lin_vel: the velocity of the trunk: no sensor measures it"):
        begin(tmp_path, 48, write(tmp_path, "deploy.yaml", told))


def test_without_its_files_it_says_what_to_name(tmp_path: Path) -> None:
    refused = run_gaitway("policy", "draft", bare(tmp_path, actions=12), "--robot", GO2, "--from", "isaaclab")
    assert refused.returncode == 2
    assert "expected metadata or sidecars of isaaclab" in refused.stderr and "--sidecar" in refused.stderr


def test_a_sidecar_is_named_from_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path, "elsewhere/of_the_go2.yml", deploy())
    file = bare(tmp_path, observations=45, actions=12)
    begun = parse(run_gaitway("policy", "draft", file, "--robot", GO2, "--sidecar", path, "--json"))
    assert begun["from"] == "isaaclab" and begun["sidecars"] == [str(path)]
    begun = parse(run_gaitway("policy", "draft", file, "--robot", G1, "--from", "none", "--json"))
    assert begun["from"] == "none" and begun["sidecars"] == []
