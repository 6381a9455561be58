"""Drafts of legged_gym's policies: the usual layouts, the task's Python, the YAML of a deployment."""

from pathlib import Path

import pytest
from draft_bench import G1, GO2, asked, bare, to_green
from draft_files import DEPLOYMENT, TASK
from program import parse, run_gaitway

import gaitway
from gaitway.draft import Draft, draft, sidecars
from gaitway.errors import PolicyError

pytest.importorskip("yaml", reason="PyYAML, of the extra draft, is not installed")
QUADRUPED = gaitway.Robot.load(GO2)


def begin(folder: Path, observations: int, *files: Path) -> Draft:
    file = bare(folder, observations=observations, actions=12)
    return draft(file.read_bytes(), QUADRUPED, name="walk", kind="legged_gym", sidecars=sidecars.read(files))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_yaml_of_a_deployment_leads_to_a_policy_that_is_checked(tmp_path: Path) -> None:
    def answer(contract: dict[str, object]) -> None:
        contract["description"] = "A test."
        contract["provenance"] = {"source": "tests", "licence": "MIT"}
        contract["command"] = [
            {"axis": axis, "unit": unit, "min": -1, "max": 1} for axis, unit in QUADRUPED.command_axes.items()
        ]

    path = write(tmp_path, "go2.yaml", DEPLOYMENT)
    file = bare(tmp_path, observations=45, actions=12)
    begun, policy = to_green(file, GO2, tmp_path, answer, "--sidecar", path)
    assert begun["from"] == "legged_gym"
    contract = begun["contract"]
    names = [joint["name"] for joint in contract["action"]["joints"]]
    assert names == [f"{leg}_{part}" for leg in ("FL", "FR", "RL", "RR") for part in ("hip", "thigh", "calf")]
    assert contract["gains"]["kp"][:3] == [20.0, 20.0, 40.0]
    scales = {term["name"]: term.get("scale", 1.0) for term in contract["observation"]}
    assert scales == {
        "ang_vel": 0.25, "projected_gravity": 1.0, "commands": 0.25, "dof_pos": 1.0, "dof_vel": 0.05, "actions": 1.0,
    }  # fmt: skip
    assert all(term["clip"] == [-100.0, 100.0] for term in contract["observation"])
    assert contract["policy_rate_hz"] == 50 and policy.contract.action_len == 12
    assert "the order of the terms is assumed: some tasks have the commands first" in begun["warnings"]


def test_the_task_is_read_and_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    begun = begin(tmp_path, 45, write(tmp_path, "go2_config.py", TASK.format(trap=trap)))
    assert not trap.exists()
    contract, questions = begun.contract, {question.path: question.text for question in begun.questions}
    assert (contract["policy_rate_hz"], contract["action"]["scale"]) == (50, 0.25)
    assert contract["command"][0] | {"min": -0.5, "max": 1.5} == contract["command"][0]
    assert "command[1].min" in questions
    assert contract["observation"][4]["scale"] == 0.1 and contract["observation"][0]["clip"] == [-50.0, 50.0]
    # What would have to be run is as if it were not there.
    assert begun.origins["action.bounds"] == "clip_actions: legged_gym's own configuration, which tasks change"
    asked_joints = questions["action.joints"]
    assert "depth-first, limb by limb" in asked_joints and "FL_hip 0.1, FR_hip -0.1" in asked_joints
    assert "stiffness joint 20" in asked_joints


def test_each_number_of_a_command_has_its_own_factor(tmp_path: Path) -> None:
    begun = begin(tmp_path, 45)
    questions = {question.path: question.text for question in begun.questions}
    assert begun.contract["observation"][2]["scale"] == [2.0, 2.0, 0.25]
    assert {"action.joints", "action.scale", "policy_rate_hz"} <= questions.keys()


def test_frames_are_written_newest_first_and_asked_about(tmp_path: Path) -> None:
    begun = begin(tmp_path, 270, write(tmp_path, "go2.yaml", DEPLOYMENT))
    terms = begun.contract["observation"]
    assert [term["name"] for term in terms[:7]] == [
        *("ang_vel_0", "projected_gravity_0", "commands_0", "dof_pos_0", "dof_vel_0", "actions_0", "ang_vel_1"),
    ]
    assert terms[5]["lag"] == 1 and terms[-1]["lag"] == 6 and sum(term["width"] for term in terms) == 270
    questions = {question.path: question.text for question in begun.questions}
    assert questions["observation[0].lag"].startswith("0 where the newest frame comes first")


def test_a_gait_clock_with_sine_first_is_a_question(tmp_path: Path) -> None:
    begun = begin(tmp_path, 47)
    assert "cosine first" in {q.path: q.text for q in begun.questions}["observation[6].source"]


@pytest.mark.parametrize(("observations", "told"), [(48, "base_lin_vel"), (235, "base_lin_vel")])
def test_what_no_robot_senses_is_refused_with_the_reason(tmp_path: Path, observations: int, told: str) -> None:
    with pytest.raises(PolicyError, match=f"{told}: the velocity of the trunk: no sensor measures it"):
        begin(tmp_path, observations)


def test_a_length_that_no_task_has_is_a_question(tmp_path: Path) -> None:
    begun = begin(tmp_path, 50)
    assert "observation" in {question.path for question in begun.questions}
    assert "50 numbers are no usual observation of 12 joints: see compute_observations" in begun.warnings


def test_other_kinds_of_action_are_told(tmp_path: Path) -> None:
    text = TASK.format(trap=tmp_path / "trap").replace("control_type = 'P'", "control_type = 'T'")
    begun = begin(tmp_path, 45, write(tmp_path, "torque.py", text))
    assert any("control_type is not P: its actions are no positions" in warning for warning in begun.warnings)


def test_a_humanoid_whose_motors_the_profile_has_not_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "g1.yaml", DEPLOYMENT.replace("[3, 4, 5,", "[33, 4, 5,"))
    file = bare(tmp_path, observations=45, actions=12)
    begun = parse(run_gaitway("policy", "draft", file, "--robot", G1, "--sidecar", path, "--json"))
    assert "default_angles [0.1, 0.8, -1.5" in asked(begun)["action.joints"]
