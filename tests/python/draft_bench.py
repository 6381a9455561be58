"""Bare ONNX files for drafts of contracts, and what a person answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from program import parse, run_gaitway

import gaitway

ROBOTS = Path(__file__).parent / "robots"
GO2 = ROBOTS / "go2_like" / "profile.toml"
G1 = ROBOTS / "g1_like" / "profile.toml"
Json = dict[str, Any]


def bare(
    folder: Path, metadata: dict[str, str] | None = None, observations: int = 51, actions: int = 14, name: str = "walk"
) -> Path:
    """A network of one layer, with metadata and no contract."""
    weights = np.random.default_rng(3).normal(0, 0.2, (observations, actions)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["actions"])],
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, observations])],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, actions])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    file = folder / f"{name}.onnx"
    onnx.save(model, file)
    return file


def to_green(
    file: Path, robot: Path | str, folder: Path, answer: Callable[[Json], None], *options: object
) -> tuple[Json, gaitway.Policy]:
    """Draft, answers, embed, check, as the documentation has them: the draft, and the policy that passed."""
    contract, out = folder / "contract.json", folder / "out.onnx"
    begun = parse(run_gaitway("policy", "draft", file, "--robot", robot, "-o", contract, "--json", *options))
    described = json.loads(contract.read_text())
    answer(described)
    contract.write_text(json.dumps(described))
    embedded = run_gaitway("policy", "embed", file, contract, "-o", out, "--robot", robot)
    assert embedded.returncode == 0, embedded.stderr
    checked = parse(run_gaitway("policy", "check", out, "--robot", robot, "--json"))
    assert checked["passed"] is True and checked["golden"]["actions_checked"] is True
    return begun, gaitway.Policy.load(out, robot=gaitway.Robot.load(robot))


def asked(begun: Json) -> dict[str, str]:
    """The questions of a draft as JSON, by their place."""
    return {question["path"]: question["question"] for question in begun["questions"]}
