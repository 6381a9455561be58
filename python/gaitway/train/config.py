"""A training's configuration: one TOML file, every number with a range, saved with the run."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from gaitway import files, toml
from gaitway.errors import TrainingConfigError
from gaitway.sim.description import Description
from gaitway.sim.world import Noise as SimNoise

#: Noise of the simulation, which the trainer shares but for the accelerometer's.
_SIM = SimNoise()


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def _pair(default: tuple[float, float], low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def _of_robot(low: float, high: float) -> Any:
    """What [training] of the robot's simulation.toml says where the configuration says nothing."""
    return field(metadata={"range": (low, high)})


@dataclass(frozen=True)
class Run:
    """How much, and from which chance."""

    #: Name of the task.
    task: str = "walk"
    #: Control steps of all robots together.
    steps: int = _number(30_000_000, 1, 10**12)
    seed: int = _number(1, 0, 2**63 - 1)
    #: Robots that are simulated at once.
    robots: int = _number(512, 2, 100_000)
    #: Longest episode, s.
    episode_s: float = _number(8.0, 0.1, 3600)
    #: Steps between two checkpoints.
    checkpoint_steps: int = _number(500_000, 1, 10**12)
    #: Threads of simulator and learner. Part of the result: other threads, other rounding.
    threads: int = _number(2, 1, 1024)
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Physics:
    """Time steps, and how robots and floors differ. Pairs are ranges, factors but for friction."""

    #: Share of the robots that are simulated with the fine time step.
    fine_share: float = _number(0.25, 0, 1)
    fine_s: float = _number(0.002, 0.0002, 0.02)
    coarse_s: float = _number(0.004, 0.0002, 0.02)
    #: Bounds of the solver's iterations.
    iterations: int = _number(8, 1, 1000)
    ls_iterations: int = _number(10, 1, 1000)
    friction: tuple[float, float] = _pair((0.4, 1.1), 0.01, 10)
    #: Of the stiffness of the policy's own gains.
    stiffness: tuple[float, float] = _pair((0.72, 1.15), 0.1, 10)
    joint_stiffness: tuple[float, float] = _pair((0.93, 1.07), 0.1, 10)
    friction_loss: tuple[float, float] = _pair((0.7, 1.3), 0, 10)
    armature: tuple[float, float] = _pair((0.9, 1.1), 0.1, 10)
    damping: tuple[float, float] = _pair((0.8, 1.2), 0, 10)
    mass: tuple[float, float] = _pair((0.92, 1.08), 0.1, 10)
    #: Play in the gears of the legs, to each side, rad; with an upper end of 0 there is none, and steps are cheaper.
    play_rad: tuple[float, float] = _of_robot(0, 0.1)
    #: Added to the trunk, kg.
    load_kg: tuple[float, float] = _of_robot(-100, 100)
    #: The trunk's centre of mass is off by up to this along x, y, z, m.
    centre_m: tuple[float, float, float] = _of_robot(0, 10)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where an episode begins."""

    #: Height of the trunk, m.
    height_m: tuple[float, float] = _of_robot(0, 10)
    #: Joints are off the default pose by up to this, rad.
    joint_rad: float = _number(0.08, 0, 1)
    #: Trunk velocity along the ground by up to this, m/s.
    speed_mps: float = _number(0.1, 0, 5)
    #: Tilt of the trunk by up to this, rad.
    tilt_rad: float = _number(0.08, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Uniform noise of ± these, and what comes late."""

    gyro_rps: float = _number(_SIM.gyro_rps, 0, 100)
    accel_mps2: float = _number(0.3, 0, 100)
    joint_position_rad: float = _number(_SIM.joint_position_rad, 0, 1)
    #: Of joints whose name contains the key; in the file `<part>_rad`, for the parts that simulation.toml names.
    parts_rad: Mapping[str, float] = field(metadata={"written": False})
    joint_velocity_rps: float = _number(_SIM.joint_velocity_rps, 0, 100)
    joint_zero_rad: float = _number(0.025, 0, 1)
    #: Shares of the ticks with goals a tick late; one is drawn for each episode.
    late_goals: tuple[float, ...] = (0.0, 0.5, 1.0)
    late_imu: float = _number(0.5, 0, 1)
    lost_answers: float = _number(0.01, 0, 1)


@dataclass(frozen=True)
class Commands:
    """What is asked of the robots."""

    still: float = _number(0.15, 0, 1)
    one_axis: float = _number(0.3, 0, 1)
    at_limit: float = _number(0.15, 0, 1)
    head_still: float = _number(0.3, 0, 1)
    hold_s: tuple[float, float] = _pair((3.0, 8.0), 0.02, 3600)


