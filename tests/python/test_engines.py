"""The native engine and onnxruntime: which runs what, and that they agree on a walk."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from program import parse, run_gaitway

import gaitway
from gaitway import _native, files
from gaitway.errors import PolicyError, UnsupportedOperatorError
from gaitway.onnx_metadata import metadata_warnings
from gaitway.script import steady
from gaitway.sim import RobotSim, simulate

ROBOT = gaitway.Robot.load()
ENGINES = ("native", "onnxruntime")


Values = Sequence[tuple[str, list[int | str]]]
OBSERVATION, ACTION = ("obs", [1, 101]), ("continuous_actions", [1, 14])


def policy_file(
    folder: Path, nodes: list[onnx.NodeProto], inputs: Values = (OBSERVATION,), outputs: Values = (ACTION,)
) -> Path:
    """A policy file of these nodes with the shipped policy's contract; `weights` ask for nearly nothing."""
    rng = np.random.default_rng(0)
    weights = numpy_helper.from_array(rng.normal(0, 1e-3, (101, 14)).astype(np.float32), "weights")
    described = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values]
        for values in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "policy", *described, [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    file = folder / "policy.onnx"
    file.write_bytes(_native.embed(model.SerializeToString(), contract()))
    return file


def described(values: Values) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values]


def contract() -> gaitway.Contract:
    shipped = json.loads(gaitway.Policy.load(ROBOT.default_policy).contract.to_json())
    del shipped["golden"]
    return gaitway.Contract.from_json(json.dumps(shipped))


def dense(output: str = "continuous_actions") -> onnx.NodeProto:
    return helper.make_node("MatMul", ["obs", "weights"], [output], name="dense")


@pytest.fixture
def softplus(tmp_path: Path) -> Path:
    """A policy with an operator the native engine does not run."""
    return policy_file(
        tmp_path, [dense("hidden"), helper.make_node("Hardmax", ["hidden"], ["continuous_actions"], name="squash")]
    )


def test_an_unknown_operator_is_named_with_the_extra_that_runs_it(softplus: Path) -> None:
    with pytest.raises(UnsupportedOperatorError, match=r"(?s)Hardmax.*squash.*gaitway\[onnxruntime\]"):
        gaitway.Policy.load(softplus)


def test_onnxruntime_runs_it(softplus: Path) -> None:
    policy = gaitway.Policy.load(softplus, engine="onnxruntime")
    controller = gaitway.Controller(policy, ROBOT)
    goals = controller.step(RobotSim(ROBOT).sense(), gaitway.command())
    # Hardmax of nearly nothing is ln 2, and a quarter of it goes onto the default pose.
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


@pytest.mark.parametrize("engine", ENGINES)
def test_the_action_is_the_output_that_the_contract_names(tmp_path: Path, engine: str) -> None:
    nodes = [helper.make_node("MatMul", ["obs", "weights"], ["both"])]
    nodes += [helper.make_node("Neg", ["both"], ["log_std"]), helper.make_node("Abs", ["both"], ["continuous_actions"])]
    file = policy_file(tmp_path, nodes, outputs=(("log_std", [1, 14]), ACTION))
    actions = gaitway.Policy.load(file, engine=engine).infer(np.ones((1, 101)))
    assert actions.min() >= 0 and actions.max() > 0


def test_an_input_that_the_action_does_not_need_is_left_out(tmp_path: Path) -> None:
    file = policy_file(tmp_path, [dense()], inputs=(("time_step", [1, 1]), OBSERVATION))
    assert gaitway.Policy.load(file).infer(np.ones((1, 101))).shape == (1, 14)
    with pytest.raises(PolicyError, match="input: expected obs, found time_step, obs"):
        gaitway.Policy.load(file, engine="onnxruntime")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_may_be_of_rank_one(tmp_path: Path, engine: str) -> None:
    file = policy_file(tmp_path, [dense()], (("obs", [101]),), (("continuous_actions", [14]),))
    assert gaitway.Policy.load(file, engine=engine).infer(np.ones((2, 101))).shape == (2, 14)


def test_a_length_that_the_file_does_not_say_is_found_by_running_it(tmp_path: Path) -> None:
    unknown = helper.make_node("Hardmax", ["a"], ["b"])
    twice = helper.make_node("Concat", ["b", "b"], ["continuous_actions"], axis=1)
    file = policy_file(tmp_path, [dense("a"), unknown, twice], outputs=(("continuous_actions", [1, "n"]),))
    with pytest.raises(PolicyError, match="expected 14 numbers, found 28"):
        gaitway.Policy.load(file, engine="onnxruntime")


