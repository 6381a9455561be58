"""The servos: port, who answers, how fast, adaptor, settings, positions, supply, heat, faults, noise."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from gaitway._native import ServoDesk
from gaitway.bringup.doctor.finding import Finding, Verdict, failed, passed, skipped, warned
from gaitway.bringup.motors import BAUDS, Line, Look, Motors, judged
from gaitway.bringup.motors.judged import Judged
from gaitway.errors import GaitwayError
from gaitway.robot import Robot

#: The id of a servo as it comes from the factory.
_FACTORY_ID = 1
#: A ping and its answer: six bytes each way, at 1 Mbaud.
_PING_BYTES = 12
_PINGS = 20
#: Beyond these a round trip costs ticks: the rest of a tick is 17 ms.
_SLOW_MS = 2.5
_TOO_SLOW_MS = 8.0
_WARM_C = 55.0
_HOT_C = 65.0
#: How often everything is read to see whether answers are damaged, and in how many of these looks one is where the
#: wires are bad: they lose a little all the time, a computer that was busy for a moment loses much at once. Half of
#: the looks is an answer in eighty; those who walk ask again.
_LOOKS = 20
_NOISY = 10
#: Everything that is looked at behind the port.
ALL = (
    "servo power",
    "servo ids",
    "round trip",
    "servo adaptor",
    "bulk reads",
    "servo settings",
    "servo positions",
    "supply",
    "servo temperature",
    "servo faults",
    "torque",
    "bus noise",
)


def look(robot: Robot, port: Path, system: Path = Path("/")) -> Iterator[Finding]:
    """Everything on the bus; nothing is written to a servo that is limp. `system` is the root of /sys."""
    try:
        desk = ServoDesk(port, robot.native.baud)
    except GaitwayError as error:
        yield failed("serial port", error.message, error.hint)
        yield from (skipped(what, "no port") for what in ALL)
        return
    try:
        try:
            yield passed("serial port", f"{port} at {robot.native.baud} baud")
            findings, present, registers = _who(robot, desk)
            yield from findings
            if present:
                yield _round_trip(robot, desk, present, system / "sys/class/tty" / port.resolve().name)
                line = Line(*desk.check_line(list(present)))
                yield from _line(line, len(present))
        finally:
            desk.close()
        if present:
            yield from _with_motors(robot, port, registers, line)
        else:
            yield _power(robot, port)
            yield from (skipped(what, "no servo answers") for what in ALL[2:])
    except GaitwayError as error:
        yield failed("servo bus", error.message, error.hint)


def _who(robot: Robot, desk: ServoDesk) -> tuple[list[Finding], list[int], dict[str, dict[str, int]]]:
    """Which of the robot's servos answer, and who else does; and the registers of each joint's."""
    joints = dict(zip(robot.native.servo_ids, robot.joint_names, strict=True))
    heard = {servo_id: desk.ping(servo_id) for servo_id in (*joints, _FACTORY_ID)}
    present = [servo_id for servo_id in joints if heard[servo_id] != "silence"]
    if not present and heard[_FACTORY_ID] == "silence":
        return [], [], {}
    # One that is there says all it has; two at once say nothing that can be read.
    read = {joints[servo_id]: desk.read(servo_id) for servo_id in present}
    registers = {joint: found for joint, found in read.items() if found is not None}
    shared = [joint for joint in read if joint not in registers]
    missing = [joints[servo_id] for servo_id in joints if servo_id not in present]
    answering = f"{len(present)} of {len(joints)} servos answer" if present else "a new servo answers"
    findings = [passed("servo power", answering)]
    problems, remedies = [], []
    if shared:
        problems.append(f"several servos answer as {', '.join(shared)}")
        remedies.append("unplug all but one of them: gaitway motors setup JOINT")
    if missing:
        problems.append(f"silent: {', '.join(missing)}")
        new = heard[_FACTORY_ID] != "silence"
        remedies.append(
            f"a new servo with id 1 is there: gaitway motors setup {missing[0]}"
            if new
            else "check plug and wire from the last one that answers on; then gaitway motors scan --all-bauds"
        )
    if problems:
        findings.append(failed("servo ids", "; ".join(problems), "; ".join(remedies)))
    else:
        findings.append(passed("servo ids", "every joint has its servo"))
    return findings, present or [_FACTORY_ID], registers


def _power(robot: Robot, port: Path) -> Finding:
    """Nobody answers at the robot's speed: perhaps at another."""
    for baud in BAUDS:
        if baud == robot.native.baud:
            continue
        desk = ServoDesk(port, baud)
        try:
            for servo_id in (_FACTORY_ID, robot.native.servo_ids[0]):
                if isinstance(desk.ping(servo_id), list):
                    remedy = "gaitway motors setup JOINT, each servo plugged in alone"
                    return failed("servo power", f"servo {servo_id} answers at {baud} baud only", remedy)
        finally:
            desk.close()
    remedy = "switch the battery on; check the plug between board and first servo, and the jumper of the board (B: USB)"
    return failed("servo power", "no servo answers", remedy)


