"""Makes golden vectors for a policy contract: an implementation of the contract that shares nothing with Gaitway.

    python tests/golden/builder.py CONTRACT.json MODEL.onnx -o OUT.json

Reads a contract and the network it describes, invents sensors and commands from a seed, and works out for every
tick the observation, the action (by onnxruntime) and the target that is fed back. OUT.json is the contract with
these ticks in `golden`; vectors it already had are replaced.

The contract's documentation is the only source; numpy and onnxruntime are the only tools. Arithmetic is float32, as
the contract says, the gait clock's angle float64. What the contract says and this program does not know is refused,
never passed over.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]
Object = Mapping[str, Any]
Network = Callable[[Row], Row]

MADE_BY = "tests/golden/builder.py (numpy, onnxruntime)"
TOLERANCE = 1e-5
#: Ticks of each episode. The first is longer than a gait of 27, so that the phase is seen to wrap.
EPISODES = (29, 11)
SENSOR_DECIMALS = 4
DIGITS = 7
VELOCITY_AXES = ("vx", "vy", "wz")
FEEDBACK = ("action", "target")
SOURCES = (
    "gyro", "accelerometer", "command", "joint_position", "joint_velocity",
    "action", "target", "foot_contact", "phase",
)  # fmt: skip


class UnsupportedContractError(Exception):
    """The contract says something this program does not implement, or says it in two ways."""


def known(place: str, table: Object, required: str, optional: str = "") -> Object:
    """`table`, after its keys were compared with those this program understands."""
    must, may = set(required.split()), set(optional.split())
    if missing := must - set(table):
        raise UnsupportedContractError(f"{place}: lacks {', '.join(sorted(missing))}")
    if unknown := set(table) - must - may:
        raise UnsupportedContractError(f"{place}: {', '.join(sorted(unknown))} is not implemented here")
    return table


def one_of(place: str, value: str, *choices: str) -> str:
    """`value`, which must be among `choices`."""
    if value not in choices:
        raise UnsupportedContractError(f"{place}: {value!r} is not implemented here")
    return value


def float32(values: Any) -> Row:
    """`values` as float32."""
    return np.asarray(values, dtype=np.float32)


def limited(values: Row, low: Any, high: Any) -> Row:
    """`values` brought into `low` to `high`."""
    return np.minimum(np.maximum(values, float32(low)), float32(high))


def shortened(values: Row) -> Row:
    """`values` to as many digits as are written down: what is written is what the next tick is fed."""
    return float32([float(f"{float(value):.{DIGITS}g}") for value in values])


# --- The tick, piece by piece ---


@dataclass
class Envelope:
    """Commands as requested to commands as the policy sees them."""

    axes: Sequence[Object]
    rate_hz: int
    last: Row = field(init=False)

    def __post_init__(self) -> None:
        for axis in self.axes:
            known("command", axis, "axis unit min max", "dead_zone rate_limit_per_s idle")
        self.reset()

    def column(self, key: str, default: float) -> Row:
        """One setting of every axis."""
        return float32([axis.get(key, default) for axis in self.axes])

    def reset(self) -> None:
        """Nothing was asked for before the first tick."""
        self.last = self.column("idle", 0.0)

    def apply(self, requested: Row) -> Row:
        """Range, then dead zone, then rate."""
        idle = self.column("idle", 0.0)
        value = limited(requested, self.column("min", 0.0), self.column("max", 0.0))
        value = np.where(np.abs(value - idle) < self.column("dead_zone", 0.0), idle, value)
        rates = [axis.get("rate_limit_per_s") for axis in self.axes]
        step = float32([np.inf if rate is None else rate / self.rate_hz for rate in rates])
        slowed = self.last + np.copysign(step, value - self.last)
        self.last = np.where(np.abs(value - self.last) > step, slowed, value).astype(np.float32)
        return self.last

    def moving(self) -> bool:
        """Whether the last command asks the robot to go anywhere."""
        idle = self.column("idle", 0.0)
        axes = zip(self.axes, self.last != idle, strict=True)
        return any(differs for axis, differs in axes if axis["axis"] in VELOCITY_AXES)


class GaitClock:
    """Cosine and sine of 2π·i / period."""

    def __init__(self, clock: Object | None) -> None:
        self.clock = clock
        if clock is not None:
            known("phase", clock, "period_ticks factor advance runs first_value")
            one_of("phase.advance", clock["advance"], "after_observation", "before_observation")
            one_of("phase.runs", clock["runs"], "always", "while_commanded")
        self.reset()

    def reset(self) -> None:
        """Before the first tick."""
        self.steps, self.has_run = 0, False

    def run(self, moving: bool, when: str) -> None:
        """Goes on by a tick where this is the moment for it."""
        if self.clock is None or self.clock["advance"] != when:
            return
        if self.clock["runs"] == "always" or moving:
            self.steps, self.has_run = self.steps + 1, True

    def value(self) -> Row:
        """What the observation sees."""
        if self.clock is None:
            return float32([0.0, 0.0])
        if not self.has_run:
            return float32(self.clock["first_value"])
        period = self.clock["period_ticks"]
        angle = 2.0 * math.pi * math.fmod(self.steps * self.clock["factor"], period) / period
        return float32([math.cos(angle), math.sin(angle)])


class Past:
    """Every sample of the episode, by source; what lies before its start is the contract's reset."""

    def __init__(self, reset: Object, default_pose: Row) -> None:
        known("reset", reset, "action target sensors")
        one_of("reset.sensors", reset["sensors"], "zero", "first_sample")
        one_of("reset.target", reset["target"], "zero", "default_pose")
        self.first_sample = reset["sensors"] == "first_sample"
        zero = np.zeros_like(default_pose)
        self.before = {
            "action": zero + np.float32(reset["action"]),
            "target": default_pose if reset["target"] == "default_pose" else zero,
        }
        self.rows: dict[str, list[Row]] = {}

    def reset(self) -> None:
        """Before the first tick."""
        self.rows = {source: [] for source in SOURCES}

    def add(self, source: str, row: Any) -> None:
        """This tick's sample."""
        self.rows[source].append(float32(row))

    def sample(self, source: str, age: int, tick: int) -> Row:
        """The sample of `age` ticks before `tick`."""
        if tick >= age:
            return self.rows[source][tick - age]
        if source in FEEDBACK:
            return self.before[source]
        first = self.rows[source][0]
        return first if self.first_sample else np.zeros_like(first)


