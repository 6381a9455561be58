"""Golden vectors for a policy contract: what an independent reading of it makes of invented sensors and commands.

    python -m gaitway.golden.vectors CONTRACT.json MODEL.onnx -o OUT.json

Works out, for every tick, the observation, the action (by onnxruntime) and the target that is fed back. OUT.json is
the contract with these ticks in `golden`; vectors it already had are replaced. `gaitway policy embed` makes them by
itself for a contract without. The last of seven digits may differ between machines, as onnxruntime's own arithmetic
does.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitway.golden.tick import (
    ActionMap,
    Attitude,
    Envelope,
    GaitClock,
    Gravity,
    Object,
    Past,
    Row,
    Term,
    UnsupportedContractError,
    float32,
    known,
    laid_out,
    one_of,
)

Network = Callable[[Row], Row]

MADE_BY = "gaitway.golden (numpy, onnxruntime)"
#: Where onnxruntime is not installed: observation and targets are checked by them, the network is not.
MADE_WITHOUT_ONNXRUNTIME = "gaitway.golden (numpy; actions by the native engine)"
TOLERANCE = 1e-5
#: Ticks of each episode. The first is longer than a gait of 27, so that the phase is seen to wrap.
EPISODES = (29, 11)
SENSOR_DECIMALS = 4
DIGITS = 7


def wave(random: np.random.Generator, ticks: int, centre: Any, spread: Any) -> NDArray[np.float64]:
    """[ticks, n] of smooth curves with a little noise, every column another, about `centre`, by about ±`spread`."""
    centre, spread = np.broadcast_arrays(np.atleast_1d(centre), np.atleast_1d(spread))
    time = np.arange(ticks)[:, None, None]
    period_ticks = random.uniform((7.0, 11.0, 23.0), (11.0, 23.0, 50.0), (len(centre), 3))
    start = random.uniform(0.0, 2.0 * np.pi, (len(centre), 3))
    curves = np.sin(2.0 * np.pi * time / period_ticks + start) @ np.array([0.35, 0.45, 0.45])
    noise = random.normal(0.0, 0.05, curves.shape)
    rows: NDArray[np.float64] = centre + spread * (curves + noise)
    return rows


def contacts(random: np.random.Generator, ticks: int, count: int = 2) -> NDArray[np.float64]:
    """[ticks, count] of zeros and ones that last 2 to 7 ticks, each contact by itself."""
    feet = []
    for foot in range(count):
        holds = random.integers(2, 8, ticks)
        values = (np.arange(ticks) + foot) % 2
        feet.append(np.repeat(values, holds)[:ticks])
    return np.stack(feet, axis=1).astype(float)


def commands(random: np.random.Generator, axes: Sequence[Object], ticks: int) -> NDArray[np.float64]:
    """[ticks, axes]: mostly within the envelope, at times outside; for five ticks the robot is to stand."""
    low = np.array([axis["min"] for axis in axes], dtype=float)
    high = np.array([axis["max"] for axis in axes], dtype=float)
    rows = wave(random, ticks, (low + high) / 2.0, 0.55 * (high - low))
    for column, axis in enumerate(axes):
        if axis["unit"].endswith("/s"):
            rows[12:17, column] = axis.get("idle", 0.0)
    return rows


def inputs(contract: Object, seed: int, episodes: Sequence[int]) -> list[dict[str, Any]]:
    """Sensors and requested commands of every tick, such as a walking robot has."""
    random = np.random.Generator(np.random.PCG64(seed))
    observed = contract.get("observed_joints", contract["action"]["joints"])
    default_pose = [joint["default_rad"] for joint in observed]
    ticks = []
    for length in episodes:
        joints = len(default_pose)
        columns = {
            "gyro": wave(random, length, np.zeros(3), 1.0),
            "accelerometer": wave(random, length, [0.0, 0.0, 9.81], 3.0),
            "foot_contact": contacts(random, length, len(contract.get("contacts", ("left", "right")))),
            "joint_position": wave(random, length, default_pose, 0.2),
            "joint_velocity": wave(random, length, np.zeros(joints), 2.0),
            "command": commands(random, contract["command"], length),
        }
        for tick in range(length):
            rows = {name: np.round(rows[tick], SENSOR_DECIMALS) + 0.0 for name, rows in columns.items()}
            ticks.append({"reset": tick == 0, **{name: row.tolist() for name, row in rows.items()}})
    return ticks


def shortened(values: Row) -> Row:
    """`values` to as many digits as are written down: what is written is what the next tick is fed."""
    return float32([float(f"{float(value):.{DIGITS}g}") for value in values])


def build(
    contract: Object,
    network: Network,
    *,
    seed: int = 1,
    episodes: Sequence[int] = EPISODES,
    distort: Callable[[Row], Row] | None = None,
    forget: Callable[[], None] = lambda: None,
    made_by: str = MADE_BY,
) -> dict[str, Any]:
    """The golden vectors of `contract`, whose network is `network`, and which `forget` brings back to its first tick.

    `distort` changes every observation before the network sees it: what a trainer with a fault would have done.
    """
    known(
        "contract",
        contract,
        "schema name description weights_sha256 robot policy_rate_hz network observation action head_command command "
        "gains reset provenance",
        "phase golden contacts history observed_joints",
    )
    one_of("schema", contract["schema"], "gaitway.contract/1", "gaitway.contract/2")
    actions = ActionMap(contract)
    envelope = Envelope(contract["command"], contract["policy_rate_hz"])
    clock = GaitClock(contract.get("phase"))
    gravity = Gravity(contract["policy_rate_hz"])
    attitude = Attitude(contract["policy_rate_hz"])
    past = Past(contract["reset"], actions.default_pose)
    terms = laid_out(contract, actions.default_pose)
    joints = len(actions.default_pose)
    ticks, tick = [], 0
    for sample in inputs(contract, seed, episodes):
        if sample["reset"]:
            tick = 0
            for part in (actions, envelope, clock, gravity, attitude, past):
                part.reset()
            forget()
        command = envelope.apply(float32(sample["command"]))
        clock.run(envelope.moving(), "before_observation")
        for source in ("gyro", "accelerometer", "joint_position", "joint_velocity", "foot_contact"):
            past.add(source, sample[source])
        gravity.update(float32(sample["gyro"]), float32(sample["accelerometer"]))
        past.add("projected_gravity", gravity.down())
        past.add("euler", attitude.angles(float32(sample["gyro"]), -gravity.down()))
        past.add("command", command)
        past.add("phase", clock.value())
        observation = np.concatenate([term.row(past, tick) for term in terms])
        clock.run(envelope.moving(), "after_observation")
        observation = shortened(observation if distort is None else distort(observation))
        action = shortened(network(observation))
        clock.ask(action[joints:], contract["network"])
        bounded = actions.bounded(action[:joints])
        target, sent = map(shortened, actions.targets(bounded, command))
        past.add("action", bounded)
        past.add("target", target)
        check_widths(terms, len(observation))
        rows = {"observation": observation, "action": action, "target": target, "sent": sent}
        ticks.append(sample | {name: written(row) for name, row in rows.items()})
        tick += 1
    return {"made_by": made_by, "tolerance": TOLERANCE, "ticks": ticks}


def check_widths(terms: Sequence[Term], length: int) -> None:
    """A width that a term does not have would shift all that follows."""
    for term in terms:
        if term.found != term.width:
            raise UnsupportedContractError(f"{term.name}: width {term.width}, not {term.found}")
    assert length == sum(term.width for term in terms)


def written(row: Row) -> list[float]:
    """Numbers as they stand in the file: no more digits than are meant, and no minus zero."""
    return [float(f"{float(value):.{DIGITS}g}") + 0.0 for value in row]


def onnxruntime_network(model: bytes, contract: Object) -> Network:
    """The network, run by onnxruntime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = known("network", contract["network"], "input output")

    def network(observation: Row) -> Row:
        return float32(session.run([names["output"]], {names["input"]: observation[None]})[0][0])

    return network


