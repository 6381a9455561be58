"""The battery: every case that is run, part by part."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from gaitway.evaluate.case import MODELS, Case, Row, Scale, exactly, in_model, noisy, row, seed_of
from gaitway.sim import Physics, Pushes, World

#: The grid that tracking is judged by.
GRID: tuple[Row, ...] = (
    row(),
    row(vx=0.1),
    row(vx=0.15),
    row(vx=-0.15),
    row(vy=0.2),
    row(vy=-0.2),
    row(wz=1.0),
    row(wz=-1.0),
    row(0.1, 0.1, 0.5),
)
#: Commands between and beside those, one seed each.
MORE: tuple[Row, ...] = (
    row(vx=0.05),
    row(vx=-0.1),
    row(vy=0.1),
    row(vy=-0.1),
    row(wz=0.5),
    row(wz=-0.5),
    row(0.1, -0.1, -0.5),
    row(-0.1, -0.1, -0.5),
    row(-0.1, 0.1, 0.5),
)
#: What is asked at every point of a sweep.
_SWEEP_GRID: tuple[Row, ...] = (row(vx=0.15), row(vx=-0.15), row(vy=0.2), row(wz=1.0), row(0.1, 0.1, 0.5))

#: Head commands, rad: each axis to both sides, and all at once.
_HEADS: tuple[Row, ...] = (
    (0.6, 0.0, 0.0, 0.0),
    (-0.2, 0.0, 0.0, 0.0),
    (0.0, 0.5, 0.0, 0.0),
    (0.0, -0.5, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, -1.0, 0.0),
    (0.0, 0.0, 0.0, 0.35),
    (0.0, 0.0, 0.0, -0.35),
    (0.3, -0.3, 0.6, 0.2),
    (0.3, 0.3, -0.6, -0.2),
)

#: Steps of the command from standing, by axis.
STEPS: dict[str, Row] = {"vx": row(vx=0.15), "vy": row(vy=0.2), "wz": row(wz=1.0)}
#: A step comes after this, is held, and taken back, s.
STEP_AFTER_S, STEP_HELD_S, STEP_REST_S = 2.0, 3.0, 2.0
# The gait of 27 ticks: steps at evenly spaced phases make its sway cancel out of their mean.
_GAIT_TICKS, _TICK_S = 27, 0.02

#: Pushes, like sweeps, meet the model with backlash alone: it is the one that walks as the robot does.
PUSHED_MODELS = ("backlash",)
PUSH_SPEEDS_MPS = (0.3, 0.5, 0.8)
_PUSH_EVERY_S = (3.0, 5.0)
PUSHED: dict[str, Row] = {"walking": row(vx=0.1), "standing": row()}

_DEGREE = math.radians(1.0)


def _tracking(scale: Scale, seed: int) -> Iterable[Case]:
    return _grids("tracking", scale, seed, noisy())


def _upstream(scale: Scale, seed: int) -> Iterable[Case]:
    one_iteration = replace(noisy(), physics=Physics(iterations=1, ls_iterations=5))
    return (case for case in _grids("upstream", scale, seed, one_iteration) if case.key[2] == "grid")


def _grids(part: str, scale: Scale, seed: int, world: World) -> Iterable[Case]:
    for model in MODELS:
        backlash, here = in_model(model, world)
        for name, commands, seeds in (("grid", GRID, scale.track_seeds), ("more", MORE, 1)):
            for command in commands:
                for run in range(seeds):
                    segments = ((scale.track_s, command),)
                    key = (part, model, name)
                    measured = part == "tracking" and name == "grid"
                    yield Case(key, here, seed_of(seed, run), segments, backlash, effort=measured)


def _heads(scale: Scale, seed: int) -> Iterable[Case]:
    for model in MODELS:
        backlash, world = in_model(model, noisy())
        for run, head in enumerate(_HEADS):
            for vx in (0.0, 0.1):
                yield Case(
                    ("heads", model), world, seed_of(seed, run), ((scale.head_s, row(vx=vx, head=head)),), backlash
                )


def _steps(scale: Scale, seed: int) -> Iterable[Case]:
    for axis, command in STEPS.items():
        for phase in range(scale.phases):
            wait_ticks = round(STEP_AFTER_S / _TICK_S) + phase * _GAIT_TICKS // scale.phases
            segments = ((wait_ticks * _TICK_S, row()), (STEP_HELD_S, command), (STEP_REST_S, row()))
            yield Case(("steps", axis), noisy(), seed_of(seed, phase), segments, step_tick=wait_ticks)


def _still(scale: Scale, seed: int) -> Iterable[Case]:
    for model in MODELS:
        backlash, world = in_model(model, noisy())
        for run in range(scale.stands):
            yield Case(("still", model), world, seed_of(seed, run), ((scale.start_s, row()),), backlash)


def _falls(scale: Scale, seed: int) -> Iterable[Case]:
    for model in MODELS:
        for start, reach_rad in (("home", 0.0), ("perturbed", 0.05)):
            backlash, world = in_model(model, replace(noisy(), start_joint_rad=reach_rad))
            for run in range(scale.starts):
                segments = ((scale.start_s, GRID[run % len(GRID)]),)
                yield Case(("falls", model, start), world, seed_of(seed, run), segments, backlash)


def _pushes(scale: Scale, seed: int) -> Iterable[Case]:
    for model in PUSHED_MODELS:
        for gait, command in PUSHED.items():
            for speed in PUSH_SPEEDS_MPS:
                pushed = replace(noisy(), pushes=Pushes((speed, speed), _PUSH_EVERY_S))
                backlash, world = in_model(model, pushed)
                for run in range(scale.pushes):
                    key = ("pushes", model, gait, f"{speed:g}")
                    yield Case(key, world, seed_of(seed, run), ((scale.push_s, command),), backlash)


def _sweep(name: str, worlds: dict[str, World]) -> Callable[[Scale, int], Iterable[Case]]:
    def cases(scale: Scale, seed: int) -> Iterable[Case]:
        for point, world in worlds.items():
            for command in _SWEEP_GRID:
                for run in range(scale.sweep_seeds):
                    yield Case((name, point), world, seed_of(seed, run), ((scale.sweep_s, command),))

    return cases


def _each(values: Iterable[float], world: Callable[[float], World]) -> dict[str, World]:
    return {f"{value:g}": world(value) for value in values}


#: Physics that no trainer uses: what is learned of a simulator alone shows here.
HELD_OUT: dict[str, Physics] = {
    "time step 1 ms": Physics(timestep_s=0.001),
    "time step 4 ms": Physics(timestep_s=0.004),
    "one iteration": Physics(iterations=1, ls_iterations=5),
    "elliptic cone": Physics(cone="elliptic"),
    "hard contacts": Physics(solref=(0.005, 1.0), solimp=(0.95, 0.99, 0.0005)),
    "soft contacts": Physics(solref=(0.04, 1.0), solimp=(0.8, 0.9, 0.003)),
    "bouncy contacts": Physics(solref=(0.02, 0.4)),
    "box soles": Physics(box_soles=True),
}
_FEET: dict[str, tuple[bool | None, bool | None]] = {
    "both work": (None, None),
    "left stuck off": (False, None),
    "left stuck on": (True, None),
    "right stuck off": (None, False),
    "right stuck on": (None, True),
}
# A driver in the field loses 79 reads in ten minutes at 50 Hz, 0.0026 of them; a bad cable ten times as many.
_LOST = (0.0, 0.003, 0.01, 0.03, 0.1)

#: Sweeps over a number, by what stands at their axis; the rest of the sweeps are over names.
SWEEP_AXES: dict[str, str] = {
    "latency": "goals late by, ticks",
    "friction": "friction of the floor",
    "mass": "mass, × nominal",
    "gain": "servo gain, × nominal",
    "backlash": "play to each side, °",
    "replies": "lost answers of a servo, share",
    "reads": "lost reads of all servos, share",
}
NAMED_SWEEPS = ("feet", "heldout")

#: All parts of the battery, in the order in which they are run and reported.
PARTS: dict[str, Callable[[Scale, int], Iterable[Case]]] = {
    "tracking": _tracking,
    "upstream": _upstream,
    "heads": _heads,
    "steps": _steps,
    "still": _still,
    "falls": _falls,
    "pushes": _pushes,
    "latency": _sweep("latency", {f"{ticks}": replace(noisy(), action_delay_ticks=ticks) for ticks in range(4)}),
    "friction": _sweep(
        "friction", _each((0.3, 0.45, 0.6, 0.8, 1.0, 1.2), lambda value: exactly(noisy(), friction=value))
    ),
    "mass": _sweep("mass", _each((0.85, 0.925, 1.0, 1.075, 1.15), lambda value: exactly(noisy(), mass=value))),
    "gain": _sweep("gain", _each((0.8, 0.9, 1.0, 1.1, 1.2), lambda value: exactly(noisy(), stiffness=value))),
    "backlash": _sweep(
        "backlash",
        _each((0.0, 0.25, 0.5, 0.75, 1.0), lambda value: replace(noisy(), backlash_half_range_rad=value * _DEGREE)),
    ),
    "replies": _sweep("replies", _each(_LOST, lambda value: replace(noisy(), lost_replies=value))),
    "reads": _sweep("reads", _each(_LOST, lambda value: replace(noisy(), lost_reads=value))),
    "feet": _sweep("feet", {name: replace(noisy(), foot_switches=stuck) for name, stuck in _FEET.items()}),
    "heldout": _sweep("heldout", {name: replace(noisy(), physics=physics) for name, physics in HELD_OUT.items()}),
}
