"""Golden vectors: they agree with the engine, and what is planted wrong is named rightly.

The vectors are made by `gaitway.golden`, which shares no code with the engine.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import gaitway
from gaitway import _native
from gaitway.errors import ContractError, PolicyError
from gaitway.golden import vectors
from gaitway.golden.tick import FEEDBACK, Row, UnsupportedContractError

ROBOT = gaitway.Robot.load()
TERMS = [
    "gyro", "accelerometer", "command", "joint_position", "joint_velocity", "last_actions", "last_target",
    "foot_contact", "phase",
]  # fmt: skip
Json = dict[str, Any]
Change = Callable[[Json], None]


@dataclass(frozen=True)
class Walk:
    """A shipped contract and the network it describes."""

    contract: Json
    model: bytes

    def changed(self, change: Change) -> Json:
        """The contract, golden vectors as shipped, after `change`."""
        contract = deepcopy(self.contract)
        change(contract)
        return contract

    def rebuilt(self, change: Change | None = None, **options: Any) -> Json:
        """The contract as shipped, with the vectors of a trainer who had it changed by `change`."""
        theirs = self.changed(change or (lambda contract: None))
        network = options.pop("network", None) or self.network(theirs)
        return self.contract | {"golden": vectors.build(theirs, network, **options)}

    def network(self, contract: Json) -> vectors.Network:
        return vectors.onnxruntime_network(self.model, contract)

    def findings(self, contract: Json, robot: gaitway.Robot = ROBOT) -> dict[str, str]:
        """What the engine finds: term and pattern."""
        return findings(self.model, contract, robot)


def findings(model: bytes, contract: Json, robot: gaitway.Robot = ROBOT) -> dict[str, str]:
    report = checked(model, contract, robot)
    return {finding["what"]: finding["pattern"] for finding in report["findings"]}


def checked(model: bytes, contract: Json, robot: gaitway.Robot = ROBOT) -> Any:
    embedded = _native.embed(model, gaitway.Contract.from_json(json.dumps(contract)))
    report = _native.check(_native.Policy.from_onnx(embedded, []), robot.native)
    assert report is not None
    return report


@cache
def shipped(name: str) -> Json:
    path = ROBOT.folder / "contracts" / f"{name}.json"
    contract: Json = json.loads(path.read_text(encoding="utf-8"))
    return contract


@pytest.fixture
def duck(upstream_model: bytes) -> Walk:
    """The community's policy: the head command is added to its targets."""
    return Walk(shipped("open_duck_walk"), upstream_model)


@pytest.fixture
def own() -> Walk:
    """The default policy."""
    return Walk(shipped("gaitway_walk"), ROBOT.default_policy.read_bytes())


@pytest.fixture
def headless(own: Walk) -> Walk:
    """The default policy under a contract that adds no head command."""
    contract = own.changed(lambda c: c["head_command"].update(added_to_target=False))
    return Walk(Walk(contract, own.model).rebuilt(), own.model)


@pytest.fixture(params=["own", "duck"])
def walk(request: pytest.FixtureRequest) -> Walk:
    walk: Walk = request.getfixturevalue(request.param)
    return walk


def term(contract: Json, name: str) -> Json:
    return next(term for term in contract["observation"] if term["name"] == name)


def columns(contract: Json, name: str) -> slice:
    start = 0
    for entry in contract["observation"]:
        if entry["name"] == name:
            return slice(start, start + entry["width"])
        start += entry["width"]
    raise KeyError(name)


# --- What ships ---


def test_engine_and_independent_builder_agree_on_what_ships(walk: Walk) -> None:
    report = checked(walk.model, walk.contract)
    assert report["findings"] == []
    assert report["actions_checked"]
    assert report["ticks"] == 40
    assert report["largest_action_error"] < 1e-5


