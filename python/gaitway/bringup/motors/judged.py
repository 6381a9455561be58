"""What servos say, judged: their supply, the bits of their error byte, and the angles they read."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median_high
from typing import Literal

from gaitway.robot import Robot

#: So little above the profile's first limit a battery should be charged before anything moves, V: two cells at 7.0 V.
_SOON_FLAT_V = 0.4
#: Two servos of one supply that differ by more than this have a bad contact or a wrong voltmeter between them, V.
_SPREAD_V = 0.5
#: A servo that has less does not answer, V.
_LEAST_V = 4.0
#: The limits that a servo for 7.4 V has from the factory, V: register 14 must not lie below.
_FACTORY_LIMIT_V = 8.0
#: Of the unload conditions (register 19): the supply cuts the torque.
_UNLOAD_VOLTAGE = 1
#: How far outside its range a joint may read where the profile does not say, rad.
_MARGIN_RAD = (-0.6, 0.6)
#: Where the servos may have more than this they are not those for 7.4 V, V.
_OTHER_SERVOS_V = 12.0
_ZERO_COUNT, _COUNTS_PER_TURN = 2048, 4096

_RIGHT_SUPPLY = "disconnect the supply: servos for 7.4 V take two cells, 8.4 V when full, and 12 V destroys them"
_OTHER_SUPPLY = "disconnect the supply: it gives more than this robot's servos are made for"
#: What to do about each error bit; about "voltage" that depends.
_REMEDIES = {
    "angle": "its encoder failed: switch its power off and on; where it comes back, replace the servo",
    "temperature": "let it cool, and find what it works against: gaitway plot",
    "current": "free what is blocked and look for a damaged wire, then switch its power off and on",
    "overload": "free what is blocked; overload stays until the servo's power was off and on",
}
_UNKNOWN_BIT = "no table explains this bit: switch its power off and on; where it comes back, replace the servo"


@dataclass(frozen=True)
class Judged:
    """How something is, and what to do about it."""

    level: Literal["pass", "warn", "fail"]
    found: str
    remedy: str = ""


def supply(robot: Robot, volts: Mapping[str, float]) -> Judged:
    """The supply, by what every servo measures of it: too much, too little, or one servo against all others."""
    lowest, highest = min(volts, key=volts.__getitem__), max(volts, key=volts.__getitem__)
    # A bad contact takes volts away, so of two servos the higher one is nearer to the battery.
    most_v = median_high(volts.values())
    limit_v, flat_v = _highest_v(robot), max(robot.native.fault_limits("low_voltage"), default=0.0)
    apart = [joint for joint, found_v in volts.items() if abs(found_v - most_v) > _SPREAD_V]
    found = f"{volts[lowest]:.1f} V at {lowest}"
    charge = f"charge the battery, or check the supply: too little below {flat_v:g} V"
    if most_v > limit_v:
        return Judged(
            "fail", f"{volts[highest]:.1f} V at {highest}, expected {limit_v:g} V at most", _right_supply(robot)
        )
    if most_v < flat_v:
        return Judged("fail", found, charge)
    if apart:
        each = ", ".join(f"{joint} {volts[joint]:.1f} V" for joint in apart)
        is_bad = any(not flat_v <= volts[joint] <= limit_v for joint in apart)
        remedy = f"it is not the battery: check plug and wire at {', '.join(apart)}"
        if any(volts[joint] < _LEAST_V for joint in apart):
            remedy += f"; a servo below {_LEAST_V:g} V could not answer, so its measurement is wrong: replace it"
        return Judged("fail" if is_bad else "warn", f"{each}; the others {most_v:.1f} V", remedy)
    if volts[lowest] < flat_v:
        return Judged("fail", found, charge)
    if volts[highest] - volts[lowest] > _SPREAD_V:
        return Judged("warn", f"{found}, {volts[highest]:.1f} V at {highest}", f"check plug and wire at {lowest}")
    if volts[lowest] < charge_soon_v(robot):
        return Judged("warn", found, "charge the battery soon")
    return Judged("pass", found)


def charge_soon_v(robot: Robot) -> float:
    """A supply below this should be charged, V; 0 for a robot whose profile has no limit."""
    flat_v = max(robot.native.fault_limits("low_voltage"), default=0.0)
    return flat_v + _SOON_FLAT_V if flat_v else 0.0


def faults(robot: Robot, said: Mapping[str, Iterable[str]], registers: Mapping[str, Mapping[str, int]]) -> Judged:
    """The error bits of each joint's servo, by name; `registers` are those that are known of each."""
    judged = {
        joint: [_fault(robot, bit, registers.get(joint, {})) for bit in bits] for joint, bits in said.items() if bits
    }
    bad = {joint: [each for each in row if each.level != "pass"] for joint, row in judged.items()}
    bad = {joint: row for joint, row in bad.items() if row}
    if bad:
        found = "; ".join(f"{joint}: {', '.join(each.found for each in row)}" for joint, row in bad.items())
        remedies = dict.fromkeys(each.remedy for row in bad.values() for each in row)
        return Judged("fail", found, "; ".join(remedies))
    fine = [each.found for row in judged.values() for each in row]
    return Judged("pass", f"{fine[0]} ({len(fine)} servos)" if fine else "none")


