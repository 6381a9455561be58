"""The battery: every case that is run, part by part."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from gaitway.evaluate.case import Case, Scale, exactly, in_model, noisy, seed_of
from gaitway.evaluate.plan import Plan, row_of, with_axes
from gaitway.sim import Physics, Pushes, World

#: A step comes after this, is held, and taken back, s.
STEP_AFTER_S, STEP_HELD_S, STEP_REST_S = 2.0, 3.0, 2.0

_DEGREE = math.radians(1.0)

#: Cases of one part.
Part = Callable[[Plan, Scale, int], Iterable[Case]]


def _tracking(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    return _grids("tracking", plan, scale, seed, noisy())


def _upstream(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    one_iteration = replace(noisy(), physics=Physics(iterations=1, ls_iterations=5))
    return (case for case in _grids("upstream", plan, scale, seed, one_iteration) if case.key[2] == "grid")


def _grids(part: str, plan: Plan, scale: Scale, seed: int, world: World) -> Iterable[Case]:
    for model in plan.models:
        backlash, here = in_model(plan, model, world)
        for name, commands, seeds in (("grid", plan.grid, scale.track_seeds), ("more", plan.more, 1)):
            for command in commands:
                for run in range(seeds):
                    segments = ((scale.track_s, command),)
                    key = (part, model, name)
                    measured = part == "tracking" and name == "grid"
                    yield Case(key, here, seed_of(seed, run), segments, backlash, effort=measured)


def _heads(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    for model in plan.models:
        backlash, world = in_model(plan, model, noisy())
        for run, head in enumerate(plan.heads if plan.head else ()):
            for command in (head, with_axes(head, plan.heads_walk)):
                yield Case(("heads", model), world, seed_of(seed, run), ((scale.head_s, command),), backlash)


def _steps(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    still = row_of({})
    for axis, command in plan.steps.items():
        for phase in range(scale.phases):
            wait_ticks = round(STEP_AFTER_S / plan.tick_s) + phase * plan.gait_ticks // scale.phases
            segments = ((wait_ticks * plan.tick_s, still), (STEP_HELD_S, command), (STEP_REST_S, still))
            yield Case(("steps", axis), noisy(), seed_of(seed, phase), segments, step_tick=wait_ticks)


def _still(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    for model in plan.models:
        backlash, world = in_model(plan, model, noisy())
        for run in range(scale.stands):
            yield Case(("still", model), world, seed_of(seed, run), ((scale.start_s, row_of({})),), backlash)


def _falls(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    for model in plan.models:
        for start, reach_rad in (("home", 0.0), ("perturbed", 0.05)):
            backlash, world = in_model(plan, model, replace(noisy(), start_joint_rad=reach_rad))
            for run in range(scale.starts):
                segments = ((scale.start_s, plan.grid[run % len(plan.grid)]),)
                yield Case(("falls", model, start), world, seed_of(seed, run), segments, backlash)


def _pushes(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
    # Pushes, like sweeps, meet the first model alone: with backlash it is the one that walks as the robot does.
    model = plan.models[0]
    for gait, command in plan.pushed.items():
        for speed in plan.push_speeds_mps:
            pushed = replace(noisy(), pushes=Pushes((speed, speed), plan.push_every_s))
            backlash, world = in_model(plan, model, pushed)
            for run in range(scale.pushes):
                key = ("pushes", model, gait, f"{speed:g}")
                yield Case(key, world, seed_of(seed, run), ((scale.push_s, command),), backlash)


def _sweep(name: str, worlds: Callable[[Plan], dict[str, World]]) -> Part:
    def cases(plan: Plan, scale: Scale, seed: int) -> Iterable[Case]:
        for point, world in worlds(plan).items():
            for command in plan.sweep:
                for run in range(scale.sweep_seeds):
                    yield Case((name, point), world, seed_of(seed, run), ((scale.sweep_s, command),))

    return cases


def _each(values: Iterable[float], world: Callable[[Plan, float], World]) -> Callable[[Plan], dict[str, World]]:
    return lambda plan: {f"{value:g}": world(plan, value) for value in values}


def _play(plan: Plan) -> dict[str, World]:
    if plan.description.backlash is None:
        return {}
    wide = _each((0.0, 0.25, 0.5, 0.75, 1.0), lambda _, deg: replace(noisy(), backlash_half_range_rad=deg * _DEGREE))
    return wide(plan)


def _switches(plan: Plan) -> dict[str, World]:
    """Each contact's switch stuck off, and on."""
    contacts = plan.description.contacts
    if not contacts:
        return {}
    stuck: dict[str, tuple[bool | None, ...]] = {f"{'both' if len(contacts) == 2 else 'all'} work": ()}
    for index, contact in enumerate(contacts):
        name = contact.name.removesuffix("_foot").replace("_", " ")
        for told in (False, True):
            switches = [told if other == index else None for other in range(len(contacts))]
            stuck[f"{name} stuck {'on' if told else 'off'}"] = tuple(switches)
    return {name: replace(noisy(), foot_switches=switches) for name, switches in stuck.items()}


