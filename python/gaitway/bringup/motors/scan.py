"""Servos nobody knows yet: found on a bus, and given the settings of a joint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitway._native import ServoDesk
from gaitway.errors import BusError, UsageError
from gaitway.robot import Robot

#: Speeds of an STS3215, by the value of its register.
BAUDS = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
#: Ids a servo can have.
IDS = range(254)
MODEL_STS3215 = 777


@dataclass(frozen=True)
class Line:
    """What lies between the computer and the servos."""

    #: The adaptor sends back every byte it is given.
    echoes: bool
    #: Whether several servos answer one request; None where too few answer at all.
    bulk_reads: bool | None

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong with it, each with what to do."""
        echo, no_bulk = ServoDesk.line_words()
        return [words for words, is_so in ((echo, self.echoes), (no_bulk, self.bulk_reads is False)) if is_so]


@dataclass(frozen=True)
class Found:
    """A servo that was found, or what is left of one."""

    id: int
    baud: int
    #: What it reports about itself.
    faults: list[str]
    #: Its registers by name; None where several speak at once.
    registers: dict[str, int] | None

    @property
    def is_shared(self) -> bool:
        """Several servos answer to this id."""
        return self.registers is None


def scan(
    port: Path,
    bauds: Sequence[int] = BAUDS[:1],
    ids: Sequence[int] = IDS,
    watch: Callable[[int, int], None] = lambda baud, servo_id: None,
) -> list[Found]:
    """Asks every id at every speed, once: silence takes its time. `watch` is told which is asked. Raises BusError."""
    found = []
    for baud in bauds:
        desk = ServoDesk(port, baud)
        try:
            for servo_id in ids:
                watch(baud, servo_id)
                heard = desk.ping(servo_id, tries=1)
                if heard == "silence":
                    continue
                registers = desk.read(servo_id)
                # Noise is no servo: one that is there says something when it is asked for more.
                if registers is not None or baud == bauds[0]:
                    faults = heard if isinstance(heard, list) else []
                    found.append(Found(servo_id, baud, faults, registers))
        finally:
            desk.close()
    return found


def check_line(port: Path, baud: int, ids: Sequence[int]) -> Line:
    """Looks for an adaptor that echoes, and for bulk reads that fail where these servos answer alone."""
    desk = ServoDesk(port, baud)
    try:
        return Line(*desk.check_line(list(ids)))
    finally:
        desk.close()


def set_up(port: Path, servo: Found, robot: Robot, joint: str, tell: Callable[[str], None]) -> dict[str, int]:
    """Gives a servo the settings of a joint of `robot`, and its id at last; it is limp then. Returns its registers.

    Raises BusError for what is not taken, UsageError for another kind of servo.
    """
    index = robot.joint_names.index(joint)
    servo_id, baud = robot.native.servo_ids[index], robot.native.baud
    if servo.registers is None:
        raise BusError(f"id {servo.id}: several servos answer to it", hint="plug in one of them alone")
    if servo.registers["model"] != MODEL_STS3215:
        raise UsageError(
            f"servo {servo.id}: expected model {MODEL_STS3215} (STS3215), found {servo.registers['model']}",
            hint="another model has its registers elsewhere: nothing was written",
        )
    desk = ServoDesk(port, servo.baud)
    try:
        desk.torque_off(servo.id)
        if servo.baud != baud:
            tell(f"baud: {servo.baud} -> {baud}")
            desk.save(servo.id, "baud", BAUDS.index(baud))
            desk.close()
            desk = ServoDesk(port, baud)
        before = desk.read(servo.id)
        if before is None:
            raise BusError(f"servo {servo.id} is silent at {baud} baud", hint="switch its power off and on, try again")
        for name, value in [*ServoDesk.settings(robot.native, index, before), ("id", servo_id)]:
            if before[name] == value:
                continue
            tell(f"{name}: {before[name]} -> {value}")
            if not desk.save(servo.id, name, value):
                raise BusError(f"servo {servo.id}, {name}: wrote {value}, it did not keep it", hint="try again")
        after = desk.read(servo_id)
        if after is None:
            raise BusError(f"servo {servo_id} is silent after its set-up", hint="gaitway motors scan")
        return after
    finally:
        desk.close()
