"""Networks of all sizes beside onnxruntime: one row's time, by where the weights are when it begins."""

import math
import re
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from gaitway import _native, extras, files
from gaitway.bench.account import time_calls
from gaitway.bench.clock import Progress
from gaitway.errors import PolicyError
from gaitway.onnx_session import bound_call, open_session

#: Lengths of the rows between the layers of public policies of legged robots, and of larger networks.
SHAPES = (
    (45, 128, 64, 32, 12),
    (48, 256, 128, 64, 12),
    (101, 512, 256, 128, 14),
    (235, 512, 256, 128, 12),
    (1410, 256, 128, 64, 29),
    (600, 512, 512, 256, 29),
    (1410, 512, 256, 128, 29),
    (1410, 768, 512, 256, 29),
    (2000, 1024, 512, 256, 29),
    (2000, 1024, 1024, 512, 29),
    (2000, 1536, 1024, 512, 29),
)
#: The largest ratio to onnxruntime on one thread that is promised, where the weights fit L2 and where they do not.
MAX_RATIO_IN_L2, MAX_RATIO_BEYOND = 0.6, 0.95
#: Calls of one measurement with warm caches; the native engine runs many rows at once: what Python costs is small then.
_CALLS, _AT_ONCE = 200, 20
#: Calls of one with cold caches. Before each so much is read: more than any L2 holds, and than all caches of a board.
_COLD_CALLS, _EVICTING_BYTES = 5, 32 << 20


def measure_nets(policies: Sequence[Path], rounds: int, progress: Progress) -> dict[str, Any]:
    """A row's time in each of the files, or in networks of known shapes where there are none, as medians over rounds.

    Warm is called again and again; before each cold call other memory was read, as by whatever runs between two ticks.
    Ratios are of the same round.
    """
    networks = [(str(file), files.read_policy(file)) for file in policies]
    networks = networks or [("-".join(map(str, shape)), perceptron(shape)) for shape in SHAPES]
    l2_bytes, evict, rows = l2_size(), _evictor(), []
    for done, (name, data) in enumerate(networks):
        progress(name, done, len(networks))
        try:
            rows.append({"network": name, **_measure(data, rounds, l2_bytes, evict)})
        except PolicyError as error:
            raise PolicyError(f"{name}: {error.message}", hint=error.hint) from error
    return {"rounds": rounds, "l2_bytes": l2_bytes, "networks": rows}


def perceptron(shape: Sequence[int]) -> bytes:
    """An ONNX file: layers with Elu between them, of random weights."""
    onnx, np = extras.load("onnx", "bench"), extras.load("numpy", "sim")
    helper, random = onnx.helper, np.random.default_rng(0)
    nodes, constants, row = [], [], "obs"
    for layer, (inputs, outputs) in enumerate(pairwise(shape)):
        weights = random.normal(0.0, inputs**-0.5, (outputs, inputs))
        for name, values in ((f"w{layer}", weights), (f"b{layer}", random.normal(0.0, 0.1, outputs))):
            constants.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
        if layer > 0:
            nodes.append(helper.make_node("Elu", [row], [f"a{layer}"]))
            row = f"a{layer}"
        nodes.append(helper.make_node("Gemm", [row, f"w{layer}", f"b{layer}"], [f"h{layer}"], transB=1))
        row = f"h{layer}"
    ports = [helper.make_tensor_value_info(n, 1, [1, length]) for n, length in (("obs", shape[0]), (row, shape[-1]))]
    graph = helper.make_graph(nodes, "perceptron", ports[:1], ports[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def l2_size(caches: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the first core's L2; `None` where the system does not say."""
    for cache in sorted(caches.glob("index*")):
        level, size = (_text(cache / name) for name in ("level", "size"))
        if level == "2" and (number := re.fullmatch(r"(\d+)([KM])", size)):
            return int(number[1]) << (10 if number[2] == "K" else 20)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _measure(data: bytes, rounds: int, l2_bytes: int | None, evict: Callable[[], object]) -> dict[str, Any]:
    network = _native.Network(data, None)
    native, many = _native_call(network, 1), _native_call(network, _AT_ONCE)
    one_thread, by_default = (_onnxruntime_call(data, network, threads) for threads in (1, 0))
    weights_bytes = 4 * network.parameters
    fits_l2 = None if l2_bytes is None else weights_bytes <= l2_bytes
    return {
        "cpu_path": network.cpu_path,
        "weights_bytes": weights_bytes,
        "fits_l2": fits_l2,
        "max_ratio": MAX_RATIO_IN_L2 if fits_l2 else MAX_RATIO_BEYOND,
        "warm": in_turns(
            {
                "native": lambda: time_calls(many, _CALLS // _AT_ONCE)["p50"] / _AT_ONCE,
                "onnxruntime": lambda: time_calls(one_thread, _CALLS)["p50"],
                "onnxruntime_threads": lambda: time_calls(by_default, _CALLS)["p50"],
            },
            rounds,
        ),
        "cold": in_turns(
            {
                "native": lambda: _cold_ns(native, evict),
                "onnxruntime": lambda: _cold_ns(one_thread, evict),
                "onnxruntime_threads": lambda: _cold_ns(by_default, evict),
            },
            rounds,
        ),
    }


def in_turns(measurements: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Medians over rounds of each measurement, ns, and of the first one as part of each other."""
    times = [{name: measure() for name, measure in measurements.items()} for _ in range(rounds)]
    ours, *peers = measurements
    medians = {f"{name}_ns": statistics.median(each[name] for each in times) for name in measurements}
    return medians | {
        f"ratio_to_{name}": statistics.median(each[ours] / each[name] for each in times) for name in peers
    }


def _cold_ns(call: Callable[[int], object], evict: Callable[[], object]) -> float:
    times = []
    for number in range(_COLD_CALLS):
        evict()
        start = time.perf_counter_ns()
        call(number)
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)


def _evictor() -> Callable[[], object]:
    """Reads so much other memory that the caches hold nothing else."""
    np = extras.load("numpy", "sim")
    other = np.ones(_EVICTING_BYTES // 4, np.float32)
    return lambda: other.sum()


def _native_call(network: _native.Network, rows: int) -> Callable[[int], object]:
    np = extras.load("numpy", "sim")
    inputs = np.tile(_row(network), (rows, 1))
    outputs = np.empty((rows, network.output_len), np.float32)
    return lambda _: network.infer(inputs, outputs, rows)


def _onnxruntime_call(data: bytes, network: _native.Network, threads: int) -> Callable[[int], object]:
    """A row through onnxruntime, with inputs and outputs bound once."""
    np = extras.load("numpy", "sim")
    session = open_session(data, threads)
    others = {value.name for value in session.get_inputs()} ^ {name for name, _ in network.inputs}
    halves = [value.name for value in session.get_inputs() if value.type != "tensor(float)"]
    if others or halves:
        hint = "measure files whose inputs are all float32, and needed"
        raise PolicyError(f"onnxruntime asks for other inputs: {', '.join([*others, *halves])}", hint=hint)
    row, start, fed = _row(network)[0], 0, {}
    for name, dims in network.inputs:
        fed[name] = row[start : (start := start + math.prod(dims))].reshape(dims).copy()
    names = [name for name, _ in network.outputs]
    given = {name: np.empty_like(found) for name, found in zip(names, session.run(names, fed), strict=True)}
    return bound_call(session, fed, given)


def _row(network: _native.Network) -> Any:
    np = extras.load("numpy", "sim")
    return np.random.default_rng(0).normal(0.0, 1.0, (1, network.input_len)).astype(np.float32)
