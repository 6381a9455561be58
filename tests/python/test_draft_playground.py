"""Drafts of MuJoCo Playground's policies, which say nothing but their shapes."""

from pathlib import Path
from typing import Any

import pytest
from draft_bench import GO2, bare, to_green

import gaitway
from gaitway.draft import draft
from gaitway.errors import PolicyError

DUCK = gaitway.Robot.load()
QUADRUPED = gaitway.Robot.load(GO2)


def answer(contract: dict[str, Any]) -> None:
    """What a person fills in who knows the training of an Open Duck."""
    contract["description"] = "A test."
    contract["provenance"] = {"source": "tests", "licence": "MIT"}
    contract["gains"] = {"kp": 32, "kd": 0}
    contract["action"]["joints"][0]["name"] = DUCK.joint_names[0]
    contract["action"]["fed_back"] = "after_head_command"
    contract["head_command"]["added_to_target"] = True
    contract["phase"]["period_ticks"] = 27
    for axis in contract["command"]:
        axis |= {"min": -0.15, "max": 0.15}


def test_an_open_duck_becomes_a_policy_that_is_checked(tmp_path: Path) -> None:
    file = bare(tmp_path, observations=101, actions=14)
    begun, policy = to_green(file, "open_duck_mini_v2", tmp_path, answer, "--from", "playground")
    assert begun["from"] == "playground" and begun["origins"]["observation"] == "the Open Duck's joystick task"
    shipped = next(contract for contract in DUCK.known_contracts if contract.name == "open_duck_walk")
    # The layout is that of the contract that ships for the community's policy.
    assert policy.contract.observation_len == shipped.observation_len
    assert any("1.3 m/s²" in warning for warning in begun["warnings"])


def test_a_duck_without_head_commands_has_three_axes(tmp_path: Path) -> None:
    begun = draft(bare(tmp_path, observations=97).read_bytes(), DUCK, name="walk", kind="playground")
    assert [axis["axis"] for axis in begun.contract["command"]] == ["vx", "vy", "wz"]
    assert begun.contract["head_command"] == {"added_to_target": False, "joints": []}
    assert sum(term["width"] for term in begun.contract["observation"]) == 97


@pytest.mark.parametrize("observations", [48, 52])
def test_joystick_tasks_that_observe_the_velocity_of_the_trunk_are_refused(tmp_path: Path, observations: int) -> None:
    data = bare(tmp_path, observations=observations, actions=12).read_bytes()
    with pytest.raises(PolicyError, match="base_lin_vel: the velocity of the trunk: no sensor measures it"):
        draft(data, QUADRUPED, name="walk", kind="playground")


def test_a_length_that_no_task_has_is_refused(tmp_path: Path) -> None:
    data = bare(tmp_path, observations=40, actions=12).read_bytes()
    with pytest.raises(PolicyError, match=r"expected the 48, 52, 85 or 89 numbers of a joystick task .* found 40"):
        draft(data, QUADRUPED, name="walk", kind="playground")