def _held_out(plan: Plan) -> dict[str, World]:
    """Physics that no trainer uses: what is learned of a simulator alone shows here."""
    others = {
        "time step 1 ms": Physics(timestep_s=0.001),
        "time step 4 ms": Physics(timestep_s=0.004),
        "one iteration": Physics(iterations=1, ls_iterations=5),
        "elliptic cone": Physics(cone="elliptic"),
        "hard contacts": Physics(solref=(0.005, 1.0), solimp=(0.95, 0.99, 0.0005)),
        "soft contacts": Physics(solref=(0.04, 1.0), solimp=(0.8, 0.9, 0.003)),
        "bouncy contacts": Physics(solref=(0.02, 0.4)),
    }
    if any(contact.box is not None for contact in plan.description.contacts):
        others["box soles"] = Physics(box_soles=True)
    return {name: replace(noisy(), physics=physics) for name, physics in others.items()}


def _factor(what: str) -> Callable[[Plan, float], World]:
    return lambda plan, value: exactly(noisy(), **{"friction": plan.floor_friction, what: value})


# A driver in the field loses 79 reads in ten minutes at 50 Hz, 0.0026 of them; a bad cable ten times as many.
_LOST = (0.0, 0.003, 0.01, 0.03, 0.1)

#: Sweeps over a number, by what stands at their axis; the rest of the sweeps are over names.
SWEEP_AXES: dict[str, str] = {
    "latency": "goals late by, ticks",
    "friction": "friction of the floor",
    "mass": "mass, × nominal",
    "gain": "servo gain, × nominal",
    "backlash": "play to each side, °",
    "replies": "lost replies of a servo, share",
    "reads": "lost reads of all servos, share",
}
NAMED_SWEEPS = ("feet", "heldout")

#: All parts of the battery, in the order in which they are run and reported. One without cases is not the robot's.
PARTS: dict[str, Part] = {
    "tracking": _tracking,
    "upstream": _upstream,
    "heads": _heads,
    "steps": _steps,
    "still": _still,
    "falls": _falls,
    "pushes": _pushes,
    "latency": _sweep("latency", _each(range(4), lambda _, ticks: replace(noisy(), action_delay_ticks=int(ticks)))),
    "friction": _sweep("friction", _each((0.3, 0.45, 0.6, 0.8, 1.0, 1.2), _factor("friction"))),
    "mass": _sweep("mass", _each((0.85, 0.925, 1.0, 1.075, 1.15), _factor("mass"))),
    "gain": _sweep("gain", _each((0.8, 0.9, 1.0, 1.1, 1.2), _factor("stiffness"))),
    "backlash": _sweep("backlash", _play),
    "replies": _sweep("replies", _each(_LOST, lambda _, share: replace(noisy(), lost_replies=share))),
    "reads": _sweep("reads", _each(_LOST, lambda _, share: replace(noisy(), lost_reads=share))),
    "feet": _sweep("feet", _switches),
    "heldout": _sweep("heldout", _held_out),
}