def test_shipped_vectors_are_what_the_builder_makes(walk: Walk) -> None:
    """A contract or builder changed without `python -m gaitway.golden.vectors` leaves old vectors behind."""
    old, new = walk.contract["golden"], walk.rebuilt()["golden"]
    assert (old["made_by"], old["tolerance"], len(old["ticks"])) == (
        new["made_by"],
        new["tolerance"],
        len(new["ticks"]),
    )
    for before, after in zip(old["ticks"], new["ticks"], strict=True):
        for key in before:
            np.testing.assert_allclose(before[key], after[key], rtol=1e-5, atol=1e-5, err_msg=key)


def test_shipped_vectors_show_every_number_changing(walk: Walk) -> None:
    """A number that stands still would hide a wrong scale, a swap and a shift."""
    ticks = walk.contract["golden"]["ticks"]
    resets = [index for index, tick in enumerate(ticks) if tick["reset"]]
    assert len(resets) >= 2 and len(ticks) >= 32
    assert max(np.diff([*resets, len(ticks)])) > walk.contract["phase"]["period_ticks"] + 1
    observations = np.array([tick["observation"] for tick in ticks])
    assert observations.std(axis=0).min() > 0.01
    # No two columns alike: exchanged, they would be told apart. The last actions are each other's, a tick later.
    gaps = np.abs(observations[:, :, None] - observations[:, None, :]).max(axis=0) + 9.0 * np.eye(observations.shape[1])
    assert gaps.min() > 0.01


def test_default_policy_is_complete_by_itself() -> None:
    alone = _native.Policy.from_onnx(ROBOT.default_policy.read_bytes(), [])
    assert alone.basis == "embedded"
    assert alone.contract == gaitway.Contract.from_json(json.dumps(shipped("gaitway_walk")))
    report = _native.check(alone, ROBOT.native)
    assert report is not None and report["findings"] == []


def test_contract_without_vectors_is_not_called_checked(own: Walk) -> None:
    contract = own.changed(lambda contract: contract.pop("golden"))
    embedded = _native.embed(own.model, gaitway.Contract.from_json(json.dumps(contract)))
    assert _native.check(_native.Policy.from_onnx(embedded, []), ROBOT.native) is None


# --- Engine and builder on contracts nobody ships ---