def scattered(folder: Path, location: str = "out.data") -> Path:
    """A policy whose weights lie in another file, and whose contract knows their hash."""
    model = onnx.load(policy_file(folder, [dense()]))
    del model.metadata_props[:]
    file = folder / "out.onnx"
    onnx.save(model, file, save_as_external_data=True, location="out.data", size_threshold=0)
    whole = onnx.load_from_string(_native.embed(files.read_policy(file), contract()))
    model = onnx.load(file, load_external_data=False)
    model.metadata_props.extend(whole.metadata_props)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    file.write_bytes(model.SerializeToString())
    return file


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_beside_the_file_are_run_and_hashed_by_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    file = scattered(tmp_path)
    monkeypatch.chdir("/")
    rows = np.random.default_rng(0).normal(0, 1, (5, 101)).astype(np.float32)
    whole = gaitway.Policy.load(policy_file(tmp_path, [dense()]), engine=engine)
    policy = gaitway.Policy.load(file, engine=engine)
    assert policy.infer(rows).tobytes() == whole.infer(rows).tobytes()
    weights = file.with_name("out.data")
    weights.write_bytes(bytes(byte ^ 0x80 if at % 4 == 3 else byte for at, byte in enumerate(weights.read_bytes())))
    with pytest.raises(PolicyError, match="other weights"):
        gaitway.Policy.load(file, engine=engine)


def test_weights_are_brought_into_the_file(tmp_path: Path) -> None:
    file, whole = scattered(tmp_path), tmp_path / "whole.onnx"
    found = parse(run_gaitway("policy", "inline", file, "-o", whole, "--json"))
    assert found["brought_in"] > 0 and found["bytes"] == whole.stat().st_size
    for other in tmp_path.glob("out.*"):
        other.unlink()
    onnx.checker.check_model(onnx.load(whole))
    gaitway.Policy.load(whole)
    assert "all weights were inside" in run_gaitway("policy", "inline", whole).stdout
    assert run_gaitway("policy", "inline", __file__).returncode == 2


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("../out.data", "is not beside the file"),
        ("/etc/passwd", "is not beside the file"),
        ("a/../../out.data", "is not beside the file"),
        ("C:out.data", "is not beside the file"),
        ("link/passwd", "leads out of"),
        ("none.data", "cannot read weights"),
        ("out.short", "has 3 bytes"),
    ],
)
def test_weights_elsewhere_are_refused(tmp_path: Path, location: str, told: str) -> None:
    file = scattered(tmp_path, location)
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "out.short").write_bytes(b"123")
    with pytest.raises(PolicyError) as refused:
        gaitway.Policy.load(file)
    assert told in refused.value.message and refused.value.hint


def test_a_file_without_a_contract_is_shown_with_all_that_is_in_its_way(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Hardmax", ["obs"], ["a"]),
        helper.make_node("Celu", ["a"], ["b"]),
        helper.make_node("Hardmax", ["b"], ["actions"]),
    ]
    graph = helper.make_graph(nodes, "policy", described([("obs", ["batch", 4])]), described([("actions", [1, 4])]))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="tests")
    helper.set_model_props(model, {"joint_names": "knee,hip"})
    file = tmp_path / "bare.onnx"
    onnx.save(model, file)
    found = parse(run_gaitway("policy", "inspect", file, "--json"))
    network = found["network"]
    assert found["contract"] is None and "carries no contract" in found["refused"]["error"]
    assert network["inputs"] == [{"name": "obs", "type": "float32", "shape": "[batch, 4]"}]
    assert (network["operators"], network["metadata"]) == ({"Celu": 1, "Hardmax": 2}, {"joint_names": "knee,hip"})
    assert [obstacle["message"].split()[1] for obstacle in network["obstacles"]] == ["Hardmax", "Celu"]
    shown = run_gaitway("policy", "inspect", file)
    assert shown.returncode == 0
    for told in (
        "written by tests, opset onnx 17",
        "input obs: float32 [batch, 4]",
        "in the way: operator Celu",
        "knee",
    ):
        assert told in shown.stdout


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            {"joint_stiffness": "1.000,1.000", "joint_damping": "-0.000,-0.000"},
            ["stiffness", "damping"],
        ),
        ({"joint_stiffness": "1.000,0.520", "joint_damping": "-0.000,0.010"}, []),
        ({"joint_stiffness": "20.0,20.0", "joint_damping": "0.5,0.5", "joint_names": "knee,hip"}, []),
        ({"joint_stiffness": "as trained", "joint_damping": "nan,"}, ["joint_stiffness has 1 entries, the action 2"]),
        ({"joint_names": "head,knee,hip"}, ["joint_names has 3 entries, the action 2 numbers"]),
        ({}, []),
    ],
)
def test_metadata_that_no_training_has_is_called_suspicious(metadata: dict[str, str], words: list[str]) -> None:
    found = metadata_warnings(metadata, 2)
    assert len(found) == len(words), found
    assert all(word in warning for word, warning in zip(words, found, strict=True))


def test_inspect_shows_what_is_suspicious(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["obs"], ["actions"])],
        "policy",
        described([("obs", [1, 2])]),
        described([("actions", [1, 2])]),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, {"joint_stiffness": "1.000,1.000", "joint_names": "head,knee,hip"})
    file = tmp_path / "bare.onnx"
    onnx.save(model, file)
    assert len(parse(run_gaitway("policy", "inspect", file, "--json"))["warnings"]) == 2
    shown = run_gaitway("policy", "inspect", file).stdout
    assert shown.count("suspicious: ") == 2 and "some of these joints are not driven" in shown
