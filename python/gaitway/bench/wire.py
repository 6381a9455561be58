"""How a policy follows commands over its servo bus, beside the lockstep that trainer and judge use."""

from collections.abc import Callable
from statistics import fmean
from typing import Any

from gaitway.command import VELOCITY_AXES
from gaitway.evaluate.case import SETTLE_S, Case
from gaitway.evaluate.plan import Row, load_plan
from gaitway.evaluate.play import play
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim import World
from gaitway.sim.virtual import SimulatedLoop

#: Over the wire the error may be larger by this, m/s and rad/s.
MAX_WORSE = 0.005

#: Told what is played now, how many runs are over, and how many there are.
Progress = Callable[[str, int, int], None]


def measure_wire(policy: Policy, robot: Robot, seconds: float, progress: Progress) -> dict[str, Any]:
    """Mean velocities over the judge's grid, over the wire and in lockstep: no noise, no pushes, play in the gears.

    Over the wire the real loop, driver and supervisor talk on a virtual clock to emulated servos and an emulated IMU.
    Raises SimulationError where a robot does not come to walk.
    """
    runs: list[dict[str, Any]] = []
    grid = load_plan(robot).grid
    for index, command in enumerate(grid):
        progress(", ".join(f"{value:g}" for value in command[:3]), index, len(grid))
        case = Case(("wire",), World(), 0, ((SETTLE_S + seconds, command),))
        alone = play(case, policy, robot)
        velocity, falls = _over_the_wire(policy, robot, command, seconds)
        runs.append(
            {
                "command": list(command[:3]),
                "lockstep": {"velocity": list(alone.velocity), "falls": int(alone.fell)},
                "wire": {"velocity": velocity, "falls": falls},
            }
        )
    errors = {way: _error(runs, way) for way in ("lockstep", "wire")}
    falls = sum(run["wire"]["falls"] for run in runs)
    return {"seconds": seconds, "runs": runs, "error": errors, "marks": _marks(errors, falls)}


def _over_the_wire(policy: Policy, robot: Robot, command: Row, seconds: float) -> tuple[list[float], int]:
    simulated = SimulatedLoop(robot, policy, release_after_s=0.5)
    simulated.walk(*command[:3])
    settle, ticks = (round(part * robot.control_hz) for part in (SETTLE_S, seconds))
    velocities = []
    for tick in range(settle + ticks):
        simulated.tick()
        trunk = simulated.body.trunk()
        if tick >= settle:
            velocities.append([float(value) for value in (*trunk.velocity_mps[:2], trunk.yaw_rate_rps)])
    return [fmean(axis) for axis in zip(*velocities, strict=True)], simulated.body.falls


def _error(runs: list[dict[str, Any]], way: str) -> dict[str, float]:
    """Mean absolute error of the mean velocities."""
    return {
        axis: fmean(abs(run[way]["velocity"][index] - run["command"][index]) for run in runs)
        for index, axis in enumerate(VELOCITY_AXES)
    }


def _marks(errors: dict[str, dict[str, float]], falls: int) -> list[dict[str, Any]]:
    worse = {axis: errors["wire"][axis] - errors["lockstep"][axis] for axis in VELOCITY_AXES}
    found = [(f"{axis} worse than in lockstep", worse[axis], MAX_WORSE) for axis in VELOCITY_AXES[:2]]
    return [
        {"what": what, "found": value, "at_most": most, "passed": value <= most}
        for what, value, most in (*found, ("falls", falls, 0))
    ]
