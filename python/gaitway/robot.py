"""`Robot`: everything about one robot that is data."""

import os
from array import array
from functools import cached_property
from pathlib import Path

from gaitway import _native, files
from gaitway.contract import Contract
from gaitway.errors import PolicyError, UsageError
from gaitway.robots import DEFAULT_ROBOT

_ROBOTS = Path(__file__).parent / "robots"

#: Name of the configuration that the community's tools write, read over the profile.
CONFIG_NAME = "duck_config.json"
#: Robots for which the community's tools write it: their names begin so.
_COMMUNITY = "open_duck"
#: Serial port of the servo board where none is named.
DEFAULT_PORT = Path("/dev/ttyACM0")


def usual_config() -> Path | None:
    """Where `gaitwayd` looks for a configuration where none is named: `CONFIG_NAME` at home, where that is known.

    Whether it exists is another question.
    """
    home = Path(os.environ.get("HOME", ""))
    return home / CONFIG_NAME if home.is_absolute() else None


def without_config(robot: "Robot") -> str:
    """Where the configuration was looked for that was not found, and how to name it."""
    usual, user = usual_config(), os.environ.get("SUDO_USER")
    if not robot.has_community_config:
        # At home lies another robot's, if any: its name would only mislead.
        return "no configuration: every offset counts as zero; name one with --config"
    if user:
        return f"no {usual}: sudo looks in another home folder; name yours: --config ~{user}/{CONFIG_NAME}"
    if usual is None:
        return f"no {CONFIG_NAME}: HOME is not set, as in a service; name it with --config"
    return f"no {usual}: every offset counts as zero; name another file with --config"


