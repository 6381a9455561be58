"""Golden ticks of a contract that has none, made while it is written into its file."""

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway.errors import PolicyError

if TYPE_CHECKING:
    from gaitway.contract import Contract
    from gaitway.robot import Robot


def with_golden(description: "Contract", data: bytes, file: Path, robot: "Robot") -> "Contract":
    """The contract with golden ticks of the network in `data`, the content of the ONNX file `file`.

    Their actions are onnxruntime's where it is installed, else the native engine's own. Raises PolicyError for a
    network that does not fit the contract, and for a contract that the builder does not implement.
    """
    from gaitway import _native, extras

    np = extras.load("numpy", "sim")
    from gaitway.contract import Contract
    from gaitway.golden import vectors
    from gaitway.golden.tick import UnsupportedContractError
    from gaitway.policy import Policy

    is_installed = importlib.util.find_spec("onnxruntime") is not None
    engine, made_by = ("onnxruntime", vectors.MADE_BY) if is_installed else ("native", vectors.MADE_WITHOUT_ONNXRUNTIME)
    policy = Policy.from_bytes(_native.embed(data, description), file, robot=robot, engine=engine)
    contract = json.loads(description.to_json())
    try:
        state = np.zeros(policy.state_len, np.float32)
        golden = vectors.build(
            contract,
            lambda observation: policy.infer(observation[None], state)[0],
            forget=lambda: state.fill(0.0),
            made_by=made_by,
        )
    except UnsupportedContractError as error:
        hint = "add golden ticks of your own training: docs/formats.md describes them"
        raise PolicyError(f"contract {description.name}: no golden ticks can be made: {error}", hint=hint) from error
    return Contract.from_json(json.dumps(contract | {"golden": golden}))
