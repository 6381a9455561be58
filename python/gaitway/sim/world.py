"""How the simulated world differs from a perfect one: noise, latency, pushes, other friction, mass and gains."""

from dataclasses import dataclass, field

from gaitway.errors import SimulationError


@dataclass(frozen=True, slots=True)
class Noise:
    """Uniform noise of ± these on every sample. The defaults are those the community's policy was trained with."""

    gyro_rps: float = 0.1
    accelerometer_mps2: float = 0.05
    joint_position_rad: float = 0.03
    #: Joints whose name contains the key have this noise on their position instead, rad.
    joint_position_by_part_rad: dict[str, float] = field(default_factory=lambda: {"knee": 0.05, "ankle": 0.08})
    joint_velocity_rps: float = 2.5


@dataclass(frozen=True, slots=True)
class Pushes:
    """Sudden changes of the trunk's velocity, in random directions along the ground."""

    speed_mps: tuple[float, float] = (0.1, 1.0)
    every_s: tuple[float, float] = (5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Variation:
    """Ranges a robot and its floor are drawn from, once for each simulation. Factors, except friction."""

    friction: tuple[float, float] = (0.5, 1.0)
    mass: tuple[float, float] = (0.9, 1.1)
    stiffness: tuple[float, float] = (0.9, 1.1)
    friction_loss: tuple[float, float] = (0.9, 1.1)
    armature: tuple[float, float] = (1.0, 1.05)


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

    def __post_init__(self) -> None:
        for name in ("action_delay_ticks", "imu_delay_ticks"):
            ticks = getattr(self, name)
            if not 0 <= ticks <= 50:
                raise SimulationError(f"{name}: expected 0 to 50, found {ticks}", hint=f"correct {name}")
