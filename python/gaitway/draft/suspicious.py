"""Values that are well-formed, and that no training is likely to have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gaitway.draft.parts import Network, Said
from gaitway.onnx_metadata import gain_warnings

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: Radians for an action of one.
_LARGEST_SCALE = 2.0


def warnings(contract: dict[str, Any], said: Said, network: Network, robot: "Robot") -> list[str]:
    """What is suspicious about a contract that was begun, a sentence each."""
    found = [*_joints(contract["action"], robot), *_scales(contract), *_rate(contract, robot), *_ranges(contract)]
    # What mjlab writes into its metadata was looked at there.
    gains = gain_warnings(said.stiffness or (), said.damping or ())
    found += [warning for warning in gains if warning not in said.warnings]
    found += _normaliser(said, network)
    return found


def _joints(action: dict[str, Any], robot: "Robot") -> Iterator[str]:
    if not isinstance(action["joints"], list):
        return
    limits = dict(zip(robot.joint_names, robot.limits_rad, strict=True))
    names = [joint["name"] for joint in action["joints"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is {names.count(name)} times among the joints of the action"
    for joint in action["joints"]:
        name, angle = joint["name"], joint["default_rad"]
        low, high = limits.get(name, (float("-inf"), float("inf")))
        if isinstance(angle, float) and not low - 1e-6 <= angle <= high + 1e-6:
            yield f"the default pose of {name} is {angle:g} rad, its range {low:g} to {high:g}"
    idle = [name for name in robot.joint_names if name not in names]
    if idle and all(name in limits for name in names):
        yield f"not driven by the policy: {', '.join(idle)}; they hold the profile's default pose"


def _scales(contract: dict[str, Any]) -> Iterator[str]:
    action = contract["action"]["scale"]
    scales = action if isinstance(action, list) else [action]
    zero = [index for index, scale in enumerate(scales) if scale == 0]
    if zero:
        yield f"action.scale is 0 at {', '.join(map(str, zero))}: such a joint never moves"
    if any(isinstance(scale, float) and abs(scale) > _LARGEST_SCALE for scale in scales):
        yield f"action.scale is {action}: more than {_LARGEST_SCALE:g} rad for an action of one"
    terms = contract["observation"] if isinstance(contract["observation"], list) else []
    for term in terms:
        if term.get("scale") == 0:
            yield f"observation term {term['name']}: its scale is 0, it tells the policy nothing"
        clip = term.get("clip")
        if clip is not None and clip[0] == clip[1]:
            yield f"observation term {term['name']}: its clip leaves one value, {clip[0]:g}"


def _rate(contract: dict[str, Any], robot: "Robot") -> Iterator[str]:
    rate = contract["policy_rate_hz"]
    if isinstance(rate, int) and robot.control_hz % rate != 0:
        yield f"the policy runs at {rate} Hz, the robot's loop at {robot.control_hz} Hz, which is no multiple of it"


def _ranges(contract: dict[str, Any]) -> Iterator[str]:
    for axis in contract["command"]:
        if axis["min"] == axis["max"]:
            yield f"command {axis['axis']} was trained at {axis['min']:g} alone"


def _normaliser(said: Said, network: Network) -> Iterator[str]:
    """A configuration that normalises, and a network that does not."""
    origin = said.normalised_by
    if origin is not None and not {"Sub", "Div", "BatchNormalization"} & set(network.operators):
        yield f"{origin} normalises observations, the network has no Sub and no Div: its normaliser was not exported"