class Term:
    """clip(scale * (source - reference) + offset), newest first."""

    def __init__(self, term: Object, default_pose: Row) -> None:
        known(
            "observation",
            term,
            "name source unit width",
            "frame relative_to scale offset clip history lag",
        )
        name = f"observation term {term['name']}"
        self.source = one_of(f"{name}: source", term["source"], *SOURCES)
        one_of(f"{name}: frame", term.get("frame", "trunk"), "trunk")
        relative = one_of(f"{name}: relative_to", term.get("relative_to", "zero"), "zero", "default_pose")
        self.reference = default_pose if relative == "default_pose" else np.float32(0.0)
        self.scale = np.float32(term.get("scale", 1.0))
        self.offset = np.float32(term.get("offset", 0.0))
        self.clip = term.get("clip")
        self.ages = range(term.get("lag", 0), term.get("lag", 0) + term.get("history", 1))
        self.width = term["width"]
        if self.source in FEEDBACK and self.ages.start < 1:
            raise UnsupportedContractError(f"{name}: lag 0 of what the tick has yet to compute")

    def row(self, past: Past, tick: int) -> Row:
        """This term's part of the observation."""
        rows = [self.scale * (past.sample(self.source, age, tick) - self.reference) + self.offset for age in self.ages]
        row = np.concatenate(rows)
        return row if self.clip is None else limited(row, *self.clip)


