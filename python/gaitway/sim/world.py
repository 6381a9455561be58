"""How the simulated world differs from a perfect one: noise, latency, pushes, other friction, mass and gains."""

from collections.abc import Mapping
from dataclasses import dataclass

from gaitway.errors import UsageError
from gaitway.sim.physics import Physics


def _check(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{name}: expected {low} to {high}, found {value}", hint=f"correct {name}")


def _check_range(name: str, ends: tuple[float, float], low: float, high: float) -> None:
    for end in ends:
        _check(name, end, low, high)
    if ends[0] > ends[1]:
        raise UsageError(f"{name}: expected the lower end first, found {ends}", hint=f"correct {name}")


def _check_ticks(name: str, ticks: int) -> None:
    _check(name, ticks, 0, 50)
    if not isinstance(ticks, int):
        raise UsageError(f"{name}: expected a whole number of ticks, found {ticks}", hint=f"correct {name}")


@dataclass(frozen=True, slots=True)
class Noise:
    """Uniform noise of ± these on every sample. The defaults are those the community's policy was trained with."""

    gyro_rps: float = 0.1
    accelerometer_mps2: float = 0.05
    joint_position_rad: float = 0.03
    #: Joints whose name contains the key have this noise on their position instead, rad; None: as the robot's
    #: simulation.toml says.
    joint_position_by_part_rad: Mapping[str, float] | None = None
    joint_velocity_rps: float = 2.5


@dataclass(frozen=True, slots=True)
class Pushes:
    """Sudden changes of the trunk's velocity, in random directions along the ground."""

    speed_mps: tuple[float, float] = (0.1, 1.0)
    every_s: tuple[float, float] = (5.0, 10.0)

    def __post_init__(self) -> None:
        _check_range("speed_mps", self.speed_mps, 0.0, 10.0)
        _check_range("every_s", self.every_s, 0.1, 3600.0)


@dataclass(frozen=True, slots=True)
class Variation:
    """What a robot and its floor are drawn from, once for each simulation. Factors, except friction and delays."""

    friction: tuple[float, float] = (0.5, 1.0)
    mass: tuple[float, float] = (0.9, 1.1)
    stiffness: tuple[float, float] = (0.9, 1.1)
    friction_loss: tuple[float, float] = (0.9, 1.1)
    armature: tuple[float, float] = (1.0, 1.05)
    #: Most ticks by which goals and IMU are late, drawn from 0 on, beside the delays of the world itself.
    action_delay_ticks: int = 1
    imu_delay_ticks: int = 1

    def __post_init__(self) -> None:
        for name in ("friction", "mass", "stiffness", "friction_loss", "armature"):
            _check_range(name, getattr(self, name), 0.01, 100.0)
        _check_ticks("action_delay_ticks", self.action_delay_ticks)
        _check_ticks("imu_delay_ticks", self.imu_delay_ticks)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is not perfect; the default is a perfect world."""

    noise: Noise | None = None
    pushes: Pushes | None = None
    variation: Variation | None = None
    #: Ticks by which goals reach the servos late.
    action_delay_ticks: int = 0
    #: Ticks by which the IMU's sample is old.
    imu_delay_ticks: int = 0
    #: Joints start within ± this of the default pose, rad; the soles stand on the floor, not in it.
    start_joint_rad: float = 0.0
    #: Play of each joint that has any, to each side, rad; the model's own where None. 0 takes the play out.
    backlash_half_range_rad: float | None = None
    #: Share of ticks, for each joint, in which its servo's answer is lost: the last values stay and grow old.
    lost_replies: float = 0.0
    #: Share of ticks in which the answers of all servos are lost.
    lost_reads: float = 0.0
    #: What the switch of each contact says whatever the contact does, in the robot's order; None where it works. Empty:
    #: all of them work.
    foot_switches: tuple[bool | None, ...] = ()
    #: How the physics is computed, and what the soles are; the model file's own where None.
    physics: Physics | None = None

    def __post_init__(self) -> None:
        _check_ticks("action_delay_ticks", self.action_delay_ticks)
        _check_ticks("imu_delay_ticks", self.imu_delay_ticks)
        _check("start_joint_rad", self.start_joint_rad, 0.0, 0.5)
        if self.backlash_half_range_rad is not None:
            _check("backlash_half_range_rad", self.backlash_half_range_rad, 0.0, 0.2)
        _check("lost_replies", self.lost_replies, 0.0, 1.0)
        _check("lost_reads", self.lost_reads, 0.0, 1.0)
        if any(not isinstance(foot, bool | None) for foot in self.foot_switches):
            found = f"foot_switches: expected True, False or None for each contact, found {self.foot_switches}"
            raise UsageError(found, hint="in the order of the robot's contacts")
