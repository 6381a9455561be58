"""An actor as an ONNX graph, of operators every engine has."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitway import extras
from gaitway.contract import Contract
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
    if actor.swing is None:
        _learned(graph, actor, row, names["output"])
    else:
        learned = _learned(graph, actor, row, "learned")
        graph.node("Add", [learned, _flexion(graph, actor.swing, row)], names["output"])
    return graph.finish(contract, names)


def _calibrated(graph: _Graph, calibration: Calibration, row: str) -> str:
    asked = graph.node("Relu", [graph.times(row, "parts", calibration.parts, "commands")], "asked")
    correction = graph.times(asked, "corrections", calibration.corrections, "correction")
    return graph.node("Add", [row, correction], "calibrated")


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
    speeds = graph.node("Abs", [graph.times(row, "speed", swing.speed, "speeds")], "amounts")
    share = graph.clip(
        graph.times(speeds, "both", np.ones((swing.speed.shape[1], swing.clock.shape[1])), "amount"), 0.0, 1.0, "share"
    )
    return graph.times(graph.node("Mul", [swings, share], "swing"), "legs", swing.legs, "flexion")