@dataclass(frozen=True)
class Pushes:
    """Sudden changes of the trunk's velocity. The strength grows with the run."""

    #: Strongest push, m/s, at the end of the ramp.
    speed_mps: float = _number(0.7, 0, 10)
    every_s: tuple[float, float] = _pair((1.5, 5.0), 0.1, 3600)
    #: Shares of the run between which the strength grows.
    ramp: tuple[float, float] = _pair((0.05, 0.5), 0, 1)


@dataclass(frozen=True)
class Ppo:
    """The learner."""

    rollout: int = _number(32, 2, 10_000)
    epochs: int = _number(5, 1, 1000)
    minibatches: int = _number(6, 1, 1000)
    discount: float = _number(0.98, 0, 1)
    trace: float = _number(0.95, 0, 1)
    clip: float = _number(0.2, 0.001, 10)
    value_clip: float = _number(0.3, 0.001, 100)
    entropy: float = _number(0.004, 0, 1)
    #: Spread of the actions in the beginning, and the most it may be in the end: what is learned amid much noise
    #: walks too fast without. The limit's logarithm falls with the square of the share of the run that is over.
    initial_std: float = _number(0.5, 0.001, 10)
    final_std: float = _number(0.5, 0.001, 10)
    learning_rate: float = _number(1e-3, 1e-8, 1)
    target_kl: float = _number(0.025, 1e-6, 10)
    #: The policy that is exported is the mean of those of about so many rollouts.
    averaged_rollouts: int = _number(50, 1, 1_000_000)
    grad_norm: float = _number(1.0, 1e-6, 1e6)
    #: Root mean square by which the mean action may change from one step to the next. A weight on that change is
    #: raised where it is more and lowered where it is less, from this share of the run on; 0: no weight.
    roughness: float = _number(0.0, 0, 10)
    roughness_from: float = _number(0.1, 0, 1)
    hidden: tuple[int, ...] = (256, 128, 128)
    #: Height of the swing that is a fixed part of the policy; 1 lifts a foot by some 3 cm, 0 is none.
    swing: float = _number(0.0, 0, 10)
    bf16: bool = True


@dataclass(frozen=True)
class Weight:
    """Weight of a reward, from `weight` at the beginning of the ramp to `to` at its end."""

    weight: float
    to: float
    ramp: tuple[float, float] = (0.1, 0.6)

    def at(self, share: float) -> float:
        """The weight when this share of the run is over."""
        return self.weight + (self.to - self.weight) * ramp(self.ramp, share)


@dataclass(frozen=True)
class Config:
    """Everything a run is made from."""

    run: Run
    physics: Physics
    start: Start
    noise: Noise
    commands: Commands
    pushes: Pushes
    ppo: Ppo
    rewards: dict[str, Weight]
    #: The file as it was read, flags laid over it: saved with the run.
    text: dict[str, Any]


def ramp(ends: tuple[float, float], share: float) -> float:
    """0 before the first end, 1 after the second, straight between."""
    begin, end = ends
    return min(1.0, max(0.0, (share - begin) / (end - begin))) if end > begin else float(share >= end)


_SECTIONS: dict[str, Any] = {
    "run": Run,
    "physics": Physics,
    "start": Start,
    "commands": Commands,
    "pushes": Pushes,
    "ppo": Ppo,
}
#: Sections with keys that no dataclass lists.
_OWN_SECTIONS = ("noise", "rewards")


def load(path: Path, overrides: list[str], description: Description) -> Config:
    """Reads a TOML file and lays `section.key=value` over it, for the robot of `description`.

    Raises TrainingConfigError with the key's place.
    """
    written = files.read_text(path, "training configuration")
    try:
        text = toml.loads(written)
    except (ValueError, RecursionError) as error:
        raise TrainingConfigError(f"{path}: {error}", hint="correct the file at this line") from error
    for override in overrides:
        _override(text, override)
    return of(text, description)


def of(text: dict[str, Any], description: Description) -> Config:
    """A configuration for a robot from its tables. Raises TrainingConfigError with the key's place."""
    for section, values in text.items():
        if section not in (*_SECTIONS, *_OWN_SECTIONS):
            known = ", ".join([*_SECTIONS, *_OWN_SECTIONS])
            raise TrainingConfigError(f"{section}: no such section", hint=f"known are {known}")
        if not isinstance(values, dict):
            raise TrainingConfigError(f"{section}: expected a table, found {values!r}", hint=f"write [{section}]")
    usual = _of_description(description)
    sections = {name: _section(name, kind, text.get(name, {}), usual.get(name, {})) for name, kind in _SECTIONS.items()}
    noise = _noise(text.get("noise", {}), description.noise_by_part_rad)
    rewards = {name: _weight(name, value) for name, value in text.get("rewards", {}).items()}
    return Config(**sections, noise=noise, rewards=rewards, text=text)


