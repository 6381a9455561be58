"""Measurements beside peers. Every round measures all of them in turn, so a machine that slows down slows all."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from gaitway import _native, extras, files
from gaitway.bench.account import medians, time_calls
from gaitway.controller import Controller
from gaitway.errors import MissingExtraError, PolicyError
from gaitway.onnx_session import OnnxSession, bound_call
from gaitway.policy import Policy
from gaitway.robot import Robot

_Figures = dict[str, float]


def measure_tick(policy: Policy, robot: Robot, ticks: int, rounds: int, *, callgrind: bool) -> dict[str, Any]:
    """Times of a whole tick and of the network alone, in ns, as medians over rounds.

    Ratios compare what was measured in the same round and are medians of these.
    """
    # Heard by numpy's BLAS only before it is loaded: all peers run on one thread.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    controller = Controller(policy, robot)
    peers = {"onnxruntime": _optional(_onnxruntime_call, policy), "numpy": _optional(_numpy_call, policy)}
    samples: dict[str, list[_Figures]] = {name: [] for name in ("tick", "inference", *peers)}
    allocations = 0
    for _ in range(rounds):
        native = _native.tick_times(policy.native, controller.native, ticks)
        allocations += native["allocations"]
        samples["tick"].append(_in_ns(native["tick_ns"]))
        samples["inference"].append(_in_ns(native["inference_ns"]))
        for name, call in peers.items():
            if call is not None:
                samples[name].append({f"{key}_ns": value for key, value in time_calls(call, ticks).items()})
    return {
        "policy": policy.contract.name,
        "file": str(policy.path),
        "cpu_path": policy.native.cpu_path,
        "ticks": ticks,
        "rounds": rounds,
        **{name: medians(figures) if figures else None for name, figures in samples.items()},
        "ratios": {
            "tick_to_inference": _ratio(samples["tick"], samples["inference"]),
            **{f"inference_to_{name}": _ratio(samples["inference"], samples[name]) for name in peers if samples[name]},
        },
        "allocations_per_tick": allocations / (ticks * rounds),
        "instructions_per_inference": _instructions(policy.path) if callgrind else None,
        "macs": policy.native.macs,
    }


def _optional(make: Callable[[Policy], Callable[[int], object]], policy: Policy) -> Callable[[int], object] | None:
    try:
        return make(policy)
    except MissingExtraError:
        return None


def _in_ns(figures: "_native.Quantiles") -> _Figures:
    names: tuple[Literal["p50", "p99", "p99_9", "max"], ...] = ("p50", "p99", "p99_9", "max")
    return {f"{name}_ns": figures[name] for name in names}


def _ratio(figures: list[_Figures], others: list[_Figures]) -> float:
    pairs = zip(figures, others, strict=True)
    return statistics.median(mine["p50_ns"] / theirs["p50_ns"] for mine, theirs in pairs)


def _onnxruntime_call(policy: Policy) -> Callable[[int], object]:
    """One inference by onnxruntime: one thread, input and output bound once."""
    np = extras.load("numpy", "sim")
    network = OnnxSession(files.read_policy(policy.path), policy.contract)
    observation = np.zeros((1, policy.contract.observation_len), np.float32)
    action = np.empty((1, policy.contract.action_len), np.float32)
    if len(network.inputs) + len(network.outputs) + network.state_len > 2:
        hint = "gaitway policy compare measures them"
        raise PolicyError("expected a network of one input and one output, found more", hint=hint)
    return bound_call(network.native, {network.inputs[0][0]: observation}, {network.outputs[0]: action})


def _numpy_call(policy: Policy) -> Callable[[int], object]:
    """One inference by numpy, node by node, on one thread where its BLAS listens."""
    onnx, np = extras.load("onnx", "bench"), extras.load("numpy", "sim")
    graph = onnx.load(str(policy.path)).graph
    values: dict[str, Any] = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    values[graph.input[0].name] = np.zeros((1, policy.contract.observation_len), np.float32)
    unknown = sorted({node.op_type for node in graph.node} - _NUMPY_OPERATORS)
    if unknown:
        raise MissingExtraError(
            f"the numpy peer does not know {', '.join(unknown)}", hint="it knows the known policies"
        )
    steps = [(node.op_type, list(node.input), list(node.output), _attributes(onnx, node)) for node in graph.node]

    def call(_: int) -> object:
        for operator, inputs, outputs, attributes in steps:
            result = _numpy_node(np, operator, [values[name] for name in inputs], attributes, len(outputs))
            values.update(zip(outputs, result if isinstance(result, list) else [result], strict=True))
        return values[graph.output[0].name]

    return call


def _attributes(onnx: Any, node: Any) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


_NUMPY_OPERATORS = frozenset(
    {"Abs", "Add", "Clip", "Elu", "Gemm", "MatMul", "Mul", "Relu", "Sigmoid", "Split", "Sub", "Tanh"}
)


def _numpy_node(np: Any, operator: str, x: list[Any], attributes: dict[str, Any], outputs: int) -> Any:
    """The operators of the policies that ship or are recognised."""
    match operator:
        case "Sub":
            return x[0] - x[1]
        case "Mul":
            return x[0] * x[1]
        case "Add":
            return x[0] + x[1]
        case "MatMul":
            return x[0] @ x[1]
        case "Gemm":
            return x[0] @ (x[1].T if attributes.get("transB") else x[1]) + x[2]
        case "Sigmoid":
            return 1 / (1 + np.exp(-x[0]))
        case "Tanh":
            return np.tanh(x[0])
        case "Elu":
            return np.where(x[0] > 0, x[0], np.expm1(np.minimum(x[0], 0)))
        case "Relu":
            return np.maximum(x[0], 0)
        case "Abs":
            return np.abs(x[0])
        case "Clip":
            return np.clip(x[0], x[1], x[2])
        case "Split":
            return np.split(x[0], outputs, axis=-1)
    raise AssertionError(f"{operator} is not in _NUMPY_OPERATORS")


_COUNTED = """
import sys
from array import array
from gaitway import _native
from gaitway.policy import Policy
policy = Policy.load(sys.argv[1])
rows = int(sys.argv[2])
contract = policy.contract
observations = array("f", bytes(4 * rows * contract.observation_len))
actions = array("f", bytes(4 * rows * contract.action_len))
policy.native.infer(observations, actions, rows)
"""


def _instructions(path: Path) -> int | None:
    """Instructions of one inference under callgrind: what 1,000 more of them cost; `None` without valgrind.

    Valgrind's CPU has no AVX-512: the count is that of the AVX2 kernels.
    """
    if shutil.which("valgrind") is None:
        return None
    few, many = (_total_instructions(path, rows) for rows in (1000, 2000))
    return None if few is None or many is None else round((many - few) / 1000)


def _total_instructions(path: Path, rows: int) -> int | None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        command += [sys.executable, "-c", _COUNTED, str(path), str(rows)]
        # A fixed hash seed: the interpreter itself then runs the same instructions twice.
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
        lines = [line for line in result.stderr.splitlines() if "Collected" in line]
        return int(lines[0].split(":")[1]) if result.returncode == 0 and lines else None
