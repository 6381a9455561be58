"""A network beside onnxruntime: the same rows through both, what differs, and how long each takes, in one run."""

import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaitway import _native, extras, files
from gaitway.bench.account import time_calls
from gaitway.errors import PolicyError
from gaitway.onnx_session import open_session

#: How onnxruntime calls a float16, and how far the engines may differ: in half precision onnxruntime rounds what it
#: gives to eleven bits, and the native engine computes in single.
_HALF = "tensor(float16)"
_TOLERANCE, _TOLERANCE_OF_HALF = 1e-5, 2e-3
#: Of a robot that stumbles the observations are so much farther from the mean.
_FAR = 3.0
#: Calls that are timed in a round, and rounds: what slows down one engine slows down both.
_CALLS = 500
_ROUNDS = 5
#: Rows of one call of the native engine: what Python itself costs is small beside them.
_AT_ONCE = 50


def compare(file: Path, rows: int, *, output: str | None = None, seed: int = 0) -> dict[str, Any]:
    """Both engines on `rows` random rows: how far they differ, and the times of a row, ns.

    `largest_error` is the largest |a−b| / (1 + |b|), b being onnxruntime's. For `largest_error_of_row` |b| is the
    largest of its row, and `tolerance` is what it may be: a small number among large ones is what a cancellation left,
    and float32 is no more exact than the numbers that cancelled.

    The rows are of the standard normal distribution. Where the network begins with a normaliser, they are about its
    mean and by its standard deviation, half of them three times as far. Of several inputs, as of several outputs, the
    numbers follow each other; a state is an input and an output like any other. Raises PolicyError for a file that the
    native engine or onnxruntime cannot run.
    """
    np = extras.load("numpy", "sim")
    data = files.read_policy(file)
    network = _native.Network(data, output)
    session = open_session(data)
    theirs = _onnxruntime(session, network)
    is_half = any(value.type == _HALF for value in session.get_inputs())
    inputs = _rows(network, rows, seed)
    if is_half:
        inputs = inputs.astype(np.float16).astype(np.float32)
    ours = np.empty((rows, network.output_len), np.float32)
    network.infer(inputs, ours, rows)
    expected = np.concatenate([theirs(row) for row in inputs])
    distance = np.abs(ours.astype(np.float64) - expected)
    # What both call infinite, or no number, agrees.
    distance[(ours == expected) | (np.isnan(ours) & np.isnan(expected))] = 0.0
    size = np.nan_to_num(np.abs(expected))
    native_ns, onnxruntime_ns = _times(network, theirs, inputs)
    return {
        "file": str(file),
        "inputs": {name: math.prod(dims) for name, dims in network.inputs},
        "outputs": {name: math.prod(dims) for name, dims in network.outputs},
        "parameters": network.parameters,
        "macs": network.macs,
        "cpu_path": network.cpu_path,
        "rows": rows,
        "largest_error": float((distance / (1.0 + size)).max()),
        "largest_error_of_row": float((distance / (1.0 + size.max(axis=1, keepdims=True))).max()),
        "native_ns": native_ns,
        "onnxruntime_ns": onnxruntime_ns,
        "tolerance": _TOLERANCE_OF_HALF if is_half else _TOLERANCE,
        "ratio": native_ns / onnxruntime_ns,
        "operators": _native.survey(data, output)["operators"],
    }


def _rows(network: _native.Network, rows: int, seed: int) -> Any:
    np = extras.load("numpy", "sim")
    made = np.random.default_rng(seed).normal(0.0, 1.0, (rows, network.input_len))
    if (normaliser := network.normaliser()) is not None:
        made[rows // 2 :] *= _FAR
        mean, deviation = map(np.asarray, normaliser)
        made = mean + deviation * made
    return made.astype(np.float32)


def _onnxruntime(session: Any, network: _native.Network) -> Callable[[Any], Any]:
    """One row through onnxruntime, on one thread: its outputs [1, output_len]."""
    np = extras.load("numpy", "sim")
    types = {value.name: value.type for value in session.get_inputs()}
    others = types.keys() - {name for name, _ in network.inputs}
    if others:
        hint = "the native engine leaves them out: the outputs do not need them"
        raise PolicyError(f"onnxruntime asks for more inputs: {', '.join(sorted(others))}", hint=hint)
    names = [name for name, _ in network.outputs]

    def run(row: Any) -> Any:
        fed, start = {}, 0
        for name, dims in network.inputs:
            part = row[start : (start := start + math.prod(dims))].reshape(dims)
            fed[name] = part.astype(np.float16) if types[name] == _HALF else part
        try:
            found = session.run(names, fed)
        except Exception as error:
            raise PolicyError(f"onnxruntime cannot run it: {error}", hint="export the policy again") from error
        return np.concatenate([output.reshape(1, -1) for output in found], axis=1).astype(np.float32)

    return run


def _times(network: _native.Network, theirs: Callable[[Any], Any], inputs: Any) -> tuple[float, float]:
    """Medians over rounds of the median time of a row, ns."""
    np = extras.load("numpy", "sim")
    row, many = inputs[0], np.repeat(inputs[:1], _AT_ONCE, axis=0)
    outputs = np.empty((_AT_ONCE, network.output_len), np.float32)
    native, onnxruntime = [], []
    for _ in range(_ROUNDS):
        at_once = time_calls(lambda _: network.infer(many, outputs, _AT_ONCE), _CALLS // _AT_ONCE)
        native.append(at_once["p50"] / _AT_ONCE)
        onnxruntime.append(time_calls(lambda _: theirs(row), _CALLS)["p50"])
    return statistics.median(native), statistics.median(onnxruntime)