def position(robot: Robot, joint: str, angle_rad: float) -> Judged | None:
    """Why a joint cannot be at this angle, by what its servo reads; None where it can."""
    index = robot.joint_names.index(joint)
    low, high = robot.limits_rad[index]
    below, above = robot.native.wire_limits("joint_position") or _MARGIN_RAD
    servo_rad = robot.native.directions[index] * angle_rad + robot.native.offsets_rad[index]
    if abs(servo_rad) <= math.pi and low + below <= angle_rad <= high + above:
        return None
    found = f"reads {angle_rad:.2f} rad, its range is {low:.2f} to {high:.2f} rad"
    if abs(servo_rad) > math.pi:
        return Judged("fail", found, turn_remedy(joint))
    remedy = (
        f"see its position offset (register 31): gaitway motors audit; else its horn, or another joint's servo: "
        f"gaitway motors calibrate {joint}"
    )
    return Judged("fail", found, remedy)


def angle_rad(robot: Robot, joint: str, count: int) -> float:
    """The angle of a joint whose servo reads this count of its encoder."""
    index = robot.joint_names.index(joint)
    servo_rad = (count - _ZERO_COUNT) * 2 * math.pi / _COUNTS_PER_TURN
    return robot.native.directions[index] * (servo_rad - robot.native.offsets_rad[index])


def turn_remedy(joint: str) -> str:
    """What to do about a servo whose position lies outside its one turn."""
    return (
        "it counts turns, or its zero was moved: switch its power off and on, then see position offset (register 31) "
        f"and phase (18): gaitway motors audit; gaitway motors setup {joint} clears both, then calibrate it"
    )


def _highest_v(robot: Robot) -> float:
    return min(robot.native.fault_limits("high_voltage"), default=math.inf)


def _right_supply(robot: Robot) -> str:
    # A profile that allows 12 V is of servos that take it.
    return _RIGHT_SUPPLY if _highest_v(robot) < _OTHER_SERVOS_V else _OTHER_SUPPLY


def _fault(robot: Robot, bit: str, registers: Mapping[str, int]) -> Judged:
    if bit != "voltage":
        return Judged("fail", bit, _REMEDIES.get(bit, _UNKNOWN_BIT))
    if not registers:
        return Judged("fail", bit, "charge the battery, check plug and wire")
    found_v = registers["present voltage"] / 10
    low_v, high_v = registers["min voltage"] / 10, registers["max voltage"] / 10
    if found_v > _highest_v(robot):
        return Judged("fail", f"{bit} ({found_v:.1f} V)", _right_supply(robot))
    if found_v > high_v:
        found = f"{found_v:.1f} V is above the servo's own limit of {high_v:.1f} V"
        if high_v < _FACTORY_LIMIT_V or registers["unload condition"] & _UNLOAD_VOLTAGE:
            return Judged("fail", found, "gaitway motors audit --fix")
        return Judged("pass", f"{found}, as a full pack is")
    if found_v < low_v:
        return Judged("fail", f"{found_v:.1f} V is below its own limit of {low_v:.1f} V", "charge the battery")
    remedy = "the supply left its limits for a moment: charge the battery, check plug and wire"
    return Judged("fail", f"{bit} ({found_v:.1f} V now)", remedy)
