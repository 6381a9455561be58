"""What a contract says happens in a tick, read by somebody else: it shares nothing with the engine, and never may.

The contract's documentation is its only source, numpy its only tool. Arithmetic is float32, as the contract says,
the gait clock's angle float64. What the contract says and this code does not know is refused, never passed over.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]
Object = Mapping[str, Any]

FEEDBACK = ("action", "target")
SOURCES = (
    "gyro", "accelerometer", "projected_gravity", "command", "joint_position", "joint_velocity",
    "action", "target", "foot_contact", "phase", "euler",
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
        return any(differs for axis, differs in axes if axis["unit"].endswith("/s"))


class GaitClock:
    """Cosine and sine of 2π·i / period."""

    def __init__(self, clock: Object | None) -> None:
        self.clock = clock
        if clock is not None:
            known("phase", clock, "period_ticks factor advance runs first_value", "offsets_rad rate")
            one_of("phase.advance", clock["advance"], "after_observation", "before_observation")
            one_of("phase.runs", clock["runs"], "always", "while_commanded", "by_policy")
        self.reset()

    def reset(self) -> None:
        """Before the first tick."""
        self.steps, self.has_run = 0.0, False

    def run(self, moving: bool, when: str) -> None:
        """Goes on by a tick where this is the moment for it."""
        if self.clock is None or self.clock["advance"] != when:
            return
        if self.clock["runs"] == "always" or (self.clock["runs"] == "while_commanded" and moving):
            self.steps, self.has_run = self.steps + 1.0, True

    def ask(self, further: Row, network: Object) -> None:
        """Goes on by as much as the policy asks, where it is asked; `further` are its outputs behind the action."""
        if self.clock is None or self.clock["runs"] != "by_policy":
            return
        rate, start = self.clock["rate"], 0
        for port in network["further_outputs"]:
            if port["name"] == rate["output"]:
                break
            start += port["width"]
        asked = limited(further[start], rate["min"], rate["max"])
        self.steps, self.has_run = self.steps + float(asked), True

    def value(self) -> Row:
        """What the observation sees."""
        if self.clock is None:
            return float32([0.0, 0.0])
        if not self.has_run:
            return float32(self.clock["first_value"])
        period = self.clock["period_ticks"]
        angle = 2.0 * math.pi * math.fmod(self.steps * self.clock["factor"], period) / period
        angles = [angle + offset for offset in self.clock.get("offsets_rad", [0.0])]
        return float32([turn(angle) for turn in (math.cos, math.sin) for angle in angles])


class Gravity:
    """Which way is down, as docs/formats.md has it: turned by the gyroscope, leaning to the accelerometer."""

    G_MPS2 = np.float32(9.80665)
    LEAN_PER_S = np.float32(2.0)

    def __init__(self, rate_hz: int) -> None:
        self.dt_s = np.float32(1.0) / np.float32(rate_hz)
        self.reset()

    def reset(self) -> None:
        """Nothing was sensed before the first tick."""
        self.up: Row | None = None

    def update(self, gyro: Row, accelerometer: Row) -> None:
        """This tick's samples."""
        length = float32(np.linalg.norm(accelerometer))
        measured = accelerometer / length
        stillness = np.maximum(float32(0.0), float32(1.0) - float32(2.0) * np.abs(length / self.G_MPS2 - float32(1.0)))
        if self.up is None:
            self.up = measured if stillness > float32(0.5) else None
            return
        turned = self.up - self.dt_s * np.cross(gyro, self.up)
        lean = np.minimum(self.LEAN_PER_S * self.dt_s * stillness, float32(1.0))
        leaning = turned + lean * (measured - turned)
        self.up = float32(leaning / np.linalg.norm(leaning))

    def down(self) -> Row:
        """Direction of gravity in the trunk frame; straight down before the robot was ever still."""
        return float32([0.0, 0.0, -1.0]) if self.up is None else -self.up


class Attitude:
    """Roll and pitch of the up direction, and yaw, the gyroscope's turn about it summed up."""

    def __init__(self, rate_hz: int) -> None:
        self.dt_s = np.float32(1.0) / np.float32(rate_hz)
        self.reset()

    def reset(self) -> None:
        """Wherever it faces at the start is forward."""
        self.yaw = np.float32(0.0)

    def angles(self, gyro: Row, up: Row) -> Row:
        """Roll, pitch and yaw after this tick's sample."""
        x, y, z = up
        upright = y * y + z * z
        self.yaw = self.yaw + (gyro[1] * y + gyro[2] * z) / upright * self.dt_s
        turn = np.float32(2.0 * math.pi)
        self.yaw = self.yaw - turn * np.sign(self.yaw) if abs(self.yaw) > math.pi else self.yaw
        return float32([np.arctan2(y, z), np.arctan2(-x, np.sqrt(upright)), self.yaw])