class ActionMap:
    """Actions to targets: scale, filter, velocity limit; then what is fed back, and what is sent to the gate."""

    def __init__(self, contract: Object) -> None:
        action = contract["action"]
        known(
            "action",
            action,
            "kind joints relative_to scale fed_back",
            "bounds filter velocity_limit_rps delay_ticks",
        )
        one_of("action.kind", action["kind"], "joint_position")
        one_of("action.fed_back", action["fed_back"], "after_velocity_limit", "after_head_command")
        rate_hz = contract["policy_rate_hz"]
        joints = len(action["joints"])
        self.bounds = action.get("bounds")
        self.default_pose = float32([joint["default_rad"] for joint in action["joints"]])
        relative = one_of("action.relative_to", action["relative_to"], "zero", "default_pose")
        self.base = self.default_pose if relative == "default_pose" else np.zeros(joints, np.float32)
        self.scale = np.broadcast_to(float32(action["scale"]), joints)
        limit = action.get("velocity_limit_rps")
        self.step = None if limit is None else float32(np.asarray(limit, dtype=np.float64) / rate_hz)
        if self.step is not None and contract["reset"]["target"] != "default_pose":
            raise UnsupportedContractError(
                "reset.target: with a velocity limit, the contract does not say where a first target other than the "
                "default pose moves from"
            )
        self.alpha = self.low_pass(action.get("filter"), rate_hz)
        self.head = self.head_columns(contract["head_command"], contract)
        self.sends_head = contract["head_command"]["added_to_target"]
        self.feeds_back_head = self.sends_head and action["fed_back"] == "after_head_command"
        self.delay_ticks = action.get("delay_ticks", 0)
        self.reset()

    @staticmethod
    def low_pass(settings: Object | None, rate_hz: int) -> np.float32 | None:
        """Share of the previous output in the next one."""
        if settings is None:
            return None
        known("action.filter", settings, "kind cutoff_hz")
        one_of("action.filter.kind", settings["kind"], "low_pass")
        slow, fast = 1.0 / settings["cutoff_hz"], 1.0 / rate_hz
        return np.float32(slow / (fast + slow))

    @staticmethod
    def head_columns(head: Object, contract: Object) -> list[tuple[int, int]]:
        """For each joint that follows the command: its column, and the command's."""
        known("head_command", head, "added_to_target joints")
        names = [joint["name"] for joint in contract["action"]["joints"]]
        axes = [axis["axis"] for axis in contract["command"]]
        return [(names.index(entry["joint"]), axes.index(entry["axis"])) for entry in head["joints"]]

    def reset(self) -> None:
        """Before the first tick the target is the default pose, and the filter has seen nothing."""
        self.target = self.default_pose
        self.filtered: Row | None = None
        self.waiting = [self.default_pose] * self.delay_ticks

    def targets(self, action: Row, command: Row) -> tuple[Row, Row]:
        """The target the next observation remembers, and the one sent to the gate."""
        if self.bounds is not None and not np.array_equal(action, limited(action, *self.bounds)):
            found = f"{action.min()} to {action.max()}"
            raise UnsupportedContractError(f"action.bounds: the network guarantees {self.bounds}, but gives {found}")
        target = self.base + self.scale * action
        if self.alpha is not None:
            if self.filtered is not None:
                target = self.alpha * self.filtered + (np.float32(1.0) - self.alpha) * target
            self.filtered = target
        if self.step is not None:
            target = limited(target, self.target - self.step, self.target + self.step)
        self.target = target
        self.waiting.append(target)
        due = self.waiting.pop(0)
        return (
            self.with_head(target, command) if self.feeds_back_head else target,
            self.with_head(due, command) if self.sends_head else due,
        )

    def with_head(self, target: Row, command: Row) -> Row:
        """The target with the head command added."""
        target = target.copy()
        for joint, axis in self.head:
            target[joint] += command[axis]
        return target


# --- What the ticks are fed ---


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


