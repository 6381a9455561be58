"""A visit: who is looked at, and everything in turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gaitway.bringup.doctor import body, bus, machine, software
from gaitway.bringup.doctor.finding import Finding, in_use, skipped
from gaitway.errors import GaitwayError
from gaitway.robot import DEFAULT_PORT, Robot


@dataclass(frozen=True)
class Patient:
    """A robot, and where its parts are; None where they are looked for."""

    robot: Robot = field(default_factory=Robot.load)
    port: Path = DEFAULT_PORT
    config: Path | None = None
    policy: Path | None = None
    imu: Path | None = None
    imu_calibration: Path | None = None
    feet: Path | None = None
    sounds: Path | None = None
    recordings: Path | None = None
    #: Root of the system's own files; another folder where a test plants faults in them.
    system: Path = Path("/")
    #: No configuration is needed.
    no_config: bool = False


def visit(patient: Patient) -> Iterator[Finding]:
    """Looks at everything, from the ground up: each finding as soon as it is made. Nothing moves.

    The IMU is brought up anew, as at every start; of a robot that somebody drives it is left alone.
    """
    yield from software.look(patient.robot, patient.config, patient.policy, no_config=patient.no_config)
    yield from machine.look(patient.system, patient.recordings)
    robot = _as_configured(patient)
    driver = in_use(patient.port)
    if driver is not None:
        yield from (skipped(what, f"{patient.port}: {driver}") for what in ("serial port", *bus.ALL))
        # A chip is brought up by whoever looks at it: not under a robot that walks.
        yield skipped("IMU", f"the robot is {driver}")
    else:
        yield from bus.look(robot, patient.port)
        yield from body.look_at_imu(robot, patient.imu, patient.imu_calibration)
    yield from body.look_at_contacts(robot, patient.feet)
    yield from body.look_at_pad(robot)
    yield from body.look_at_sound(robot, patient.system, patient.sounds)


def _as_configured(patient: Patient) -> Robot:
    """The robot with its offsets and its mount; as it comes where its configuration cannot be read."""
    if patient.config is None:
        return patient.robot
    try:
        return patient.robot.configured(patient.config)
    except GaitwayError:
        # Said by whoever looked at the configuration.
        return patient.robot
