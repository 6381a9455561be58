"""An actor as an ONNX graph, of operators every engine has."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitway import extras
from gaitway.contract import Contract
from gaitway.train.catch import Catch
from gaitway.train.network import Calibration, MirrorNet, Normaliser
from gaitway.train.swing import Swing


class _Graph:
    """Nodes and weights; every node has one output, named by who adds it."""

    def __init__(self) -> None:
        self._onnx = extras.load("onnx", "train")
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        data = np.ascontiguousarray(value, dtype=np.float32)
        self.weights.append(self._onnx.numpy_helper.from_array(data, name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **settings: int) -> str:
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], **settings))
        return output

    def clip(self, row: str, low: float, high: float, output: str) -> str:
        bounds = [self.constant(f"{output}_{end}", np.array(value)) for end, value in (("low", low), ("high", high))]
        return self.node("Clip", [row, *bounds], output)

    def times(self, row: str, name: str, matrix: NDArray[Any], output: str) -> str:
        return self.node("MatMul", [row, self.constant(name, matrix)], output)

    def finish(self, contract: Contract, names: dict[str, str]) -> bytes:
        helper, number = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            contract.name,
            [helper.make_tensor_value_info(names["input"], number, [1, contract.observation_len])],
            [helper.make_tensor_value_info(names["output"], number, [1, contract.action_len])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        model.producer_name = "gaitway"
        self._onnx.checker.check_model(model)
        data: bytes = model.SerializeToString()
        return data


def onnx_bytes(actor: MirrorNet, contract: Contract) -> bytes:
    """The actor's parts in the order in which it applies them."""
    names = json.loads(contract.to_json())["network"]
    graph, row = _Graph(), names["input"]
    if actor.calibration is not None:
        row = _calibrated(graph, actor.calibration, row)
    if actor.catch is not None:
        row = _caught(graph, actor.catch, row)
    if actor.swing is None:
        _learned(graph, actor, row, names["output"])
    else:
        learned = _learned(graph, actor, row, "learned")
        graph.node("Add", [learned, _flexion(graph, actor.swing, row)], names["output"])
    return graph.finish(contract, names)


def _calibrated(graph: _Graph, calibration: Calibration, row: str) -> str:
    commands = graph.times(row, "parts", calibration.parts, "commands")
    beyond = graph.node("Sub", [commands, graph.constant("begins", calibration.begins[None])], "parts_beyond")
    asked = graph.node("Relu", [beyond], "asked")
    correction = graph.times(asked, "corrections", calibration.corrections, "correction")
    return graph.node("Add", [row, correction], "calibrated")


def _caught(graph: _Graph, catch: Catch, row: str) -> str:
    tipping = graph.times(row, "tip", catch.tip, "tipping")
    walk = _walk(graph, catch.speed, row, "walk")
    stands = graph.node("Relu", [graph.node("Sub", [graph.constant("one", np.ones((1, 2))), walk], "rests")], "stands")
    beyond = graph.node("Sub", [tipping, graph.constant("begin", np.full((1, 2), catch.begin))], "beyond")
    share = graph.node("Mul", [graph.clip(beyond, 0.0, 1.0, "tips"), stands], "answered")
    return graph.node("Add", [row, graph.times(share, "answers", catch.commands, "added")], "caught")


def _learned(graph: _Graph, actor: MirrorNet, row: str, output: str) -> str:
    normaliser = actor.normaliser
    centred = graph.node("Sub", [row, graph.constant("mean", normaliser.shift.numpy())], "centred")
    scaled = graph.node("Mul", [centred, graph.constant("scale", normaliser.scale.numpy())], "scaled")
    row = graph.clip(scaled, -Normaliser.CLIP, Normaliser.CLIP, "row0")
    *hidden, last = [
        [graph.constant(f"weight{index}", weight), graph.constant(f"bias{index}", bias)]
        for index, (weight, bias) in enumerate(actor.dense())
    ]
    for index, layer in enumerate(hidden):
        row = graph.node("Elu", [graph.node("Gemm", [row, *layer], f"sum{index}", transB=1)], f"row{index + 1}")
    return graph.node("Gemm", [row, *last], output, transB=1)


def _flexion(graph: _Graph, swing: Swing, row: str) -> str:
    swings = graph.node("Relu", [graph.times(row, "clock", swing.clock, "legs_in_turn")], "swings")
    share = graph.clip(_walk(graph, swing.speed, row, "amount"), 0.0, 1.0, "share")
    return graph.times(graph.node("Mul", [swings, share], "swing"), "legs", swing.legs, "flexion")


def _walk(graph: _Graph, speed: NDArray[np.float32], row: str, output: str) -> str:
    """How much of a walk is asked for, once for each of two columns."""
    amounts = graph.node("Abs", [graph.times(row, f"{output}_speed", speed, f"{output}_speeds")], f"{output}_amounts")
    return graph.times(amounts, f"{output}_both", np.ones((3, 2)), output)