def dense(inputs: int, outputs: int, seed: int) -> bytes:
    """A network of one dense layer and a tanh."""
    random = np.random.default_rng(seed)
    weights = random.normal(0.0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
    row = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n])
        for name, n in [("obs", inputs), ("out", outputs)]
    ]
    nodes = [helper.make_node("MatMul", ["obs", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["out"])]
    graph = helper.make_graph(nodes, "policy", row[:1], row[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def variant(seed: int) -> Json:
    """A contract with most of what a contract can say, chosen by `seed`."""
    random = np.random.default_rng(seed)

    def maybe(values: list[Any]) -> Any:
        return values[random.integers(len(values))]

    def numbers(low: float, high: float, count: int) -> list[float]:
        return [round(float(value), 4) for value in random.uniform(low, high, count)]

    contract = deepcopy(shipped(maybe(["gaitway_walk", "open_duck_walk"])))
    del contract["golden"]
    contract["network"] = {"input": "obs", "output": "out"}
    contract["policy_rate_hz"] = maybe([50, 100, 40])
    action, clock, reset = contract["action"], contract["phase"], contract["reset"]
    action["scale"] = maybe([0.25, 0.7, numbers(-0.5, 0.5, 14)])
    action["relative_to"] = maybe(["default_pose", "zero"])
    action["velocity_limit_rps"] = maybe([None, 3.0, numbers(1.0, 6.0, 14)])
    action["filter"] = maybe([None, {"kind": "low_pass", "cutoff_hz": 8.0}])
    action["delay_ticks"] = maybe([0, 0, 3])
    action["fed_back"] = maybe(["after_velocity_limit", "after_head_command"])
    contract["action"] = {key: value for key, value in action.items() if value is not None}
    contract["head_command"]["added_to_target"] = maybe([True, False])
    clock["period_ticks"], clock["factor"] = maybe([27, 18]), maybe([1, 1.3])
    clock["advance"] = maybe(["after_observation", "before_observation"])
    clock["runs"] = maybe(["always", "while_commanded"])
    clock["first_value"] = maybe([[0, 0], [1, 0]])
    reset["action"], reset["sensors"] = maybe([0, 0.5]), maybe(["zero", "first_sample"])
    if "velocity_limit_rps" not in contract["action"]:
        reset["target"] = maybe(["default_pose", "zero"])
    for axis in contract["command"]:
        axis["dead_zone"] = maybe([0.0, round(0.2 * axis["max"], 3)])
        axis |= maybe([{}, {"rate_limit_per_s": 4.0 * axis["max"]}])
        axis["idle"] = maybe([0.0, round(0.1 * axis["max"], 3)])
    if random.random() < 0.5:
        action["bounds"] = maybe([[-0.3, 0.3], [-0.1, 0.8]])
    if random.random() < 0.5:
        term(contract, "accelerometer").update(source="projected_gravity", unit="1")
    for entry in contract["observation"]:
        source_width = entry["width"] // entry.get("history", 1)
        entry["history"] = maybe([1, 1, 2, 4])
        entry["lag"] = maybe([0, 0, 1, 2]) + (entry["source"] in FEEDBACK)
        entry["width"] = source_width * entry["history"]
        entry["scale"], entry["offset"] = maybe([1.0, 0.05, -2.0]), maybe([0.0, 0.3])
        if random.random() < 0.3:
            entry["clip"] = [-0.4, 0.6]
        if entry["source"] in ("joint_position", "target"):
            entry["relative_to"] = maybe(["zero", "default_pose"])
    random.shuffle(contract["observation"])
    if random.random() < 0.5:
        action["joints"].reverse()
        contract["command"].reverse()
    return contract


@pytest.mark.parametrize("seed", range(30))
def test_engine_and_independent_builder_agree_whatever_the_contract_says(seed: int) -> None:
    contract = variant(seed)
    inputs = sum(entry["width"] for entry in contract["observation"])
    model = dense(inputs, 14, seed)
    golden = vectors.build(contract, vectors.onnxruntime_network(model, contract), seed=seed)
    assert findings(model, contract | {"golden": golden}) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["observation"][0].update(frame="world"), "world"),
        (lambda c: c["observation"][0].update(noise=0.1), "noise"),
        (lambda c: c["observation"][0].update(width=4), "width"),
        (lambda c: c["action"].update(fed_back="after_safety_gate"), "after_safety_gate"),
        (lambda c: c["action"].update(filter={"kind": "high_pass", "cutoff_hz": 3.0}), "high_pass"),
        (lambda c: c["reset"].update(target="zero"), "reset.target"),
        (lambda c: c["phase"].update(swing=1), "swing"),
        (lambda c: c.update(schema="gaitway.contract/3"), "gaitway.contract/3"),
    ],
)
def test_builder_refuses_what_it_does_not_implement(own: Walk, change: Change, words: str) -> None:
    with pytest.raises(UnsupportedContractError, match=words):
        own.rebuilt(change)


# --- Planted errors: every term of the observation ---


@pytest.mark.parametrize("name", TERMS)
def test_reversed_sign_is_named(walk: Walk, name: str) -> None:
    wrong = walk.changed(lambda c: term(c, name).update(scale=-term(c, name).get("scale", 1.0)))
    assert walk.findings(wrong) == {name: "the sign is reversed"}


@pytest.mark.parametrize("name", TERMS)
def test_wrong_scale_is_named(walk: Walk, name: str) -> None:
    wrong = walk.changed(lambda c: term(c, name).update(scale=2.0 * term(c, name).get("scale", 1.0)))
    assert walk.findings(wrong) == {name: "scaled: ours is 2.00000 times the golden one"}


@pytest.mark.parametrize("name", TERMS)
def test_offset_is_named(walk: Walk, name: str) -> None:
    wrong = walk.changed(lambda c: term(c, name).update(offset=0.3))
    assert walk.findings(wrong) == {name: "offset: ours is the golden one plus 0.30000"}