def contacts(random: np.random.Generator, ticks: int) -> NDArray[np.float64]:
    """[ticks, 2] of zeros and ones that last 2 to 7 ticks, each foot by itself."""
    feet = []
    for foot in range(2):
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
        if axis["axis"] in VELOCITY_AXES:
            rows[12:17, column] = axis.get("idle", 0.0)
    return rows


def inputs(contract: Object, seed: int, episodes: Sequence[int]) -> list[dict[str, Any]]:
    """Sensors and requested commands of every tick, such as a walking robot has."""
    random = np.random.Generator(np.random.PCG64(seed))
    default_pose = [joint["default_rad"] for joint in contract["action"]["joints"]]
    ticks = []
    for length in episodes:
        joints = len(default_pose)
        columns = {
            "gyro": wave(random, length, np.zeros(3), 1.0),
            "accelerometer": wave(random, length, [0.0, 0.0, 9.81], 3.0),
            "foot_contact": contacts(random, length),
            "joint_position": wave(random, length, default_pose, 0.2),
            "joint_velocity": wave(random, length, np.zeros(joints), 2.0),
            "command": commands(random, contract["command"], length),
        }
        for tick in range(length):
            rows = {name: np.round(rows[tick], SENSOR_DECIMALS) + 0.0 for name, rows in columns.items()}
            ticks.append({"reset": tick == 0, **{name: row.tolist() for name, row in rows.items()}})
    return ticks


# --- Golden vectors ---


def build(
    contract: Object,
    network: Network,
    *,
    seed: int = 1,
    episodes: Sequence[int] = EPISODES,
    distort: Callable[[Row], Row] | None = None,
) -> dict[str, Any]:
    """The golden vectors of `contract`, whose network is `network`.

    `distort` changes every observation before the network sees it: what a trainer with a fault would have done.
    """
    known(
        "contract",
        contract,
        "schema name description weights_sha256 robot policy_rate_hz network observation action head_command command "
        "gains reset provenance",
        "phase golden",
    )
    one_of("schema", contract["schema"], "gaitway.contract/1")
    actions = ActionMap(contract)
    envelope = Envelope(contract["command"], contract["policy_rate_hz"])
    clock = GaitClock(contract.get("phase"))
    past = Past(contract["reset"], actions.default_pose)
    terms = [Term(term, actions.default_pose) for term in contract["observation"]]
    ticks, tick = [], 0
    for sample in inputs(contract, seed, episodes):
        if sample["reset"]:
            tick = 0
            for part in (actions, envelope, clock, past):
                part.reset()
        command = envelope.apply(float32(sample["command"]))
        clock.run(envelope.moving(), "before_observation")
        for source in ("gyro", "accelerometer", "joint_position", "joint_velocity", "foot_contact"):
            past.add(source, sample[source])
        past.add("command", command)
        past.add("phase", clock.value())
        observation = np.concatenate([term.row(past, tick) for term in terms])
        clock.run(envelope.moving(), "after_observation")
        observation = shortened(observation if distort is None else distort(observation))
        action = shortened(network(observation))
        target, sent = map(shortened, actions.targets(action, command))
        past.add("action", action)
        past.add("target", target)
        check_widths(terms, past, len(observation), contract)
        rows = {"observation": observation, "action": action, "target": target, "sent": sent}
        ticks.append(sample | {name: written(row) for name, row in rows.items()})
        tick += 1
    return {"made_by": MADE_BY, "tolerance": TOLERANCE, "ticks": ticks}


def check_widths(terms: Sequence[Term], past: Past, length: int, contract: Object) -> None:
    """A width that the term does not have would shift all that follows."""
    for term, entry in zip(terms, contract["observation"], strict=True):
        width = len(past.rows[term.source][-1]) * len(term.ages)
        if width != entry["width"]:
            raise UnsupportedContractError(f"observation term {entry['name']}: width {entry['width']}, not {width}")
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