class Past:
    """Every sample of the episode, by source; what lies before its start is the contract's reset."""

    def __init__(self, reset: Object, default_pose: Row) -> None:
        known("reset", reset, "action target sensors")
        one_of("reset.sensors", reset["sensors"], "zero", "first_sample", "zero_observation")
        one_of("reset.target", reset["target"], "zero", "default_pose")
        self.first_sample = reset["sensors"] == "first_sample"
        self.is_zero_when_seen = reset["sensors"] == "zero_observation"
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
    """clip(scale * (source - reference) + offset) of some ticks, by their age."""

    def __init__(self, term: Object, poses: Mapping[str, Row], ages: Sequence[int] | None = None) -> None:
        """`ages` are its ticks where the contract's own history says so, `poses` the default ones by source."""
        known(
            "observation",
            term,
            "name source unit width",
            "frame relative_to elements scale offset clip history lag",
        )
        self.name = f"observation term {term['name']}"
        self.source = one_of(f"{self.name}: source", term["source"], *SOURCES, "constant")
        one_of(f"{self.name}: frame", term.get("frame", "trunk"), "trunk")
        relative = one_of(f"{self.name}: relative_to", term.get("relative_to", "zero"), "zero", "default_pose")
        self.reference = poses[self.source] if relative == "default_pose" else np.float32(0.0)
        self.elements = term.get("elements")
        self.scale = float32(term.get("scale", 1.0))
        self.offset = float32(term.get("offset", 0.0))
        self.clip = term.get("clip")
        self.ages = ages or range(term.get("lag", 0), term.get("lag", 0) + term.get("history", 1))
        self.tick_width = term["width"] // term.get("history", 1)
        self.width = self.tick_width * len(self.ages)
        #: Numbers in the last row.
        self.found = 0
        if self.source in FEEDBACK and min(self.ages) < 1:
            raise UnsupportedContractError(f"{self.name}: lag 0 of what the tick has yet to compute")

    def row(self, past: Past, tick: int) -> Row:
        """This term's part of the observation."""
        row = np.concatenate([self.of_age(past, age, tick) for age in self.ages])
        self.found = len(row)
        return row

    def of_age(self, past: Past, age: int, tick: int) -> Row:
        """Its numbers of the tick that is so long ago."""
        if tick < age and past.is_zero_when_seen:
            return np.zeros(self.tick_width, np.float32)
        if self.source == "constant":
            values = np.zeros(self.tick_width, np.float32)
        else:
            values = past.sample(self.source, age, tick) - self.reference
        if self.elements is not None:
            values = values[self.elements]
        row = self.scale * values + self.offset
        return row if self.clip is None else limited(row, *self.clip)


def laid_out(contract: Object, default_pose: Row) -> list[Term]:
    """The terms as they follow each other, those of the contract's own history one for each tick."""
    observed = contract.get("observed_joints", contract["action"]["joints"])
    poses = {
        "joint_position": float32([joint["default_rad"] for joint in observed]),
        "target": default_pose,
    }
    terms = contract["observation"]
    history = contract.get("history")
    if history is None:
        return [Term(term, poses) for term in terms]
    known("history", history, "ticks layout order", "lag after_current")
    one_of("history.layout", history["layout"], "by_tick", "by_term")
    one_of("history.order", history["order"], "newest_first", "oldest_first")
    ages = list(range(history.get("lag", 0), history.get("lag", 0) + history["ticks"]))
    if history["order"] == "oldest_first":
        ages.reverse()
    current = [Term(term, poses) for term in terms] if history.get("after_current", False) else []
    if history["layout"] == "by_tick":
        return current + [Term(term, poses, [term.get("lag", 0) + age]) for age in ages for term in terms]
    return current + [Term(term, poses, [term.get("lag", 0) + age for age in ages]) for term in terms]


class ActionMap:
    """Actions to targets: scale, filter, velocity limit; then what is fed back, and what the safety filter gets."""

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

    def bounded(self, action: Row) -> Row:
        """What of the network's output is acted on, and remembered."""
        return action if self.bounds is None else limited(action, *self.bounds)

    def targets(self, action: Row, command: Row) -> tuple[Row, Row]:
        """Of a bounded action: the target the next observation remembers, and the one sent to the safety filter."""
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