@pytest.mark.parametrize("name", TERMS)
def test_term_a_tick_too_old_is_named(walk: Walk, name: str) -> None:
    wrong = walk.changed(lambda c: term(c, name).update(lag=term(c, name).get("lag", 0) + 1))
    assert walk.findings(wrong) == {name: "shifted: ours is 1 tick(s) too old"}


@pytest.mark.parametrize("name", TERMS)
def test_term_a_tick_too_new_is_named(walk: Walk, name: str) -> None:
    wrong = walk.rebuilt(lambda c: term(c, name).update(lag=term(c, name).get("lag", 0) + 1))
    assert walk.findings(wrong) == {name: "shifted: ours is 1 tick(s) too new"}


@pytest.mark.parametrize("name", TERMS)
def test_numbers_exchanged_within_a_term_are_named(walk: Walk, name: str) -> None:
    start = columns(walk.contract, name).start

    def exchange(observation: Row) -> Row:
        observation[[start, start + 1]] = observation[[start + 1, start]]
        return observation

    assert walk.findings(walk.rebuilt(distort=exchange)) == {name: "swapped within the term: 0<-1, 1<-0"}


@pytest.mark.parametrize("name", TERMS)
def test_one_number_with_the_wrong_sign_is_counted_off(walk: Walk, name: str) -> None:
    index = columns(walk.contract, name).start + 1

    def negate(observation: Row) -> Row:
        observation[index] *= -1
        return observation

    (finding,) = checked(walk.model, walk.rebuilt(distort=negate))["findings"]
    assert (finding["what"], finding["indices"], finding["pattern"]) == (name, [1], "the sign is reversed")


@pytest.mark.parametrize(("name", "neighbour"), list(pairwise(TERMS)))
def test_neighbours_in_the_other_order_are_named(walk: Walk, name: str, neighbour: str) -> None:
    def exchange(contract: Json) -> None:
        terms, first = contract["observation"], TERMS.index(name)
        terms[first], terms[first + 1] = terms[first + 1], terms[first]

    expected = {
        name: f"swapped with {neighbour}: the two are in the other order",
        neighbour: f"swapped with {name}: the two are in the other order",
    }
    assert walk.findings(walk.changed(exchange)) == expected
    assert walk.findings(walk.rebuilt(exchange)) == expected


def test_term_fed_from_another_source_is_named(walk: Walk) -> None:
    wrong = walk.changed(lambda c: term(c, "gyro").update(source="accelerometer", unit="m/s2"))
    assert walk.findings(wrong) == {"gyro": "swapped: ours has the numbers of accelerometer"}


def test_history_in_the_other_order_is_named(walk: Walk) -> None:
    span = columns(walk.contract, "last_actions")

    def oldest_first(observation: Row) -> Row:
        observation[span] = observation[span].reshape(3, 14)[::-1].ravel()
        return observation

    found = walk.findings(walk.rebuilt(distort=oldest_first))
    assert list(found) == ["last_actions"]
    assert found["last_actions"].startswith("swapped within the term: 0<-28, 1<-29")


def test_bounds_of_a_term_are_named(walk: Walk) -> None:
    def clip(contract: Json) -> None:
        term(contract, "gyro").update(clip=[-0.25, 0.5])

    assert walk.findings(walk.changed(clip)) == {"gyro": "clipped: ours stays within -0.25000 to 0.50000"}
    theirs = {"gyro": "not clipped: the golden one stays within -0.25000 to 0.50000"}
    assert walk.findings(walk.rebuilt(clip)) == theirs


def test_narrower_command_envelope_is_named(own: Walk) -> None:
    wrong = own.changed(lambda c: c["command"][2].update(min=-0.5, max=0.5))
    (finding,) = checked(own.model, wrong)["findings"]
    assert (finding["what"], finding["indices"]) == ("command", [2])
    assert finding["pattern"] == "clipped: ours stays within -0.50000 to 0.50000"