def as_toml(text: dict[str, Any]) -> str:
    """The tables as TOML, as `load` reads it."""
    lines: list[str] = []
    for section, values in text.items():
        lines += [f"[{section}]", *(f"{key} = {_literal(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_literal(part)}" for key, part in value.items()) + " }"
    return repr(value)


def _override(text: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    section, dot, name = key.partition(".")
    # What a run is asked for is called after the command as well.
    section = "run" if section == "train" else section
    if not (equals and dot and name):
        raise TrainingConfigError(f"--set {override}: expected section.key=value", hint="--set run.steps=1000000")
    try:
        parsed = toml.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        parsed = value
    text.setdefault(section, {})[name] = parsed


def _of_description(description: Description) -> dict[str, dict[str, Any]]:
    """What a robot's folder says, by section."""
    training = description.training
    if training is None:
        raise TrainingConfigError(
            "simulation.toml: expected [training], found a robot without it", hint="docs/formats.md explains the keys"
        )
    return {
        "physics": {"play_rad": training.play_rad, "load_kg": training.load_kg, "centre_m": training.centre_m},
        "start": {"height_m": training.start_height_m},
    }


def _noise(values: dict[str, Any], parts_rad: Mapping[str, float]) -> Noise:
    """The noise, with that of the robot's parts under `<part>_rad`."""
    keys = {f"{part}_rad": part for part in parts_rad}
    own = {keys[key]: _value(f"noise.{key}", values[key], float, (0, 1)) for key in values if key in keys}
    rest = {key: value for key, value in values.items() if key not in keys}
    noise: Noise = _section("noise", Noise, rest, {"parts_rad": {**parts_rad, **own}}, also=tuple(keys))
    return noise


def _section(section: str, kind: Any, values: dict[str, Any], usual: dict[str, Any], also: tuple[str, ...] = ()) -> Any:
    """A section's dataclass: `usual`, and what was written over it. `also` are keys that are read elsewhere."""
    fields = {entry.name: entry for entry in dataclasses.fields(kind) if entry.metadata.get("written", True)}
    hints = get_type_hints(kind)
    read = dict(usual)
    for key, value in values.items():
        if key not in fields:
            raise TrainingConfigError(f"{section}.{key}: no such key", hint=f"known are {', '.join((*fields, *also))}")
        read[key] = _value(f"{section}.{key}", value, hints[key], fields[key].metadata.get("range"))
    return kind(**read)


def _value(place: str, value: Any, kind: Any, bounds: tuple[float, float] | None) -> Any:
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if not isinstance(value, list | tuple) or (parts[-1] is not Ellipsis and len(value) != len(parts)):
            raise _wrong(place, f"a list of {'some' if parts[-1] is Ellipsis else len(parts)} numbers", value)
        row = tuple(_value(place, part, parts[0], bounds) for part in value)
        if not row or (len(parts) == 2 and parts[-1] is not Ellipsis and row[0] > row[1]):
            raise _wrong(place, "numbers, the smaller first", value)
        return row
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _wrong(place, {"int": "a whole number", "float": "a number"}.get(kind.__name__, kind.__name__), value)
    if bounds is not None and not bounds[0] <= value <= bounds[1]:
        raise _wrong(place, f"{bounds[0]:g} to {bounds[1]:g}", value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(place, "a finite number", value)
    return value


def _weight(name: str, value: Any) -> Weight:
    place = f"rewards.{name}"
    if not isinstance(value, dict):
        number = _value(place, value, float, (-1e6, 1e6))
        return Weight(number, number)
    unknown = set(value) - {"weight", "to", "ramp"}
    if unknown or "weight" not in value:
        raise _wrong(place, "a number, or { weight, to, ramp }", value)
    first = _value(place, value["weight"], float, (-1e6, 1e6))
    last = _value(place, value.get("to", first), float, (-1e6, 1e6))
    return Weight(first, last, _value(place, value.get("ramp", (0.1, 0.6)), tuple[float, float], (0, 1)))


def _wrong(place: str, expected: str, found: Any) -> TrainingConfigError:
    return TrainingConfigError(f"{place}: expected {expected}, found {found!r}", hint=f"correct {place}")
