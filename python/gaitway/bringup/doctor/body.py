"""The rest of the body: IMU, contacts, pad, sound."""

import math
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaitway import _native
from gaitway.bringup.doctor.finding import Finding, failed, in_use, passed, skipped, warned
from gaitway.bringup.imu import Calibration, address_remedy
from gaitway.errors import GaitwayError
from gaitway.robot import Robot

_UP_WITHIN_S = 6.0
_LOOK_S = 0.02
_LOOKS = 50
#: What the accelerometer of a chip at rest may say, m/s².
_GRAVITY_MPS2 = (9.0, 10.6)
#: A robot that leans more does not stand.
_TILTED_DEG = 30.0
_UPSIDE_DOWN_DEG = 150.0
#: Beyond this a robot that should be still turns, rad/s.
_TURNING_RPS = 0.1
#: Samples a second that the loop can live with.
_SAMPLES_HZ = 60
#: Edges in a second of a switch nobody touches.
_LOOSE_EDGES = 4
#: How a Raspberry Pi calls the card of its screen, which has no speaker of the robot's.
_SCREEN = "vc4hdmi"
_ALL_IMU = ("IMU samples", "IMU gravity", "IMU rest", "IMU calibration")


def look_at_imu(robot: Robot, bus: Path | None, calibration: Path | None) -> Iterator[Finding]:
    """Is it there, does it measure, is it mounted as the profile says, does it know itself?"""
    path = bus or robot.imu_bus
    if path is None:
        yield skipped("IMU", f"{robot.title} has none")
        return
    if (user := in_use(path)) is not None:
        yield skipped("IMU", f"{path}: {user}")
        yield from (skipped(what, "the IMU is in use") for what in _ALL_IMU)
        return
    try:
        words = Calibration.load(calibration).words if calibration else None
        imu = _native.Imu(robot.native, path, calibration=words)
    except GaitwayError as error:
        yield failed("IMU", error.message, error.hint)
        yield from (skipped(what, "no IMU") for what in _ALL_IMU)
        return
    state: Any = _wait_for(imu)
    if state["accel_mps2"] is None:
        remedy = state["hint"] or "switch its supply off and on"
        yield failed("IMU", f"{path}: {state['problem'] or 'no sample'}", remedy)
        yield from (skipped(what, "no sample") for what in _ALL_IMU)
        return
    yield _found(path, state)
    yield from _measure(imu)
    yield _knows_itself(imu.state(), calibration)


def _found(path: Path, state: Any) -> Finding:
    address, expected = state["address"], state["expected_address"]
    found = f"{path}: BNO055, {state['temperature_c']} °C"
    if address == expected:
        return passed("IMU", found)
    remedy = address_remedy(address)
    return passed("IMU", f"{found}, at 0x{address:02x} and not 0x{expected:02x}: {remedy}")


def _wait_for(imu: _native.Imu) -> Any:
    end_s = time.monotonic() + _UP_WITHIN_S
    state = imu.state()
    while time.monotonic() < end_s and not (state["is_up"] and state["accel_mps2"] and state["calibration"]):
        time.sleep(_LOOK_S)
        state = imu.state()
    return state


def _measure(imu: _native.Imu) -> Iterator[Finding]:
    before, begun_s = imu.state(), time.monotonic()
    forces, turns = [], []
    for _ in range(_LOOKS):
        time.sleep(_LOOK_S)
        state = imu.state()
        if state["accel_mps2"] is not None and state["gyro_rps"] is not None:
            forces.append(tuple(state["accel_mps2"]))
            turns.append(tuple(state["gyro_rps"]))
    after = imu.state()
    hz = (after["samples"] - before["samples"]) / (time.monotonic() - begun_s)
    failures = after["failures"] - before["failures"]
    bring_ups = after["bring_ups"] - before["bring_ups"]
    wires = "shorter I2C wires, away from the servos' own; `dtparam=i2c_arm_baudrate=400000` in config.txt"
    if bring_ups:
        yield failed("IMU samples", f"it restarted {bring_ups} times in a second", "its supply dips: 3.3 V of its own")
    elif hz < _SAMPLES_HZ or failures > 1:
        yield warned("IMU samples", f"{hz:.0f} a second, {failures} transfers failed", wires)
    elif after["saturated"] > before["saturated"]:
        yield warned("IMU samples", "at the end of their range", "is the robot being shaken? else the chip is broken")
    elif len(set(forces)) <= 2 and len(set(turns)) <= 2:
        yield failed("IMU samples", "frozen: always the same numbers", "switch its supply off and on")
    else:
        yield passed("IMU samples", f"{hz:.0f} a second")
    yield _gravity(forces)
    turning_rps = [sum(axis) / len(turns) for axis in zip(*turns, strict=True)]
    if math.hypot(*turning_rps) > _TURNING_RPS:
        found = f"turns at {math.hypot(*turning_rps):.2f} rad/s"
        yield warned("IMU rest", found, "keep it still while the doctor looks; else gaitway imu calibrate")
    else:
        yield passed("IMU rest", f"turns at {math.hypot(*turning_rps):.3f} rad/s")


