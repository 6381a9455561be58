"""What the runs of a part say together: plain data, the same keys every time."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from gaitway import axes
from gaitway.command import VELOCITY_AXES
from gaitway.evaluate.battery import STEP_HELD_S
from gaitway.evaluate.case import Case
from gaitway.evaluate.plan import head_of
from gaitway.evaluate.play import LEAD_S, Outcome
from gaitway.evaluate.statistics import rate, smooth, step_figures
from gaitway.robot import Robot
from gaitway.sim.loader import description_of

Played = list[tuple[Case, Outcome]]

#: A response is smoothed over so many ticks; the phases of the gait have cancelled out before.
_SMOOTH_TICKS = 5


def summarise(part: str, played: Played, robot: Robot) -> dict[str, Any]:
    """The figures of one part from all its runs."""
    return _SUMMARIES.get(part, _sweep)(played, robot)


def _by(played: Played, level: int) -> dict[str, Played]:
    """The runs by one level of their keys, in the order of the battery."""
    groups: defaultdict[str, Played] = defaultdict(list)
    for case, outcome in played:
        groups[case.key[level]].append((case, outcome))
    return groups


def _falls(played: Played) -> dict[str, Any]:
    return rate(sum(outcome.fell for _, outcome in played), len(played))


def _error(played: Played) -> dict[str, float]:
    """Mean over the runs of how far the mean velocity was from the command, by axis."""
    errors = [np.abs(np.subtract(outcome.velocity, case.command[:3])) for case, outcome in played]
    return dict(zip(VELOCITY_AXES, np.mean(errors, axis=0).tolist(), strict=True))


def _tracking(played: Played, _: Robot) -> dict[str, Any]:
    result = {}
    for model, runs in _by(played, 1).items():
        grids = _by(runs, 2)
        result[model] = {
            "error": _error(grids["grid"]),
            "more_error": _error(grids["more"]) if "more" in grids else None,
            "falls": _falls(runs),
            "commands": [_command(same) for grid in grids.values() for same in _by_command(grid)],
        }
    return result


def _tracking_and_effort(played: Played, robot: Robot) -> dict[str, Any]:
    result = _tracking(played, robot)
    for model, runs in _by(played, 1).items():
        result[model]["effort"] = _effort(_by(runs, 2)["grid"], robot)
    return result


def _by_command(played: Played) -> list[Played]:
    groups: defaultdict[tuple[float, ...], Played] = defaultdict(list)
    for case, outcome in played:
        groups[case.command].append((case, outcome))
    return list(groups.values())


def _command(played: Played) -> dict[str, Any]:
    measured = np.mean([outcome.velocity for _, outcome in played], axis=0)
    return {"command": list(played[0][0].command[:3]), "measured": measured.tolist(), "error": _error(played)}


def _effort(played: Played, robot: Robot) -> dict[str, Any]:
    walked = [(case, outcome) for case, outcome in played if any(case.command[:2]) and not case.command[2]]
    efforts = [outcome.effort for _, outcome in played if outcome.effort is not None]
    way_m = sum(outcome.distance_m for _, outcome in walked)
    # Energy counts from the start of the run, the way from when the gait has settled.
    energy_j = sum(
        outcome.effort.energy_j * outcome.settled_s / outcome.seconds for _, outcome in walked if outcome.effort
    )
    per_metre = energy_j / way_m if way_m > 0.1 else None
    return {
        "action_change": _root_mean([outcome.action_change for _, outcome in played]),
        "action_second_change": _root_mean([outcome.action_second_change for _, outcome in played]),
        "torque_rms_nm": float(np.sqrt(np.mean([effort.torque_square_nm2 for effort in efforts]))),
        "energy_per_metre_j": per_metre,
        "cost_of_transport": None if per_metre is None else per_metre / efforts[0].weight_n,
        "slip_mps": float(np.mean([effort.slip_mps for effort in efforts])),
        "joints": robot.joint_names,
        # The hardest command counts.
        "torque_p99": np.max([effort.torque_p99 for effort in efforts], axis=0).tolist(),
        "speed_p99": np.max([effort.speed_p99 for effort in efforts], axis=0).tolist(),
        "torque_saturated": np.mean([effort.torque_saturated for effort in efforts], axis=0).tolist(),
    }


def _root_mean(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _heads(played: Played, robot: Robot) -> dict[str, Any]:
    result = {}
    head = head_of(description_of(robot))
    columns = [axes().index(joint) for joint in head]
    for model, runs in _by(played, 1).items():
        errors = np.array(
            [np.abs(np.subtract(outcome.head_rad, [case.command[at] for at in columns])) for case, outcome in runs]
        )
        result[model] = {
            "error_rad": float(errors.mean()),
            "error_by_axis_rad": dict(zip(head, errors.mean(axis=0).tolist(), strict=True)),
            "worst_rad": float(errors.max()),
            "falls": _falls(runs),
        }
    return result


def _steps(played: Played, robot: Robot) -> dict[str, Any]:
    result: dict[str, Any] = {}
    hz = robot.control_hz
    lead, held = round(LEAD_S * hz), round(STEP_HELD_S * hz)
    for axis, runs in _by(played, 1).items():
        column = VELOCITY_AXES.index(axis)
        mean = np.mean([outcome.response for _, outcome in runs], axis=0)[:, column]
        curve, asked = smooth(mean, _SMOOTH_TICKS), runs[0][0].segments[1][1][column]
        result[axis] = {
            "command": asked,
            **step_figures(curve, hz, lead, held, asked),
            "falls": _falls(runs),
            "time_s": ((np.arange(len(curve)) - lead) / hz).tolist(),
            "velocity": curve.tolist(),
        }
    return result


def _still(played: Played, _: Robot) -> dict[str, Any]:
    return {
        model: {
            "drift_mps": _mean([outcome.distance_m / outcome.settled_s for _, outcome in runs if outcome.settled_s]),
            "turning_rps": _mean([abs(outcome.velocity[2]) for _, outcome in runs]),
            "joint_motion_rps": _mean([outcome.joint_motion_rps for _, outcome in runs]),
            "action_change": _mean([outcome.action_change for _, outcome in runs]),
            "falls": _falls(runs),
        }
        for model, runs in _by(played, 1).items()
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _starts(played: Played, _: Robot) -> dict[str, Any]:
    return {
        model: {start: _falls(same) | {"seconds": same[0][0].seconds} for start, same in _by(runs, 2).items()}
        for model, runs in _by(played, 1).items()
    }


def _pushes(played: Played, _: Robot) -> dict[str, Any]:
    return {
        model: {
            gait: {speed: _falls(same) for speed, same in _by(pushed, 3).items()}
            for gait, pushed in _by(runs, 2).items()
        }
        for model, runs in _by(played, 1).items()
    }


def _sweep(played: Played, _: Robot) -> dict[str, Any]:
    return {
        "points": [
            {"point": point, "error": _error(runs), "falls": _falls(runs)} for point, runs in _by(played, 1).items()
        ]
    }


_SUMMARIES: dict[str, Callable[[Played, Robot], dict[str, Any]]] = {
    "tracking": _tracking_and_effort,
    "upstream": _tracking,
    "heads": _heads,
    "steps": _steps,
    "still": _still,
    "falls": _starts,
    "pushes": _pushes,
}
