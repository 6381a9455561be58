"""`Description`: what the simulator, the trainer and the evaluation must know of one robot beside its profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gaitway.sim.fall import FallLimits

#: A name in a mirror: the other side's, and the sign.
Mirrored = Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Trunk:
    """The body that moves freely."""

    #: Its name in the model, and that of the free joint it moves by.
    body: str
    free_joint: str
    #: How high a stand holds it above the place where the robot stands, m.
    lift_m: float


@dataclass(frozen=True, slots=True)
class ImuSensors:
    """Names of the model's sensors that stand for the IMU, in the trunk frame, rad/s and m/s²."""

    gyro: str
    accelerometer: str


@dataclass(frozen=True, slots=True)
class Box:
    """A box in the frame of its body, m."""

    centre_m: tuple[float, ...]
    half_m: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A part of the robot that is meant to touch the floor: a foot."""

    name: str
    #: The sole that touches, the body it is a part of, and the site in its middle, by their names in the model.
    geom: str
    body: str
    site: str
    #: The axis of the geom, x, y or z, that points up where the sole lies flat.
    up_axis: str
    #: By what share of the gait, 0 to 1, the leg is ahead of the clock: it swings in the first half of its own gait.
    phase: float
    #: Flexion of joints at the height of the swing, in units of the action.
    swing: Mapping[str, float]
    #: The sole's flat part; None where it is the geom itself.
    box: Box | None


@dataclass(frozen=True, slots=True)
class Backlash:
    """Play in the gears: behind each named joint a second, weak one on the same axis, free in a small range.

    The gain belongs to it: with play, the same servo takes a stiffer spring to act as it was measured to.
    """

    joints: tuple[str, ...]
    half_range_rad: float
    damping_nm_s_per_rad: float
    armature_kg_m2: float
    kp_nm_per_rad: float
    #: The gain of the same servo setting as it was identified without play.
    kp_without_nm_per_rad: float

    @property
    def flat_stiffness(self) -> float:
        """Stiffness without play as a share of that with it."""
        return self.kp_without_nm_per_rad / self.kp_nm_per_rad


@dataclass(frozen=True, slots=True)
class MirrorNames:
    """What joints, commands and contacts become in a mirror whose plane is the robot's x and z."""

    joints: Mirrored
    commands: Mirrored
    contacts: Mirrored


@dataclass(frozen=True, slots=True)
class GaitSizes:
    """Sizes that rewards compare with, m."""

    #: Height of the trunk in a walk.
    trunk_height_m: float
    #: Height of the soles above the floor in a stand.
    sole_height_m: float
    #: How high a swinging foot should go, and the share of the gait it swings.
    swing_height_m: float
    swing_share: float
    #: Half the length and width of a sole.
    sole_half_m: tuple[float, ...]
    #: Centre of mass in the default pose, from the trunk's origin, forward and up.
    centre_of_mass_m: tuple[float, ...]
    #: How far apart sideways feet should be.
    feet_apart_m: float


@dataclass(frozen=True, slots=True)
class TrainingSizes:
    """What a training's configuration takes from the robot where it says nothing itself."""

    #: An episode ends here.
    fall: FallLimits
    #: Height of the trunk at the start, m; load on it, kg; how far its centre of mass is off, m; play, rad.
    start_height_m: tuple[float, float]
    load_kg: tuple[float, float]
    centre_m: tuple[float, ...]
    play_rad: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Description:
    """A robot's `simulation.toml`. None, or nothing, stands for what the robot does not have."""

    #: The MuJoCo model.
    model: Path
    #: The floor's geom.
    floor: str
    #: None for a robot with a fixed base.
    trunk: Trunk | None
    imu: ImuSensors | None
    #: In the order of every vector of contacts.
    contacts: tuple[Contact, ...]
    backlash: Backlash | None
    #: Simulated runs, and the evaluation, count a fall here; None for a robot that cannot fall.
    fall: FallLimits | None
    #: Joints by the name of their group.
    groups: Mapping[str, tuple[str, ...]]
    #: Noise of the position of joints whose name contains the key, rad.
    noise_by_part_rad: Mapping[str, float]
    mirror: MirrorNames | None
    gait: GaitSizes | None
    training: TrainingSizes | None

    def group(self, name: str) -> tuple[str, ...]:
        """The joints of a group; none where the robot has no such group."""
        return self.groups.get(name, ())
