"""Every operator of the native engine beside onnxruntime's own results, alone and in chains of many."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from program import parse, run_gaitway

from gaitway import _native
from gaitway.bench.compare import compare
from gaitway.errors import PolicyError

LENGTH = 19
TOLERANCE = 1e-5
Float = NDArray[np.float32]


def policy_file(folder: Path, nodes: Sequence[Any], constants: dict[str, Any], outputs: int | None, opset: int) -> Path:
    """`obs` [1, LENGTH] to `actions`, whatever they are."""
    graph = helper.make_graph(
        list(nodes),
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, LENGTH])],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, None if outputs is None else [1, outputs])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    file = folder / "policy.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), file)
    return file


def row(seed: int, *, low: float = -1.5, high: float = 1.5) -> Float:
    return np.random.default_rng(seed).uniform(low, high, LENGTH).astype(np.float32)


def one(operator: str, *more: str, **attributes: Any) -> list[Any]:
    return [helper.make_node(operator, ["obs", *more], ["actions"], **attributes)]


def of_positive(operator: str) -> list[Any]:
    """A function that is defined for positive numbers alone."""
    return [helper.make_node("Softplus", ["obs"], ["positive"]), helper.make_node(operator, ["positive"], ["actions"])]


MAPS = [
    "Abs",
    "Neg",
    "Reciprocal",
    "Exp",
    "Sin",
    "Cos",
    "Erf",
    "Relu",
    "Tanh",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Mish",
    "HardSwish",
    "Elu",
    "LeakyRelu",
    "Selu",
    "HardSigmoid",
    "Identity",
    "Dropout",
    "Softmax",
]
REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceMax", "ReduceMin"]
AXES = np.array([1], np.int64)
CASES: dict[str, tuple[list[Any], dict[str, Any], int | None, int]] = {
    **{name: (one(name), {}, LENGTH, 18) for name in MAPS},
    **{name: (of_positive(name), {}, LENGTH, 18) for name in ("Sqrt", "Log")},
    **{name: (one(name, axes=[1]), {}, 1, 13) for name in REDUCTIONS if name != "ReduceSum"},
    **{f"{name} of input axes": (one(name, "axes", keepdims=1), {"axes": AXES}, 1, 18) for name in REDUCTIONS},
    **{
        f"{name} of {kind}": (one(name, "c"), {"c": constant}, LENGTH, 18)
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "PRelu")
        for kind, constant in (("row", row(1, low=0.2)), ("number", np.float32(0.7)))
    },
    "Pow 2": (one("Pow", "c"), {"c": np.float32(2.0)}, LENGTH, 18),
    "Pow of positive": (
        [helper.make_node("Exp", ["obs"], ["p"]), helper.make_node("Pow", ["p", "c"], ["actions"])],
        {"c": row(2, low=-1.0)},
        LENGTH,
        18,
    ),
    "Clip": (one("Clip", "low", "high"), {"low": np.float32(-0.4), "high": np.float32(0.9)}, LENGTH, 18),
    "Gelu": (one("Gelu"), {}, LENGTH, 20),
    "Gelu tanh": (one("Gelu", approximate="tanh"), {}, LENGTH, 20),
    "LayerNormalization": (
        one("LayerNormalization", "s", "b", axis=-1, epsilon=1e-5),
        {"s": row(3), "b": row(4)},
        LENGTH,
        17,
    ),
    "BatchNormalization": (
        one("BatchNormalization", "s", "b", "m", "v"),
        {"s": row(5), "b": row(6), "m": row(7), "v": row(8, low=0.3)},
        LENGTH,
        15,
    ),
    "Gather": (one("Gather", "i", axis=1), {"i": np.array([3, 0, -1, 3], np.int64)}, 4, 18),
    "Transpose": (
        [helper.make_node("Transpose", ["w"], ["t"]), *one("MatMul", "t")],
        {"w": np.random.default_rng(9).normal(0, 0.3, (5, LENGTH)).astype(np.float32)},
        5,
        18,
    ),
    "Expand": (
        [
            helper.make_node("ReduceMean", ["obs"], ["mean"], axes=[1]),
            helper.make_node("Shape", ["obs"], ["shape"]),
            helper.make_node("Expand", ["mean", "shape"], ["actions"]),
        ],
        {},
        LENGTH,
        13,
    ),
    "unit length": (
        # As PyTorch writes F.normalize.
        [
            helper.make_node("ReduceL2", ["obs"], ["n"], axes=[-1], keepdims=1),
            helper.make_node("Clip", ["n", "eps"], ["m"]),
            helper.make_node("Shape", ["obs"], ["shape"]),
            helper.make_node("Expand", ["m", "shape"], ["e"]),
            *one("Div", "e"),
        ],
        {"eps": np.float32(1e-12)},
        LENGTH,
        13,
    ),
}


def in_a_plane(*nodes: Any, dims: Sequence[int] = (1, 3, 6)) -> list[Any]:
    """Nodes from `p`, the first 18 numbers in several axes, to `q`, which is flattened to `actions`."""
    return [
        helper.make_node("Slice", ["obs", "from", "to", "axis"], ["row"]),
        helper.make_node("Reshape", ["row", "dims"], ["p"]),
        *nodes,
        helper.make_node("Flatten", ["q"], ["actions"]),
    ]


def plane(dims: Sequence[int] = (1, 3, 6), **constants: Any) -> dict[str, Any]:
    """The constants of `in_a_plane`, and these."""
    own = {"from": np.array([0]), "to": np.array([18]), "axis": np.array([1]), "dims": np.array(dims)}
    return own | constants


def normal(seed: int, *dims: int) -> Float:
    return np.random.default_rng(seed).normal(0.0, 0.5, dims).astype(np.float32)


#: Values of several rows, and choices.
PLANES: dict[str, tuple[list[Any], dict[str, Any], int]] = {
    "MatMul of rows": (in_a_plane(helper.make_node("MatMul", ["p", "w"], ["q"])), plane(w=normal(1, 6, 5)), 15),
    "Gemm of rows": (
        in_a_plane(helper.make_node("Gemm", ["p", "w", "b"], ["g"]), helper.make_node("Unsqueeze", ["g", "u"], ["q"])),
        plane((3, 6), w=normal(2, 6, 5), b=normal(3, 5), u=np.array([0])),
        15,
    ),
    "Transpose": (in_a_plane(helper.make_node("Transpose", ["p"], ["q"], perm=[0, 2, 1])), plane(), 18),
    "Transpose of three": (
        in_a_plane(
            helper.make_node("Transpose", ["p"], ["t"], perm=[2, 0, 1]),
            helper.make_node("Unsqueeze", ["t", "u"], ["q"]),
        ),
        plane((2, 3, 3), u=np.array([0])),
        18,
    ),
    "Slice of axes": (
        in_a_plane(helper.make_node("Slice", ["p", "s", "e", "axes", "steps"], ["q"])),
        plane(s=np.array([2, 5]), e=np.array([-9, 0]), axes=np.array([1, 2]), steps=np.array([-1, -2])),
        9,
    ),
    "Split of an axis": (
        in_a_plane(
            helper.make_node("Split", ["p", "parts"], ["a", "b"], axis=1),
            helper.make_node("Concat", ["b", "a"], ["q"], axis=1),
        ),
        plane(parts=np.array([1, 2])),
        18,
    ),
    "Concat of an inner axis": (
        in_a_plane(helper.make_node("Concat", ["p", "c", "p"], ["q"], axis=2)),
        plane(c=normal(4, 1, 3, 2)),
        42,
    ),
    "Gather of rows": (
        in_a_plane(helper.make_node("Gather", ["p", "i"], ["q"], axis=1)),
        plane(i=np.array([2, 0, 2])),
        18,
    ),
    "Gather of a row": (in_a_plane(helper.make_node("Gather", ["p", "i"], ["q"], axis=1)), plane(i=np.array(-1)), 6),
    "Add of a column": (in_a_plane(helper.make_node("Add", ["p", "c"], ["q"])), plane(c=normal(5, 3, 1)), 18),
    "Mul of a row and a column": (
        in_a_plane(
            helper.make_node("Slice", ["p", "z", "o", "last"], ["column"]),
            helper.make_node("Mul", ["column", "c"], ["q"]),
        ),
        plane(z=np.array([0]), o=np.array([1]), last=np.array([2]), c=normal(6, 1, 1, 4)),
        12,
    ),
    "Expand": (
        in_a_plane(helper.make_node("Expand", ["p", "shape"], ["q"])),
        plane((1, 18, 1), shape=np.array([18, 2])),
        36,
    ),
    **{
        f"{name} of axis {axis}": (
            in_a_plane(helper.make_node(name, ["p", "a"], ["q"], keepdims=1)),
            plane(a=np.array([axis])),
            n,
        )
        for name in REDUCTIONS
        for axis, n in ((1, 6), (-1, 3))
    },
    "Softmax of rows": (in_a_plane(helper.make_node("Softmax", ["p"], ["q"], axis=-1)), plane(), 18),
    "LayerNormalization of rows": (
        in_a_plane(helper.make_node("LayerNormalization", ["p", "s", "b"], ["q"], epsilon=0.01)),
        plane(s=normal(7, 6), b=normal(8, 6)),
        18,
    ),
    "BatchNormalization of channels": (
        in_a_plane(helper.make_node("BatchNormalization", ["p", "s", "b", "m", "v"], ["q"])),
        plane(s=normal(9, 3), b=normal(10, 3), m=normal(11, 3), v=np.abs(normal(12, 3)) + np.float32(0.2)),
        18,
    ),
    **{
        f"Conv of stride {stride}, dilation {dilation}, pads {pads}": (
            in_a_plane(
                helper.make_node("Conv", ["p", "w", "b"], ["q"], strides=[stride], dilations=[dilation], pads=pads)
            ),
            plane(w=normal(13, 4, 3, kernel), b=normal(14, 4)),
            4 * ((6 + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1),
        )
        for kernel, stride, dilation, pads in (
            (3, 1, 1, [0, 0]),
            (2, 2, 1, [0, 0]),
            (3, 2, 2, [1, 0]),
            (1, 1, 1, [0, 2]),
            (6, 1, 1, [0, 0]),
        )
    },
    **{
        f"Where {name}": (
            [helper.make_node(name, ["obs", "c"], ["is"]), helper.make_node("Where", ["is", "obs", "d"], ["actions"])],
            {"c": row(1), "d": row(2)},
            LENGTH,
        )
        for name in ("Less", "LessOrEqual", "Greater", "GreaterOrEqual")
    },
    "Where of both, not or either": (
        [
            helper.make_node("Less", ["obs", "c"], ["l"]),
            helper.make_node("Greater", ["obs", "d"], ["g"]),
            helper.make_node("And", ["l", "g"], ["both"]),
            helper.make_node("Or", ["l", "g"], ["either"]),
            helper.make_node("Not", ["both"], ["n"]),
            helper.make_node("And", ["n", "either"], ["one"]),
            helper.make_node("Cast", ["one"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Where", ["both", "obs", "number"], ["actions"]),
        ],
        {"c": row(3), "d": row(4)},
        LENGTH,
    ),
    "Where a shape is minus one": (
        # As PyTorch writes x.expand(-1, n).
        [
            helper.make_node("Equal", ["asked", "minus"], ["is"]),
            helper.make_node("Where", ["is", "ones", "asked"], ["shape"]),
            helper.make_node("Expand", ["obs", "shape"], ["e"]),
            helper.make_node("Cast", ["e"], ["b"], to=TensorProto.BOOL),
            helper.make_node("Where", ["b", "e", "e"], ["actions"]),
        ],
        {"asked": np.array([-1, LENGTH]), "minus": np.array([-1, -1]), "ones": np.array([1, 1])},
        LENGTH,
    ),
}


@pytest.mark.parametrize("case", PLANES, ids=str)
def test_values_of_several_rows_and_choices_are_onnxruntimes(tmp_path: Path, case: str) -> None:
    nodes, constants, outputs = PLANES[case]
    found = compare(policy_file(tmp_path, nodes, constants, outputs, 18), 300)
    assert found["largest_error"] <= TOLERANCE, found
    assert found["outputs"] == {"actions": outputs}


def test_a_network_in_half_precision_is_onnxruntimes_but_for_its_rounding(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(normal(15, LENGTH, 7).astype(np.float16), "w")
    tiny = numpy_helper.from_array(np.array([6e-8, 3e-5, 1.0, -2.0, 0.1, 65504.0, -0.0], np.float16), "b")
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT16, [1, n])
        for name, n in (("obs", LENGTH), ("actions", 7))
    ]
    nodes = [helper.make_node("Gemm", ["obs", "w", "b"], ["h"]), helper.make_node("Tanh", ["h"], ["actions"])]
    graph = helper.make_graph(nodes, "half", ports[:1], ports[1:], [weights, tiny])
    file = tmp_path / "half.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    found = compare(file, 200)
    assert found["largest_error_of_row"] <= found["tolerance"] == 2e-3, found
    assert parse(run_gaitway("policy", "compare", file, "--json"))["agrees"] is True


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operator_gives_onnxruntimes_numbers(tmp_path: Path, case: str) -> None:
    nodes, constants, outputs, opset = CASES[case]
    found = compare(policy_file(tmp_path, nodes, constants, outputs, opset), 300)
    assert found["largest_error"] <= TOLERANCE, found
    assert found["outputs"] == {"actions": outputs}


#: What a chain may be made of: each keeps numbers that the others can take.
LINKS = [
    "Tanh",
    "Sigmoid",
    "Elu",
    "Softplus",
    "Softsign",
    "Mish",
    "HardSwish",
    "LeakyRelu",
    "Selu",
    "HardSigmoid",
    "Sin",
    "Cos",
    "Erf",
    "Neg",
    "Softmax",
    "Add",
    "Sub",
    "Mul",
    "Max",
    "Min",
    "PRelu",
    "LayerNormalization",
    "BatchNormalization",
    "Gather",
    "ReduceL2",
    "Concat",
]


def chain(seed: int) -> tuple[list[Any], dict[str, Any]]:
    """Two to nine operators, one after the other, in an order that `seed` chooses."""
    random = np.random.default_rng(seed)
    nodes, constants, value = [], {}, "obs"
    for number in range(random.integers(2, 10)):
        operator, after = str(random.choice(LINKS)), f"v{number}"
        name = f"c{number}"
        if operator in ("Add", "Sub", "Mul", "Max", "Min", "PRelu"):
            constants[name] = random.uniform(0.1, 0.9, LENGTH if random.random() < 0.5 else ()).astype(np.float32)
            nodes.append(helper.make_node(operator, [value, name], [after]))
        elif operator.endswith("Normalization"):
            names = [f"{name}{letter}" for letter in ("sb" if operator.startswith("L") else "sbmv")]
            constants |= {each: random.uniform(0.2, 1.5, LENGTH).astype(np.float32) for each in names}
            # A row of nearly one number has no direction to be brought to length one.
            nodes.append(helper.make_node(operator, [value, *names], [after], epsilon=0.1))
        elif operator == "Gather":
            constants[name] = random.integers(-LENGTH, LENGTH, LENGTH)
            nodes.append(helper.make_node("Gather", [value, name], [after], axis=1))
        elif operator == "ReduceL2":
            nodes.append(helper.make_node(operator, [value, "axis"], [f"{name}n"], keepdims=1))
            nodes.append(helper.make_node("Add", [value, f"{name}n"], [after]))
        elif operator == "Concat":
            constants |= {f"{name}i": np.array([0]), f"{name}j": np.array([7]), f"{name}k": np.array([LENGTH])}
            for part, ends in (("a", "ij"), ("b", "jk")):
                limits = [f"{name}{end}" for end in ends]
                nodes.append(helper.make_node("Slice", [value, *limits, "axis"], [f"{name}{part}"]))
            nodes.append(helper.make_node("Concat", [f"{name}b", f"{name}a"], [after], axis=1))
        else:
            nodes.append(helper.make_node(operator, [value], [after]))
        value = after
    nodes.append(helper.make_node("Identity", [value], ["actions"]))
    return nodes, constants | {"axis": np.array([1])}


@pytest.mark.parametrize("seed", range(150))
def test_a_chain_of_operators_gives_onnxruntimes_numbers(tmp_path: Path, seed: int) -> None:
    nodes, constants = chain(seed)
    found = compare(policy_file(tmp_path, nodes, constants, LENGTH, 18), 50, seed=seed)
    # Rounding that one operator leaves is grown by those after it.
    assert found["largest_error_of_row"] <= 3 * TOLERANCE, (found, [node.op_type for node in nodes])


def test_compare_tells_both_engines_times_and_what_differs(tmp_path: Path) -> None:
    file = policy_file(tmp_path, *CASES["LayerNormalization"])
    found = parse(run_gaitway("policy", "compare", file, "--rows", 40, "--json"))
    assert found["agrees"] is True and found["rows"] == 40 and found["operators"] == {"LayerNormalization": 1}
    assert found["native_ns"] > 0 and found["onnxruntime_ns"] > 0
    assert found["ratio"] == pytest.approx(found["native_ns"] / found["onnxruntime_ns"])
    shown = run_gaitway("policy", "compare", file, "--rows", 40)
    assert shown.returncode == 0
    assert "agrees with onnxruntime on 40 random observations" in shown.stdout and "µs an observation" in shown.stdout


def test_compare_says_what_it_cannot_run_and_which_output_it_asks_for(tmp_path: Path) -> None:
    file = policy_file(tmp_path, one("RandomNormalLike"), {}, LENGTH, 17)
    refused = run_gaitway("policy", "compare", file)
    assert refused.returncode == 2 and "it is random" in refused.stderr
    model = onnx.load(policy_file(tmp_path, one("Tanh"), {}, LENGTH, 17))
    model.graph.node.append(helper.make_node("Abs", ["obs"], ["std"]))
    model.graph.output.append(helper.make_tensor_value_info("std", TensorProto.FLOAT, [1, LENGTH]))
    onnx.save(model, file)
    both = parse(run_gaitway("policy", "compare", file, "--json"))
    assert (both["outputs"], both["agrees"]) == ({"actions": LENGTH, "std": LENGTH}, True)
    alone = parse(run_gaitway("policy", "compare", file, "--output", "std", "--json"))
    assert (alone["outputs"], alone["operators"]) == ({"std": LENGTH}, {"Abs": 1, "Tanh": 1})
    unknown = run_gaitway("policy", "compare", file, "--output", "mean")
    assert unknown.returncode == 2 and 'an output called "mean", found actions, std' in unknown.stderr


def test_a_network_of_no_rows_is_asked_nothing(tmp_path: Path) -> None:
    network = _native.Network(policy_file(tmp_path, *CASES["Tanh"]).read_bytes())
    nothing = np.empty((0, LENGTH), np.float32)
    network.infer(nothing, nothing, 0)
    assert (network.inputs, network.outputs) == ([("obs", [1, LENGTH])], [("actions", [1, LENGTH])])
    assert network.normaliser() is None


def recurrent(kind: str, seed: int, *, bias: bool, state: bool, **attributes: Any) -> tuple[list[Any], dict[str, Any]]:
    """A row through one step of a GRU or an LSTM of 11 hidden numbers, as PyTorch exports it."""
    random, gates, hidden = np.random.default_rng(seed), {"GRU": 3, "LSTM": 4}[kind], 11
    constants: dict[str, Any] = {
        "axis0": np.array([0]),
        "w": random.normal(0, 0.3, (1, gates * hidden, LENGTH)).astype(np.float32),
        "r": random.normal(0, 0.3, (1, gates * hidden, hidden)).astype(np.float32),
    }
    inputs = ["step", "w", "r"]
    if bias or state:
        constants["b"] = random.normal(0, 0.3, (1, 2 * gates * hidden)).astype(np.float32)
        inputs.append("b" if bias else "")
    if state:
        names = ["h", "c"][: 1 + (kind == "LSTM")]
        constants |= {name: random.normal(0, 0.7, (1, 1, hidden)).astype(np.float32) for name in names}
        inputs += ["", *names]
    nodes = [
        helper.make_node("Unsqueeze", ["obs", "axis0"], ["step"]),
        helper.make_node(kind, inputs, ["", "last"], hidden_size=hidden, **attributes),
        helper.make_node("Squeeze", ["last", "axis0"], ["actions"]),
    ]
    return nodes, {name: value for name, value in constants.items() if name != "b" or bias}


@pytest.mark.parametrize("state", [False, True], ids=["from zero", "from a state"])
@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize(
    ("kind", "attributes"),
    [("GRU", {"linear_before_reset": 1}), ("GRU", {}), ("LSTM", {})],
    ids=["GRU of PyTorch", "GRU", "LSTM"],
)
def test_a_step_of_a_recurrent_network_is_onnxruntimes(
    tmp_path: Path, kind: str, attributes: dict[str, Any], bias: bool, state: bool
) -> None:
    nodes, constants = recurrent(kind, 5, bias=bias, state=state, **attributes)
    found = compare(policy_file(tmp_path, nodes, constants, 11, 17), 300)
    assert found["largest_error"] <= TOLERANCE, found


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_every_output_of_a_recurrent_network_is_onnxruntimes(tmp_path: Path, kind: str) -> None:
    nodes, constants = recurrent(kind, 6, bias=True, state=True)
    outputs = ["y", "h_out", "c_out"][: 2 + (kind == "LSTM")]
    nodes[1:] = [helper.make_node(kind, list(nodes[1].input), outputs, hidden_size=11)]
    shapes = {"y": "flat_y", "h_out": "flat_h", "c_out": "flat_c"}
    nodes += [helper.make_node("Reshape", [name, "flat"], [shapes[name]]) for name in outputs]
    nodes.append(helper.make_node("Concat", [shapes[name] for name in outputs], ["actions"], axis=1))
    constants |= {"flat": np.array([1, -1])}
    found = compare(policy_file(tmp_path, nodes, constants, 11 * len(outputs), 17), 300)
    assert found["largest_error"] <= TOLERANCE, found


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"direction": "reverse"}, "direction reverse"),
        ({"clip": 3.0}, "clip"),
        ({"activations": ["Tanh"] * 3}, "activations"),
    ],
)
def test_a_recurrent_network_of_another_kind_is_refused(tmp_path: Path, attributes: dict[str, Any], told: str) -> None:
    nodes, constants = recurrent("LSTM", 7, bias=True, state=False, **attributes)
    with pytest.raises(PolicyError, match=told):
        _native.Network(policy_file(tmp_path, nodes, constants, 11, 17).read_bytes())