def _gravity(forces: list[tuple[float, ...]]) -> Finding:
    what = "IMU gravity"
    x, y, z = (sum(axis) / len(forces) for axis in zip(*forces, strict=True))
    size = math.hypot(x, y, z)
    tilt_deg = math.degrees(math.atan2(math.hypot(x, y), z))
    found = f"{size:.2f} m/s², {tilt_deg:.0f}° from upright"
    low, high = _GRAVITY_MPS2
    if not low <= size <= high:
        return warned(what, found, "keep it still; else its accelerometer needs gaitway imu calibrate")
    if tilt_deg > _UPSIDE_DOWN_DEG:
        remedy = "if the robot stands upright, its mount is another: gaitway imu mount (imu_upside_down in the config)"
        return failed(what, f"{found}: upside down", remedy)
    if tilt_deg > _TILTED_DEG:
        remedy = "if the robot stands upright, its mount is another: gaitway imu mount"
        return warned(what, found, remedy)
    return passed(what, found)


def _knows_itself(state: Any, calibration: Path | None) -> Finding:
    what = "IMU calibration"
    system, gyro, accel, mag = state["calibration"] or (0, 0, 0, 0)
    found = f"system {system}, gyro {gyro}, accel {accel}, mag {mag} of 3"
    if calibration is not None:
        return passed(what, f"{found}, from {calibration}")
    remedy = "gaitway imu calibrate -o imu.json, then --imu-calibration imu.json"
    return warned(what, f"{found}; none kept", remedy)


def look_at_contacts(robot: Robot, path: Path | None) -> Iterator[Finding]:
    """Do the switches hang on their pins, and does one chatter?"""
    what = "contacts"
    if not robot.contact_names:
        yield skipped(what, f"{robot.title} has no contacts")
        return
    try:
        pins = _native.Contacts(robot.native, path)
    except GaitwayError as error:
        yield warned(what, error.message, f"{error.hint}; without them it runs, worse")
        return
    time.sleep(_LOOK_S)
    before = pins.edges()
    time.sleep(1.0)
    edges = [now - then for now, then in zip(pins.edges(), before, strict=True)]
    sides = robot.contact_names
    stands = ", ".join(f"{side} {'down' if down else 'up'}" for side, down in zip(sides, pins.contact(), strict=True))
    loose = [side for side, count in zip(sides, edges, strict=True) if count > _LOOSE_EDGES]
    if loose:
        remedy = "a loose plug, or a switch that is only just pressed: bend its lever"
        yield warned(
            what, f"{stands}; the {' and the '.join(loose)} switch chatters, {max(edges)} edges a second", remedy
        )
    else:
        yield passed(what, f"{stands}; lift each to see it change: gaitway doctor again")


def look_at_pad(robot: Robot) -> Iterator[Finding]:
    """Is one there, and may it be read? It is looked for as gaitwayd does."""
    what = "pad"
    if not any(axis in robot.command_axes for axis in _native.axes()):
        yield skipped(what, f"{robot.title} has no axis that a pad moves")
        return
    try:
        # What its sticks would ask is of no interest here: any contract does.
        pad = _native.Pad((robot.known_contracts or Robot.load().known_contracts)[0])
    except GaitwayError as error:
        yield warned(what, error.message, f"{error.hint}; or --keyboard, --pad-listen")
        return
    yield passed(what, f"{pad.name}, {pad.path}, layout {pad.layout}")


def look_at_sound(robot: Robot, system: Path, folder: Path | None) -> Iterator[Finding]:
    """Who plays, on which card, and what?"""
    what = "sound"
    if all(kind != "sound" for _, kind, _ in robot.native.outputs):
        yield skipped(what, f"{robot.title} has no output of that kind")
        return
    if shutil.which("aplay") is None:
        yield warned(what, "nobody plays: no aplay", "sudo apt-get install alsa-utils; without it the robot is silent")
        return
    path = system / "proc/asound/cards"
    cards = re.findall(r"^ *\d+ \[(\w+)", path.read_text(errors="replace") if path.exists() else "", re.MULTILINE)
    if all(card.startswith(_SCREEN) for card in cards):
        found = "a screen's alone" if cards else "no sound card"
        yield warned(what, found, "dtoverlay=hifiberry-dac in config.txt for a MAX98357; then aplay -l")
        return
    if folder is not None and not any(path.suffix.lower() == ".wav" for path in folder.iterdir()):
        yield warned(what, f"{folder}: no .wav files", "name a folder with some: gaitwayd --sounds DIR")
        return
    yield passed(what, "a card is there")
