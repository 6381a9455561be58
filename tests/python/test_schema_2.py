"""Contracts with the keys of schema 2, end to end: a network with a state and several inputs and outputs is embedded,
checked by numbers that a second implementation worked out, run, saved, restored and recorded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from program import parse, run_gaitway

import gaitway
from gaitway.errors import PolicyError
from gaitway.sensors import Sensors

ROBOT = gaitway.Robot.load()
JOINTS = len(ROBOT.joint_names)
#: Numbers of one tick, and ticks of the past.
FRAME, TICKS, HIDDEN = 2 + 2 + JOINTS + 2 + 4 + JOINTS, 5, 12
Float = NDArray[np.float32]


def weights(random: np.random.Generator, *dims: int) -> Float:
    return random.normal(0.0, 0.15, dims).astype(np.float32)


def network(folder: Path) -> Path:
    """`now` and `past` through a GRU to `actions`, a clock's rate and the GRU's next state."""
    random, width = np.random.default_rng(3), FRAME * (TICKS + 1)
    constants = {
        "w": weights(random, 1, 3 * HIDDEN, width),
        "r": weights(random, 1, 3 * HIDDEN, HIDDEN),
        "b": weights(random, 1, 6 * HIDDEN),
        "head": weights(random, HIDDEN, JOINTS),
        "rate_head": weights(random, HIDDEN, 1),
        "one": np.ones(1, np.float32),
        "axis0": np.array([0]),
    }
    nodes = [
        helper.make_node("Concat", ["now", "past"], ["all"], axis=1),
        helper.make_node("Unsqueeze", ["all", "axis0"], ["step"]),
        helper.make_node("GRU", ["step", "w", "r", "b", "", "h_in"], ["", "h_out"], hidden_size=HIDDEN),
        helper.make_node("Squeeze", ["h_out", "axis0"], ["h"]),
        helper.make_node("MatMul", ["h", "head"], ["actions"]),
        helper.make_node("MatMul", ["h", "rate_head"], ["faster"]),
        helper.make_node("Add", ["faster", "one"], ["clock_rate"]),
    ]
    port = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "recurrent",
        [
            port("now", TensorProto.FLOAT, [1, FRAME]),
            port("past", TensorProto.FLOAT, [1, FRAME * TICKS]),
            port("h_in", TensorProto.FLOAT, [1, 1, HIDDEN]),
        ],
        [
            port("actions", TensorProto.FLOAT, [1, JOINTS]),
            port("clock_rate", TensorProto.FLOAT, [1, 1]),
            port("h_out", TensorProto.FLOAT, [1, 1, HIDDEN]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    file = folder / "recurrent.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    return file


def contract(**changes: Any) -> dict[str, Any]:
    """The shipped walk's, with every key that came with schema 2."""
    known = json.loads(gaitway.Policy.load(ROBOT.default_policy).contract.to_json())
    known.pop("golden")
    joints = known["action"]["joints"]
    return known | {
        "schema": "gaitway.contract/2",
        "name": "recurrent",
        "network": {
            "input": "now",
            "output": "actions",
            "further_inputs": [{"name": "past", "width": FRAME * TICKS}],
            "further_outputs": [{"name": "clock_rate", "width": 1}],
            "states": [{"input": "h_in", "output": "h_out"}],
        },
        "observation": [
            {"name": "turn", "source": "gyro", "unit": "rad/s", "frame": "trunk", "elements": [2, 0],
             "scale": [0.25, 0.5], "offset": [0.0, 0.1], "width": 2},
            {"name": "roll_pitch", "source": "euler", "unit": "rad", "elements": [0, 1], "width": 2},
            {"name": "position", "source": "joint_position", "unit": "rad", "relative_to": "default_pose",
             "width": JOINTS},
            {"name": "fixed", "source": "constant", "unit": "1", "offset": [0.5, -1.0], "width": 2},
            {"name": "phase", "source": "phase", "unit": "1", "elements": [2, 3, 0, 1], "width": 4},
            {"name": "last", "source": "action", "unit": "1", "lag": 1, "width": JOINTS},
        ],
        "history": {"ticks": TICKS, "layout": "by_tick", "order": "oldest_first", "lag": 1, "after_current": True},
        "observed_joints": list(reversed(joints)),
        "phase": {
            "period_ticks": 26.5, "factor": 1, "advance": "after_observation", "runs": "by_policy",
            "first_value": [1, -1, 0, 0], "offsets_rad": [0, 3.141592653589793],
            "rate": {"output": "clock_rate", "min": 0.5, "max": 2.5},
        },
        "gains": known["gains"] | {"stiffness_nm_per_rad": 10, "damping_nms_per_rad": 0.4},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero_observation"},
    } | changes  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The network with its contract and golden ticks, by the command that people use."""
    (tmp_path / "contract.json").write_text(json.dumps(contract()))
    out = tmp_path / "policy.onnx"
    embedded = run_gaitway("policy", "embed", network(tmp_path), tmp_path / "contract.json", "-o", out)
    assert embedded.returncode == 0, embedded.stderr
    return out


@pytest.mark.parametrize("key", ["whole", "by_term", "newest_first", "first_sample", "zero", "no history"])
def test_both_readings_of_a_contract_give_the_same_numbers(tmp_path: Path, key: str) -> None:
    whole = contract()
    history = whole["history"]
    changes: dict[str, dict[str, Any]] = {
        "whole": {},
        "by_term": {"history": history | {"layout": "by_term"}},
        "newest_first": {"history": history | {"order": "newest_first"}},
        "first_sample": {"reset": whole["reset"] | {"sensors": "first_sample"}},
        "zero": {"reset": whole["reset"] | {"sensors": "zero"}},
        "no history": {
            "history": None,
            "observation": [
                term | {"history": TICKS + 1, "width": term["width"] * (TICKS + 1)}
                for term in whole["observation"]
                if term["source"] != "constant"
            ]
            + [
                term | {"width": 2 * (TICKS + 1), "offset": 0.5}
                for term in whole["observation"]
                if term["source"] == "constant"
            ],
        },
    }
    (tmp_path / "contract.json").write_text(json.dumps(whole | changes[key]))
    out = tmp_path / "policy.onnx"
    embedded = run_gaitway("policy", "embed", network(tmp_path), tmp_path / "contract.json", "-o", out)
    assert embedded.returncode == 0, embedded.stderr
    checked = parse(run_gaitway("policy", "check", out, "--json"))
    assert (checked["passed"], checked["golden"]["ticks"]) == (True, 40), checked
    assert checked["golden"]["largest_action_error"] <= 1e-5


def sensed(tick: int) -> Sensors:
    sensors = Sensors(ROBOT)
    random = np.random.default_rng(tick)
    np.asarray(sensors.gyro)[:] = random.normal(0.0, 0.5, 3)
    np.asarray(sensors.accelerometer)[:] = [0.0, 0.0, 9.81]
    np.asarray(sensors.joint_position)[:] = np.array(ROBOT.default_pose_rad) + random.normal(0.0, 0.1, JOINTS)
    return sensors


def goals(controller: gaitway.Controller, ticks: range) -> list[bytes]:
    return [controller.step(sensed(tick), gaitway.command(vx=0.1)).tobytes() for tick in ticks]


def test_what_the_network_remembers_is_saved_restored_and_forgotten(file: Path) -> None:
    controller = gaitway.Controller(gaitway.Policy.load(file), ROBOT)
    first = goals(controller, range(20))
    saved = controller.save()
    then = goals(controller, range(20, 40))
    other = gaitway.Controller(gaitway.Policy.load(file), ROBOT)
    other.restore(saved)
    assert goals(other, range(20, 40)) == then
    assert other.save() == controller.save()
    controller.reset(np.array(ROBOT.default_pose_rad, np.float32))
    assert goals(controller, range(20)) == first
    with pytest.raises(gaitway.GaitwayError, match="length"):
        other.restore(saved[:-4])
    ruined = saved[: -4 * HIDDEN] + np.full(HIDDEN, np.nan, np.float32).tobytes()
    with pytest.raises(gaitway.GaitwayError, match="state of the network"):
        other.restore(ruined)


def test_rows_are_ticks_that_follow_each_other(file: Path) -> None:
    policy = gaitway.Policy.load(file)
    rows = np.random.default_rng(5).normal(0.0, 1.0, (6, policy.contract.observation_len)).astype(np.float32)
    together = policy.infer(rows)
    assert together.shape == (6, JOINTS + 1) == (6, policy.contract.output_len)
    state = np.zeros(policy.state_len, np.float32)
    assert np.concatenate([policy.infer(row[None], state) for row in rows]).tobytes() == together.tobytes()
    assert policy.infer(rows[5:]).tobytes() != together[5:].tobytes(), "it remembers"
    outside = gaitway.Policy.load(file, engine="onnxruntime")
    np.testing.assert_allclose(outside.infer(rows), together, atol=1e-5)
    with pytest.raises(PolicyError, match="expected the native engine, found onnxruntime"):
        gaitway.Controller(outside, ROBOT)


def test_it_runs_and_its_recording_replays_to_the_bit(file: Path, tmp_path: Path) -> None:
    run = run_gaitway("run", "--fast", "--seconds", 2, "--policy", file, "--record", tmp_path / "runs", "--json")
    assert run.returncode in (0, 1), run.stderr
    (recording,) = (tmp_path / "runs").glob("*.mcap")
    replayed = run_gaitway("replay", recording)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"further_inputs": []}, "expected now, h_in, found now, past, h_in"),
        ({"states": []}, "expected now, past, found now, past, h_in"),
        ({"further_inputs": [{"name": "past", "width": FRAME}]}, "input length: expected 190, found 38 of now"),
        ({"further_outputs": [{"name": "clock_rate", "width": 2}]}, "output length: expected 2, found 1 of clock_rate"),
        ({"states": [{"input": "h_in", "output": "h"}]}, "output: expected h, found actions, clock_rate, h_out"),
        ({"states": [{"input": "h_in", "output": "clock_rate"}], "further_outputs": []}, "phase.rate.output"),
    ],
)
def test_a_contract_that_names_the_network_wrongly_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    whole = contract()
    (tmp_path / "contract.json").write_text(json.dumps(whole | {"network": whole["network"] | changes}))
    refused = run_gaitway(
        "policy", "embed", network(tmp_path), tmp_path / "contract.json", "-o", tmp_path / "policy.onnx"
    )
    assert refused.returncode == 2 and told in refused.stderr, refused.stderr