def test_angles_measured_from_zero_are_named(walk: Walk) -> None:
    wrong = walk.changed(lambda c: term(c, "joint_position").update(relative_to="zero"))
    expected = {"joint_position": "relative to: ours is taken from zero, the golden one from the default pose"}
    assert walk.findings(wrong) == expected


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda c: c["reset"].update(action=0.5), "last_actions"),
        (lambda c: c["reset"].update(target="zero"), "last_target"),
        (lambda c: c["phase"].update(first_value=[1, 0]), "phase"),
    ],
)
def test_wrong_value_before_the_first_tick_is_named(walk: Walk, change: Change, name: str) -> None:
    expected = "start: only the first ticks of an episode differ, by the values before them"
    assert walk.findings(walk.changed(change)) == {name: expected}


# --- Planted errors: gait clock ---


def test_wrong_gait_period_is_named(walk: Walk) -> None:
    wrong = walk.changed(lambda c: c["phase"].update(period_ticks=25))
    assert walk.findings(wrong) == {"phase": "gait period: ours has 25.000 ticks, the golden one 27.000"}


def test_wrong_gait_factor_is_named_by_its_period(walk: Walk) -> None:
    wrong = walk.changed(lambda c: c["phase"].update(factor=1.5))
    assert walk.findings(wrong) == {"phase": "gait period: ours has 18.000 ticks, the golden one 27.000"}


def test_gait_clock_that_advances_before_the_observation_is_named(walk: Walk) -> None:
    wrong = walk.changed(lambda c: c["phase"].update(advance="before_observation"))
    assert walk.findings(wrong) == {"phase": "shifted: ours is 1 tick(s) too new"}


# --- Planted errors: network and action ---


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        (lambda action: -action, "the sign is reversed"),
        (lambda action: action / 2, "scaled: ours is 2.00000 times the golden one"),
        (lambda action: action - np.float32(0.2), "offset: ours is the golden one plus 0.20000"),
        (lambda action: action[[1, 0, *range(2, 14)]], "swapped within the term: 0<-1, 1<-0"),
    ],
)
def test_other_network_is_named(own: Walk, fault: Callable[[Any], Any], pattern: str) -> None:
    network = own.network(own.contract)
    wrong = own.rebuilt(network=lambda observation: fault(network(observation)))
    assert own.findings(wrong) == {"action": pattern}


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        (lambda c: c["action"].update(scale=-0.25), "the sign is reversed"),
        (lambda c: c["action"].update(scale=0.5), "scaled: ours is 2.00000 times the golden one"),
        (lambda c: c["action"].update(scale=0.2), "scaled: ours is 0.80000 times the golden one"),
        (
            lambda c: c["action"].pop("velocity_limit_rps"),
            "velocity limit: the golden target moves at most 5.240 rad/s",
        ),
        (
            lambda c: c["action"].update(velocity_limit_rps=2.0),
            "velocity limit: the golden target moves at most 5.240 rad/s",
        ),
        (
            lambda c: c["action"].update(relative_to="zero"),
            "relative to: ours is taken from zero, the golden one from the default pose",
        ),
    ],
)
def test_wrong_action_map_is_named(walk: Walk, change: Change, pattern: str) -> None:
    assert walk.findings(walk.changed(change)) == {"target": pattern}


def test_velocity_limit_that_training_lacked_is_named(walk: Walk) -> None:
    wrong = walk.rebuilt(lambda c: c["action"].pop("velocity_limit_rps"))
    assert walk.findings(wrong) == {"target": "velocity limit: the golden target has none"}


def test_filter_that_training_lacked_is_seen(walk: Walk) -> None:
    wrong = walk.changed(lambda c: c["action"].update(filter={"kind": "low_pass", "cutoff_hz": 10.0}))
    assert list(walk.findings(wrong)) == ["target"]


HEAD = ("neck_pitch", "head_pitch", "head_yaw", "head_roll")
FED_BACK = "fed back: ours is the target {}, the golden one {} (action.fed_back, head_command.added_to_target)"


def test_head_command_not_added_is_named(duck: Walk) -> None:
    wrong = duck.changed(lambda c: c["head_command"].update(added_to_target=False))
    assert duck.findings(wrong) == {"target": FED_BACK.format("before the head command", "after it")}