def _round_trip(robot: Robot, desk: ServoDesk, present: list[int], device: Path) -> Finding:
    times_ms = []
    for turn in range(_PINGS):
        begun_ns = time.perf_counter_ns()
        if isinstance(desk.ping(present[turn % len(present)]), list):
            times_ms.append((time.perf_counter_ns() - begun_ns) * 1e-6)
    return judge_round_trips(times_ms, robot.native.baud, device)


def judge_round_trips(times_ms: list[float], baud: int, device: Path) -> Finding:
    """Whether the adaptor holds bytes back, by how long pings took; `device` is its folder in /sys/class/tty."""
    what = "round trip"
    if not times_ms:
        return skipped(what, "no sound answer")
    # A busy computer is late now and then, an adaptor that holds bytes back is it every time.
    trip_ms, wire_ms = sorted(times_ms)[len(times_ms) // 4], _PING_BYTES * 1e4 / baud
    found = f"{trip_ms:.2f} ms for {wire_ms:.2f} ms of wire"
    if trip_ms < _SLOW_MS:
        return passed(what, found)
    timer = device / "device/latency_timer"
    remedy = f"echo 1 | sudo tee {timer}" if timer.exists() else "another USB port or cable, no hub, fewer programs"
    remedy = f"the adaptor holds bytes back: {remedy}"
    return failed(what, found, remedy) if trip_ms >= _TOO_SLOW_MS else warned(what, found, remedy)


def _line(line: Line, present: int) -> Iterator[Finding]:
    echo, no_bulk = ServoDesk.line_words()
    yield warned("servo adaptor", *echo) if line.echoes else passed("servo adaptor", "keeps the two directions apart")
    if line.bulk_reads is None:
        yield skipped("bulk reads", "too few servos answer")
    elif line.bulk_reads:
        yield passed("bulk reads", f"{present} servos asked at once answer")
    else:
        yield failed("bulk reads", *no_bulk)


def _with_motors(robot: Robot, port: Path, registers: dict[str, dict[str, int]], line: Line) -> Iterator[Finding]:
    with Motors(robot, port) as motors:
        audited = {joint: rows for joint, rows in motors.audit().items() if rows is not None}
        looks = {joint: look for joint, look in motors.look().items() if look is not None}
        rest = ALL[ALL.index("servo settings") :]
        # Of servos that say nothing nothing is known.
        if not (audited and looks):
            yield from (skipped(what, "no joint's servo answers") for what in rest)
            return
        yield _settings(audited)
        if line.bulk_reads is False:
            yield from (skipped(what, "bulk reads fail") for what in rest[1:])
            return
        yield _positions(robot, looks, [joint for joint in registers if joint not in looks])
        yield from _electric(robot, looks, registers)
        yield _torque(looks)
        yield _noise(motors, looks, line)


def _settings(audited: dict[str, list[dict[str, Any]]]) -> Finding:
    what = "servo settings"
    worst_first = ("grave", "warning", "note")
    rows = [(joint, row) for joint, found in audited.items() for row in found]
    rows.sort(key=lambda each: worst_first.index(each[1]["severity"]))
    if not rows:
        return passed(what, f"of {len(audited)} servos as the driver needs them")
    found = "; ".join(
        f"{joint} {row['register']} {row['found']} (expected {row['expected']}): {row['consequence']}"
        for joint, row in rows[:4]
    )
    if len(rows) > 4:
        found += f"; and {len(rows) - 4} more"
    fixable = [row["fixable"] for _, row in rows]
    remedy = "gaitway motors audit tells each" + ("; --fix writes some of them" if any(fixable) else "")
    if all(fixable):
        remedy = "gaitway motors audit --fix"
    is_grave = any(row["severity"] == "grave" for _, row in rows)
    return failed(what, found, remedy) if is_grave else warned(what, found, remedy)


def _positions(robot: Robot, looks: dict[str, Look], unheard: list[str]) -> Finding:
    what = "servo positions"
    if unheard:
        remedy = "gaitway motors scan; servos that answer there need another firmware: gaitway motors audit"
        return failed(what, f"answered alone, but not to a bulk read: {', '.join(unheard)}", remedy)
    judgements = {joint: judged.position(robot, joint, look.position_rad) for joint, look in looks.items()}
    bad = {joint: each for joint, each in judgements.items() if each is not None}
    if not bad:
        return passed(what, f"{len(looks)} joints are within their ranges")
    found = "; ".join(f"{joint} {each.found}" for joint, each in bad.items())
    return failed(what, found, "; ".join(dict.fromkeys(each.remedy for each in bad.values())))


def _electric(robot: Robot, looks: dict[str, Look], registers: dict[str, dict[str, int]]) -> Iterator[Finding]:
    volts = {joint: look.voltage_v for joint, look in looks.items() if look.voltage_v is not None}
    celsius = {joint: look.temperature_c for joint, look in looks.items() if look.temperature_c is not None}
    if not volts or not celsius:
        yield skipped("supply", "no servo tells")
        yield skipped("servo temperature", "no servo tells")
    else:
        yield _as_finding("supply", judged.supply(robot, volts))
        hottest = max(celsius, key=celsius.__getitem__)
        found = f"{celsius[hottest]:.0f} °C at {hottest}"
        if celsius[hottest] > _HOT_C:
            yield failed("servo temperature", found, "let it cool, and find out what it works against: gaitway plot")
        elif celsius[hottest] > _WARM_C:
            yield warned("servo temperature", found, "let it cool: at 60 °C it walks slowly, at 68 it sits down")
        else:
            yield passed("servo temperature", found)
    said = {joint: look.faults for joint, look in looks.items()}
    yield _as_finding("servo faults", judged.faults(robot, said, registers))


def _as_finding(what: str, found: Judged) -> Finding:
    return Finding(what, Verdict(found.level), found.found, found.remedy)


def _torque(looks: dict[str, Look]) -> Finding:
    driven = [joint for joint, look in looks.items() if look.torque_on]
    if not driven:
        return passed("torque", f"{len(looks)} servos are limp")
    return warned("torque", f"left on: {', '.join(driven)}", "hold the robot: gaitway motors limp")


def _noise(motors: Motors, looks: dict[str, Look], line: Line) -> Finding:
    what = "bus noise"
    lost = [_lost(motors, looks) for _ in range(_LOOKS + 1)]
    damaged = sum(after > before for before, after in pairwise(lost))
    sums = motors.counters()
    found = f"{damaged} of {_LOOKS} looks with lost answers"
    if not line.echoes:
        found += f", {sums['garbage_bytes']} bytes of garbage"
    if damaged < _NOISY and not sums["implausible"]:
        return passed(what, found)
    return warned(what, found, "shorter wires away from the motors', one ground, plugs pressed in: gaitway motors scan")


def _lost(motors: Motors, looks: dict[str, Look]) -> int:
    """Looks once more; answers lost so far by those who are there."""
    after = motors.look()
    misses = sum(look.misses for joint, look in after.items() if look and joint in looks)
    # Who is missing is asked again every time, which is no noise.
    retries = motors.counters()["retries"] if None not in after.values() else 0
    return misses + retries