def text(contract: Object, golden: Object) -> str:
    """The contract with its golden vectors as JSON: a line for each tick."""
    head = json.dumps({key: value for key, value in contract.items() if key != "golden"}, indent=2)
    ticks = ",\n".join(f"      {json.dumps(tick, separators=(',', ':'))}" for tick in golden["ticks"])
    fields = [f'    "{key}": {json.dumps(value)},' for key, value in golden.items() if key != "ticks"]
    lines = [head.removesuffix("\n}") + ",", '  "golden": {', *fields, '    "ticks": [', ticks, "    ]", "  }", "}"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes golden vectors for a policy contract.")
    parser.add_argument("contract", type=Path, help="the contract, JSON")
    parser.add_argument("model", type=Path, help="the ONNX file it describes")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where the contract with its vectors goes")
    parser.add_argument("--seed", type=int, default=1, help="seed of sensors and commands")
    chosen = parser.parse_args(arguments)
    contract = json.loads(chosen.contract.read_text(encoding="utf-8"))
    model = chosen.model.read_bytes()
    found = hashlib.sha256(model).hexdigest()
    if found != contract["weights_sha256"]:
        print(f"{chosen.model}: the contract describes weights {contract['weights_sha256']}, found {found}")
        return 1
    try:
        golden = build(contract, onnxruntime_network(model, contract), seed=chosen.seed)
    except UnsupportedContractError as error:
        print(f"{chosen.contract}: {error}", file=sys.stderr)
        return 1
    chosen.output.write_text(text(contract, golden), encoding="utf-8")
    print(f"{chosen.output}: {len(golden['ticks'])} ticks by {MADE_BY}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