def test_head_command_added_by_mistake_is_named(headless: Walk) -> None:
    def add(contract: Json) -> None:
        contract["head_command"]["added_to_target"] = True
        contract["action"]["fed_back"] = "after_head_command"

    assert headless.findings(headless.changed(add)) == {
        "target": FED_BACK.format("after the head command", "before it")
    }


def test_head_command_flag_alone_is_named_where_it_is_not_fed_back(headless: Walk) -> None:
    wrong = headless.changed(lambda c: c["head_command"].update(added_to_target=True))
    each = ", ".join(f"{joint} has {joint} added, the golden one nothing" for joint in HEAD)
    assert headless.findings(wrong) == {"sent": f"head command: {each}"}


def test_targets_that_are_held_back_are_named(walk: Walk) -> None:
    wrong = walk.changed(lambda c: c["action"].update(delay_ticks=1))
    assert set(walk.findings(wrong)) == {"sent"}


def test_targets_held_back_by_a_tick_are_named_as_too_old(headless: Walk) -> None:
    assert headless.findings(headless.changed(lambda c: c["action"].update(delay_ticks=1))) == {
        "sent": "shifted: ours is 1 tick(s) too old"
    }


@pytest.mark.parametrize(
    ("fed_back", "ours"),
    [("after_velocity_limit", "before the head command"), ("after_safety_gate", "after the safety filter")],
)
def test_wrong_fed_back_target_is_named(duck: Walk, fed_back: str, ours: str) -> None:
    wrong = duck.changed(lambda c: c["action"].update(fed_back=fed_back))
    assert duck.findings(wrong) == {"target": FED_BACK.format(ours, "after it")}


def test_head_joints_that_follow_each_others_command_are_named(duck: Walk) -> None:
    def exchange(contract: Json) -> None:
        pitch, yaw = contract["head_command"]["joints"][1:3]
        pitch["joint"], yaw["joint"] = yaw["joint"], pitch["joint"]

    expected = (
        "head command: head_pitch has head_yaw added, the golden one head_pitch, "
        "head_yaw has head_pitch added, the golden one head_yaw"
    )
    assert duck.findings(duck.changed(exchange)) == {"target": expected}


def test_joints_in_another_order_are_named(walk: Walk) -> None:
    def exchange(contract: Json) -> None:
        joints = contract["action"]["joints"]
        joints[2], joints[3] = joints[3], joints[2]

    order = (
        "joints in another order: ours has left_knee where the golden one has left_hip_pitch, "
        "left_hip_pitch where the golden one has left_knee"
    )
    found = walk.findings(walk.changed(exchange))
    assert (found["joint_position"], found["target"]) == (order, order)
    assert found.keys() == {"joint_position", "last_target", "target"}
    assert found["last_target"].startswith("start:")


def test_actions_in_another_order_are_named(walk: Walk) -> None:
    wrong = deepcopy(walk.contract)
    for tick in wrong["golden"]["ticks"]:
        tick["action"][2:4] = reversed(tick["action"][2:4])
    found = walk.findings(wrong)
    assert found.keys() == {"last_actions", "action", "target"}
    assert found["action"] == found["target"] == "swapped within the term: 2<-3, 3<-2"
    assert found["last_actions"].startswith("swapped within the term: 2<-3, 3<-2, 16<-17")


def wrong_pose(contract: Json) -> None:
    assert contract["action"]["joints"][3] == {"name": "left_knee", "default_rad": 1.368}
    contract["action"]["joints"][3]["default_rad"] = 1.468


def test_default_pose_that_is_not_the_robots_is_refused(walk: Walk) -> None:
    with pytest.raises(ContractError, match=r"left_knee: expected default pose 1\.468 rad, found 1\.368 rad"):
        walk.findings(walk.changed(wrong_pose))


