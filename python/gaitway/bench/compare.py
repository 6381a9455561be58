"""A network beside onnxruntime: the same rows through both, what differs, and how long each takes, in one run."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaitway import _native, extras, files
from gaitway.bench.account import time_calls
from gaitway.errors import PolicyError
from gaitway.onnx_session import open_session

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
    largest of its row: a small number among large ones is what a cancellation left, and float32 is no more exact than
    the numbers that cancelled.

    The rows are of the standard normal distribution. Where the network begins with a normaliser, they are about its
    mean and by its standard deviation, half of them three times as far. Raises PolicyError for a file that the native
    engine or onnxruntime cannot run.
    """
    np = extras.load("numpy", "sim")
    data = files.read_policy(file)
    network = _native.Network(data, output)
    theirs = _onnxruntime(data, network)
    inputs = _rows(network, rows, seed)
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
        "input_len": network.input_len,
        "output_len": network.output_len,
        "parameters": network.parameters,
        "macs": network.macs,
        "cpu_path": network.cpu_path,
        "rows": rows,
        "largest_error": float((distance / (1.0 + size)).max()),
        "largest_error_of_row": float((distance / (1.0 + size.max(axis=1, keepdims=True))).max()),
        "native_ns": native_ns,
        "onnxruntime_ns": onnxruntime_ns,
        "ratio": native_ns / onnxruntime_ns,
        "operators": _native.survey(data, network.output)["operators"],
    }


def _rows(network: _native.Network, rows: int, seed: int) -> Any:
    np = extras.load("numpy", "sim")
    made = np.random.default_rng(seed).normal(0.0, 1.0, (rows, network.input_len))
    if (normaliser := network.normaliser()) is not None:
        made[rows // 2 :] *= _FAR
        mean, deviation = map(np.asarray, normaliser)
        made = mean + deviation * made
    return made.astype(np.float32)


def _onnxruntime(data: bytes, network: _native.Network) -> Callable[[Any], Any]:
    """One row through onnxruntime, on one thread: its output [1, output_len]."""
    session = open_session(data)
    (rank,) = (len(value.shape) for value in session.get_inputs() if value.name == network.input)
    shape = (1,) * (rank - 1) + (network.input_len,)
    others = {value.name for value in session.get_inputs()} - {network.input}
    if others:
        hint = "the native engine leaves them out: the output does not need them"
        raise PolicyError(f"onnxruntime asks for more inputs: {', '.join(sorted(others))}", hint=hint)

    def run(row: Any) -> Any:
        try:
            return session.run([network.output], {network.input: row.reshape(shape)})[0].reshape(1, -1)
        except Exception as error:
            raise PolicyError(f"onnxruntime cannot run it: {error}", hint="export the policy again") from error

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
