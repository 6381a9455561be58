"""From a checkpoint to a policy file that says everything about itself, and is checked before anybody trusts it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitway import _native, extras, files
from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.golden import vectors
from gaitway.onnx_session import OnnxSession
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim.description import Description
from gaitway.sim.loader import description_of
from gaitway.train.calibration import calibrate
from gaitway.train.config import Config, Ppo
from gaitway.train.graph import onnx_bytes
from gaitway.train.network import MirrorNet, actor_of

#: Largest difference between own engine, onnxruntime and the network that was trained.
TOLERANCE = 1e-4
_BUG = "this is a bug: please report it with the run's folder"


def _tell_nobody(_: str) -> None:
    """For programs that wait for the result alone."""


def export_run(robot: Robot, folder: Path, path: Path, tell: Callable[[str], None] = _tell_nobody) -> dict[str, Any]:
    """Writes the policy of the last checkpoint of the run in `folder`: beside it its contract, to read, and its card.
    `tell` is told what it is at.

    Raises TrainingError, with nothing written, where an engine differs from the trained network by more than
    TOLERANCE, or from the golden vectors by more than theirs.
    """
    from gaitway.train import checkpoint, runs
    from gaitway.train.config import load
    from gaitway.train.trainer import Progress

    runs.check_folder(folder)
    tell("reading the checkpoint")
    saved = checkpoint.read(folder)
    description = description_of(robot)
    config, contract = load(folder / runs.CONFIG, [], description), runs.read_contract(folder)
    extras.load("torch", "train").set_num_threads(config.run.threads)
    with checkpoint.understood(folder):
        progress = vars(Progress.of(saved["progress"]))
        actor = _actor(saved["averaged"], contract, description, config.ppo)
        observations = saved["robots"]["rows"]["observation"].numpy()
    steps = progress["steps"]
    errors = calibrate(robot, contract, config, actor, tell)
    described = json.loads(contract.to_json())
    described["provenance"] = {
        # No times and no names of machines: the same run gives the same bytes.
        "source": f"Gaitway {_native.VERSION}, task {config.run.task}, PPO from nothing: {steps} control steps, "
        f"seed {config.run.seed}",
        "licence": "MIT",
    }
    network = onnx_bytes(actor, contract)
    described["weights_sha256"] = hashlib.sha256(network).hexdigest()
    tell("computing golden ticks")
    golden = vectors.build(described, vectors.onnxruntime_network(network, described))
    text = vectors.text(described, golden)
    contract = Contract.from_json(text)
    data = _native.embed(network, contract)
    tell("comparing the engines with the trained network")
    differences = check(actor, data, robot, path, observations)
    files.write_bytes(path, data, "policy")
    files.write_bytes(path.with_suffix(".json"), text.encode(), "contract")
    how = json.loads(files.read_text(folder / runs.HOW, "provenance of the run"))
    files.write_bytes(path.with_suffix(".md"), card(contract, config, progress, errors, how).encode(), "model card")
    return {
        "path": str(path),
        "bytes": len(data),
        "golden_ticks": len(golden["ticks"]),
        "calibration": errors,
        "differences": differences,
    }


def check(
    actor: MirrorNet, data: bytes, robot: Robot, path: Path, observations: NDArray[np.float32]
) -> dict[str, float]:
    """Largest difference of own engine and onnxruntime to the trained network, on observations [k, w].

    The golden vectors in the file are checked with them.
    """
    torch = extras.load("torch", "train")
    policy = Policy.from_bytes(data, path, robot=robot)
    with torch.no_grad():
        trained = actor(torch.from_numpy(observations)).numpy()
    session = OnnxSession(data, policy.contract)
    foreign = np.stack([session.run(row, np.zeros(session.state_len, np.float32)) for row in observations])
    differences = {
        "native": float(np.abs(policy.infer(observations) - trained).max()),
        "onnxruntime": float(np.abs(foreign - trained).max()),
    }
    for engine, difference in differences.items():
        if not difference <= TOLERANCE:
            raise TrainingError(
                f"export: {engine} differs from the trained network by {difference:g}, expected at most {TOLERANCE:g}",
                hint=_BUG,
            )
    report = _native.check(policy.native, robot.native)
    if report is None or report["findings"]:
        found = report["findings"] if report else "none"
        raise TrainingError(f"export: golden vectors: expected no finding, found {found}", hint=_BUG)
    return differences


def card(
    contract: Contract,
    config: Config,
    progress: dict[str, Any],
    calibration: list[dict[str, float]],
    how: dict[str, Any],
) -> str:
    """What a person should know of a policy before it moves their robot."""
    last = progress["curve"][-1]
    errors = ", ".join(f"{last[f'error/{axis}']:.3f}" for axis in VELOCITY_AXES if f"error/{axis}" in last)
    ends = (calibration[0], calibration[-1]) if calibration else ()
    calm = (
        "; ".join(", ".join(f"{errors_of[axis]:.3f}" for axis in VELOCITY_AXES) for errors_of in ends) or "not measured"
    )
    rewards = "\n".join(
        f"| {name} | {weight.weight:g} | {weight.to:g} | {last[f'reward/{name}']:.4g} |"
        for name, weight in config.rewards.items()
    )
    return f"""# {contract.name}

Trained from nothing by `{how["command"]}`: {progress["steps"] / 1e6:.2f} million control steps in
{progress["seconds"] / 60:.1f} minutes, {progress["falls"]} falls on the way.

| | |
|---|---|
| robot | {json.loads(contract.to_json())["robot"]["profile"]} |
| observation, action | {contract.observation_len}, {contract.action_len} |
| rate | {contract.policy_rate_hz} Hz |
| mean errors of a gait's mean velocity at the end, with noise, pushes and exploration | {errors} m/s, m/s, rad/s |
| of robots as they were measured, without all that; after calibration | {calm} |
| Gaitway, commit | {how["gaitway"]["version"]}, {how["commit"]} |
| torch, MuJoCo | {how["torch"]}, {how["mujoco"]} |

`gaitway eval` says how good it is. Rewards, with their weights at the beginning and at the end of the run, and their
last mean:

| reward | from | to | mean |
|---|---|---|---|
{rewards}
"""


def _actor(state: dict[str, Any], contract: Contract, description: Description, ppo: Ppo) -> MirrorNet:
    actor = actor_of(contract, description, ppo)
    actor.load_state_dict(state)
    return actor