def test_default_pose_wrong_in_robot_and_contract_alike_is_named(walk: Walk) -> None:
    text = (ROBOT.folder / "profile.toml").read_text(encoding="utf-8")
    assert text.count("left_knee = 1.368") == 1
    native = _native.Robot.from_toml(text.replace("left_knee = 1.368", "left_knee = 1.468"))
    found = walk.findings(walk.changed(wrong_pose), gaitway.Robot(native, ROBOT.folder))
    pose = "default pose: ours differs at left_knee by +0.10000 rad"
    assert (found["joint_position"], found["target"]) == (pose, pose)
    assert found.keys() == {"joint_position", "last_target", "target"}
    assert found["last_target"].startswith("start:")


def test_two_errors_are_two_findings(walk: Walk) -> None:
    def both(contract: Json) -> None:
        term(contract, "gyro").update(scale=-1.0)
        contract["action"]["scale"] = 0.5

    expected = {"gyro": "the sign is reversed", "target": "scaled: ours is 2.00000 times the golden one"}
    assert walk.findings(walk.changed(both)) == expected


def test_first_difference_is_given_with_its_numbers(own: Walk) -> None:
    wrong = deepcopy(own.contract)
    wrong["golden"]["ticks"][7]["observation"][4] += 0.5
    finding = checked(own.model, wrong)["findings"][0]
    assert (finding["what"], finding["tick"], finding["index"], finding["indices"]) == ("accelerometer", 7, 1, [1])
    assert finding["expected"] == pytest.approx(finding["found"] + 0.5)


# --- Contracts that are not what they should be ---


def with_metadata(model: bytes, **entries: str | None) -> bytes:
    """The file with entries of Gaitway's metadata replaced, or left out where they are None."""
    proto = onnx.load_from_string(model)
    kept = {prop.key: prop.value for prop in proto.metadata_props}
    kept |= {f"gaitway.{key}": value for key, value in entries.items()}
    del proto.metadata_props[:]
    # onnx writes metadata last, as embed() does, so that the weights' hash is unchanged.
    onnx.helper.set_model_props(proto, {key: value for key, value in kept.items() if value is not None})
    data: bytes = proto.SerializeToString()
    return data


def load(data: bytes) -> _native.Policy:
    return _native.Policy.from_onnx(data, ROBOT.known_contracts)


def embedded_contract(model: bytes) -> Json:
    text = next(prop.value for prop in onnx.load_from_string(model).metadata_props if prop.key == "gaitway.contract")
    contract: Json = json.loads(text)
    return contract


