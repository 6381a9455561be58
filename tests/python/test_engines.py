"""The native engine and onnxruntime: which runs what, and that they agree on a walk."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import gaitway
from gaitway import _native
from gaitway.errors import UnsupportedOperatorError
from gaitway.script import steady
from gaitway.sim import RobotSim, simulate

ROBOT = gaitway.Robot.load()


@pytest.fixture
def softplus(tmp_path: Path) -> Path:
    """A policy with an operator the native engine does not run; it asks for nearly nothing."""
    rng = np.random.default_rng(0)
    weights = numpy_helper.from_array(rng.normal(0, 1e-3, (101, 14)).astype(np.float32), "weights")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["obs", "weights"], ["hidden"], name="dense"),
            helper.make_node("Softplus", ["hidden"], ["continuous_actions"], name="squash"),
        ],
        "softplus",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, 101])],
        [helper.make_tensor_value_info("continuous_actions", TensorProto.FLOAT, [1, 14])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    contract = json.loads(gaitway.Policy.load(ROBOT.default_policy).contract.to_json())
    del contract["golden"]
    file = tmp_path / "softplus.onnx"
    file.write_bytes(_native.embed(model.SerializeToString(), gaitway.Contract.from_json(json.dumps(contract))))
    onnx.checker.check_model(onnx.load(file))
    return file


def test_an_unknown_operator_is_named_with_the_extra_that_runs_it(softplus: Path) -> None:
    with pytest.raises(UnsupportedOperatorError, match=r"(?s)Softplus.*squash.*gaitway\[onnxruntime\]"):
        gaitway.Policy.load(softplus)


def test_onnxruntime_runs_it(softplus: Path) -> None:
    policy = gaitway.Policy.load(softplus, engine="onnxruntime")
    controller = gaitway.Controller(policy, ROBOT)
    goals = controller.step(RobotSim(ROBOT).sense(), gaitway.command())
    # Softplus of nearly nothing is ln 2, and a quarter of it goes onto the default pose.
    moved = np.array(goals) - ROBOT.default_pose_rad
    assert moved.max() > 0.05
    assert np.isfinite(moved).all()


def test_both_engines_walk_the_same_way() -> None:
    speeds = []
    for engine in ("native", "onnxruntime"):
        policy = gaitway.Policy.load(ROBOT.default_policy, engine=engine)
        assert policy.engine == engine
        run = simulate(RobotSim(ROBOT), gaitway.Controller(policy, ROBOT), steady(gaitway.command(vx=0.1), 6), 6)
        assert run.falls == 0
        speeds.append(run.figures()["velocity_mps"][0])
    # The last bits differ, and walking amplifies them; the gait is the same.
    assert speeds[0] == pytest.approx(speeds[1], abs=0.01)