class Robot:
    """A robot profile: joints in order, limits, gains, mounts and rates.

    Rows of joints are in the order of `joint_names`, angles in rad.
    """

    def __init__(
        self,
        native: _native.Robot,
        folder: Path,
        ignored: tuple[str, ...] = (),
        applied: tuple[str, ...] = (),
        counted_as_zero: tuple[str, ...] = (),
    ) -> None:
        self.native = native
        self.folder = folder
        #: What of a duck_config.json turns or renumbers joints, or changes IMU or policy, a sentence each.
        self.applied = applied
        #: Joints whose offset was counted as zero because their servo cannot reach it.
        self.counted_as_zero = counted_as_zero
        #: What of a duck_config.json was passed over, a sentence each.
        self.ignored = ignored

    @staticmethod
    def names() -> list[str]:
        """Robots that ship with the package."""
        return sorted(path.parent.name for path in _ROBOTS.glob("*/profile.toml"))

    @classmethod
    def load(
        cls, robot: str | Path = DEFAULT_ROBOT, *, config: Path | None = None, duck_config: Path | None = None
    ) -> "Robot":
        """A robot by name, or a profile by its path.

        `config` is the community's `duck_config.json`, read over the profile; keys it has and this runtime does not
        use are listed in `ignored`. `duck_config` is the argument's name in version 0.1. Raises ProfileError where
        profile or configuration cannot be used, UsageError where there is no such robot or file.
        """
        files.as_path(robot, "robot")
        path = _ROBOTS / str(robot) / "profile.toml"
        if str(robot) not in cls.names():
            path = Path(robot)
            if path.suffix != ".toml":
                known = ", ".join(cls.names())
                raise UsageError(f"no robot is called {str(robot)!r}", hint=f"known: {known}; or a path to a .toml")
        native = _native.Robot.from_toml(files.read_text(path, "robot profile"))
        made = cls(native, path.parent)
        config = config or duck_config
        return made if config is None else made.configured(config)

    def configured(self, path: Path, *, unreachable_are_zero: bool = False) -> "Robot":
        """This robot with the `duck_config.json` at `path`.

        An offset that its servo cannot reach is refused, or counts as zero for whoever is about to measure it.
        """
        data = files.read_bytes(path, CONFIG_NAME)
        native, report = self.native.with_duck_config(data, str(path), unreachable_are_zero=unreachable_are_zero)
        applied, ignored, counted_as_zero = map(tuple, report)
        return Robot(native, self.folder, ignored, applied, counted_as_zero)

    @property
    def imu_bus(self) -> Path | None:
        """The device file of the IMU's I2C bus; None for a robot without an IMU."""
        bus = self.native.imu_bus
        return None if bus is None else Path(bus)

    def imu_axes_with(self, config: str) -> list[str] | None:
        """The axes of the IMU's mount where the robot's configuration is this JSON text; None without an IMU."""
        native, _ = self.native.with_duck_config(config.encode())
        return native.imu_axes

    @property
    def name(self) -> str:
        """Name by which contracts and people find it."""
        return self.native.name

    @property
    def title(self) -> str:
        """Name for people."""
        return self.native.title

    @property
    def has_community_config(self) -> bool:
        """True for a robot whose community keeps its offsets in a `duck_config.json`."""
        return self.name.startswith(_COMMUNITY)

    @property
    def control_hz(self) -> int:
        """Ticks of the control loop in a second."""
        return self.native.control_hz

    @cached_property
    def joint_names(self) -> list[str]:
        """Names of the joints, in the order of every row."""
        return self.native.joint_names

    @cached_property
    def contact_names(self) -> list[str]:
        """Names of the contacts, in the order of every row."""
        return self.native.contact_names

    @cached_property
    def command_axes(self) -> dict[str, str]:
        """Unit of each axis along which the robot can be commanded, by name, in the order of every command row."""
        return dict(self.native.command_axes)

    def has_axes(self, *names: str) -> bool:
        """Whether the robot can be commanded along all of these axes."""
        return all(name in self.command_axes for name in names)

    def command(self, **values: float) -> "array[float]":
        """A command row, float32, in the order of `command_axes`; what is not named is zero.

        Raises UsageError for an axis the robot lacks.
        """
        for name in values:
            if name not in self.command_axes:
                known = ", ".join(f"{axis} ({unit})" for axis, unit in self.command_axes.items()) or "none"
                raise UsageError(f"{self.name} has no command axis {name!r}", hint=f"its axes: {known}")
        return array("f", (values.get(name, 0.0) for name in self.command_axes))

    @cached_property
    def default_pose_rad(self) -> list[float]:
        """Default pose, rad."""
        return self.native.default_pose_rad

    @cached_property
    def limits_rad(self) -> list[tuple[float, float]]:
        """Lowest and highest angle of each joint, rad."""
        return self.native.limits_rad

    @cached_property
    def velocity_limits_rps(self) -> list[float]:
        """Fastest goal the safety filter lets through, rad/s."""
        return self.native.velocity_limits_rps

    @property
    def stiffness_per_kp(self) -> float:
        """Stiffness in N·m/rad of one unit of the servo's proportional gain."""
        return self.native.stiffness_per_kp

    @property
    def damping_per_kd(self) -> float | None:
        """Damping in N·m·s/rad of one unit of the servo's derivative gain, where the profile says it."""
        return self.native.damping_per_kd

    @property
    def default_policy(self) -> Path:
        """The policy that ships with the robot: walk, or the only one it has."""
        shipped = list(self.folder.glob("*.onnx"))
        return shipped[0] if len(shipped) == 1 else self.policy_file("walk")

    @property
    def policy_set(self) -> Path | None:
        """The rules by which its policies take turns, where it has any."""
        path = self.folder / "policies.toml"
        return path if path.is_file() else None

    @property
    def is_carried(self) -> bool:
        """True for the robot whose policies gaitwayd carries."""
        return self.folder == _ROBOTS / DEFAULT_ROBOT

    def policy_file(self, named: str | Path) -> Path:
        """The file of a policy that ships with the robot, by its name (walk); any other path as it is.

        Raises PolicyError for a name without ending that is neither.
        """
        shipped, path = self.folder / f"{named}.onnx", Path(named)
        if shipped.is_file():
            return shipped
        if not path.suffix and not path.exists():
            names = ", ".join(sorted(entry.stem for entry in self.folder.glob("*.onnx")))
            hint = f"it has {names}; or name a file" if names else "name a file, .onnx"
            raise PolicyError(f"policy {named}: no such file, and no policy of {self.name}", hint=hint)
        return path

    @cached_property
    def known_contracts(self) -> list[Contract]:
        """Contracts that ship as data, for policy files that carry none."""
        paths = sorted((self.folder / "contracts").glob("*.json"))
        return [Contract.from_json(files.read_text(path, "contract")) for path in paths]

    def __repr__(self) -> str:
        return f"Robot({self.name!r}, {len(self.joint_names)} joints)"