def refused(data: bytes, error: type[gaitway.GaitwayError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        load(data)
    assert caught.value.hint


def test_weights_changed_after_the_contract_was_embedded_are_refused(own: Walk) -> None:
    proto = onnx.load_from_string(own.model)
    weights = next(tensor for tensor in proto.graph.initializer if len(tensor.dims) == 2)
    values = numpy_helper.to_array(weights).copy()
    values.flat[0] += 1e-3
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    refused(
        proto.SerializeToString(),
        PolicyError,
        f"describes other weights: expected sha256 {own.contract['weights_sha256'][:8]}",
    )


def test_one_flipped_bit_of_the_weights_is_refused(own: Walk) -> None:
    data = bytearray(own.model)
    data[100_000] ^= 1
    refused(bytes(data), PolicyError, "describes other weights")


def test_contract_changed_after_it_was_embedded_is_refused(own: Walk) -> None:
    contract = embedded_contract(own.model)
    contract["action"]["scale"] = 0.3
    data = with_metadata(own.model, contract=json.dumps(contract))
    refused(data, PolicyError, "embedded contract was changed: expected sha256 [0-9a-f]{64}, found")


def test_contract_without_its_hash_is_refused(own: Walk) -> None:
    refused(with_metadata(own.model, contract_sha256=None), PolicyError, "embedded contract was changed")


def test_contract_written_otherwise_but_the_same_is_taken(own: Walk) -> None:
    """The hash is over the canonical text: spaces and the order of keys are nobody's business."""
    contract = embedded_contract(own.model)
    text = json.dumps(dict(reversed(contract.items())), indent=1)
    assert load(with_metadata(own.model, contract=text)).basis == "embedded"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(schema="gaitway.contract/3"), "schema: expected .*contract/1.*found .*contract/3"),
        (lambda c: c.update(mood="good"), "unknown field `mood`"),
        (lambda c: c["action"].update(gain=1), "action.*unknown field `gain`"),
        (lambda c: c.pop("gains"), "missing field `gains`"),
        (lambda c: c.update(policy_rate_hz="50"), "policy_rate_hz.*invalid type: string"),
        (lambda c: c.update(policy_rate_hz=0), "policy_rate_hz: expected 1 to 1000, found 0"),
        (lambda c: term(c, "gyro").update(unit="deg/s"), r"gyro\)\.unit: expected rad/s, found deg/s"),
        (lambda c: term(c, "gyro").update(width=4), r"gyro\)\.width: expected 3, found 4"),
        (lambda c: term(c, "gyro").update(frame=None), r"gyro\)\.frame: expected a frame"),
        (lambda c: term(c, "last_actions").update(lag=0), r"last_actions\)\.lag: expected 1 or more"),
        (lambda c: term(c, "phase").update(name="gyro"), "a name no other term has"),
        (lambda c: c.pop("phase"), "a phase clock in the contract"),
        (lambda c: c["head_command"]["joints"][0].update(joint="tail"), "a joint of the action, found tail"),
        (lambda c: c["golden"].update(ticks=c["golden"]["ticks"][:31]), "at least 32 ticks, found 31"),
        (lambda c: c["golden"]["ticks"][5]["action"].pop(), r"ticks\[5\]\.action: expected 14 numbers"),
        (lambda c: c["golden"]["ticks"][0].update(reset=False), r"ticks\[0\]\.reset: expected true"),
    ],
)
def test_embedded_contract_that_makes_no_sense_is_refused(own: Walk, change: Change, words: str) -> None:
    contract = embedded_contract(own.model)
    change(contract)
    refused(with_metadata(own.model, contract=json.dumps(contract)), ContractError, words)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "\N{DUCK}", "[" * 100_000, '{"schema": 1e999}'])
def test_embedded_text_that_is_no_contract_is_refused(own: Walk, text: str) -> None:
    refused(with_metadata(own.model, contract=text), ContractError, "contract: at ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["network"].update(input="observation"), "input name: expected observation, found obs"),
        (lambda c: c["network"].update(output="actions"), "output name: expected actions, found continuous_actions"),
        (lambda c: c["observation"].pop(), "input length: expected 99, found 101"),
    ],
)
def test_contract_of_another_network_is_refused(own: Walk, change: Change, words: str) -> None:
    contract = own.changed(lambda c: c.pop("golden"))
    change(contract)
    embedded = _native.embed(own.model, gaitway.Contract.from_json(json.dumps(contract)))
    refused(embedded, PolicyError, f"does not fit its contract: {words}")


def test_contract_of_another_robot_is_refused_before_anything_runs(own: Walk) -> None:
    contract = own.changed(lambda c: c["robot"].update(profile="go2"))
    with pytest.raises(ContractError, match=r"robot\.profile: expected go2, found open_duck_mini_v2"):
        own.findings(contract)


def test_unknown_file_without_contract_is_refused_and_told_the_way_out() -> None:
    with pytest.raises(PolicyError, match="carries no contract") as caught:
        load(dense(101, 14, seed=1))
    assert "--assume-contract" in caught.value.hint
    assert "gaitway_walk" in caught.value.hint


def test_builder_writes_the_contract_it_read(duck: Walk, tmp_path: Path, shared_data: Path) -> None:
    source, made = tmp_path / "contract.json", tmp_path / "made.json"
    bare = {key: value for key, value in duck.contract.items() if key != "golden"}
    source.write_text(json.dumps(bare), encoding="utf-8")
    assert vectors.main([str(source), str(shared_data / "BEST_WALK_ONNX_2.onnx"), "-o", str(made)]) == 0
    contract = json.loads(made.read_text(encoding="utf-8"))
    assert duck.findings(contract) == {}
    del contract["golden"]
    assert contract == bare
    assert vectors.main([str(source), str(ROBOT.default_policy), "-o", str(made)]) == 1
