"""Starts as owners make them: a robot hangs in somebody's hands, gets up, and is set down at zero command."""

import multiprocessing
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim.virtual import SimulatedLoop

#: Longest time a robot hangs limp before it is asked to get up, s.
HANG_S = 10.0
#: Longest time it is held in its pose before it is set down, s.
SET_DOWN_S = 3.0
#: Largest roll and pitch it is held in, rad.
TILT_RAD = 0.15
#: How long it is watched once it was set down, s.
WATCH_S = 10.0
#: A robot that is not on its feet by then never will be, s.
_ON_FEET_BY_S = 20.0

#: Told how many starts are over, and of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Start:
    """One start, drawn by its seed."""

    seed: int
    hang_s: float
    set_down_after_s: float
    lower_s: float
    roll_rad: float
    pitch_rad: float
    #: A chip on an I²C bus, or datagrams.
    chip: bool
    #: Without them both feet count as on the ground.
    foot_switches: bool
    #: It is lifted, and set down again, after so many seconds on its feet; None: it is left alone.
    lifted_after_s: float | None


def draw(seed: int, *, lifts: bool) -> Start:
    """The start of `seed`: the four combinations of IMU and switches in turn, everything else by chance."""
    chance = random.Random(seed)
    return Start(
        seed=seed,
        hang_s=chance.uniform(0.0, HANG_S),
        set_down_after_s=chance.uniform(0.0, SET_DOWN_S),
        lower_s=chance.uniform(0.5, 2.5),
        roll_rad=chance.uniform(-TILT_RAD, TILT_RAD),
        pitch_rad=chance.uniform(-TILT_RAD, TILT_RAD),
        chip=bool(seed & 1),
        foot_switches=bool(seed & 2),
        lifted_after_s=chance.uniform(2.0, 5.0) if lifts else None,
    )


def play(robot: Robot, policy: Policy, start: Start) -> dict[str, Any]:
    """What becomes of it: the start, whether it fell and when, its states with their times, s."""
    simulated = SimulatedLoop(
        robot,
        policy,
        seed=start.seed,
        set_down_after_s=start.set_down_after_s,
        release_after_s=start.lower_s,
        tilt_rad=(start.roll_rad, start.pitch_rad),
        chip=start.chip,
        foot_switches=start.foot_switches,
    )
    loop, hz = simulated.loop, robot.control_hz
    log: list[tuple[float, str]] = []

    def ticks(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(round(seconds * hz)):
            simulated.tick()
            log.extend((round(at_ns * 1e-9, 2), word) for at_ns, word in loop.take_events())
            if simulated.body.falls or until():
                return

    ticks(start.hang_s)
    loop.command(0.0, 0.0, 0.0)
    loop.wish("walk")
    ticks(_ON_FEET_BY_S, lambda: simulated.body.released)
    set_down_s = loop.now_ns * 1e-9
    if start.lifted_after_s is not None:
        ticks(start.lifted_after_s)
        simulated.body.lift(start.set_down_after_s)
        ticks(_ON_FEET_BY_S, lambda: simulated.body.released)
    ticks(WATCH_S)
    runs = loop.state == "running"
    fell = simulated.body.falls > 0
    return {
        **asdict(start),
        "set_down_s": round(set_down_s, 2),
        "fell_s": round(loop.now_ns * 1e-9, 2) if fell else None,
        "runs": runs and not fell,
        "tilt_rad": round(float(simulated.body.trunk().tilt_rad), 3),
        "log": log,
    }


def measure_starts(
    robot: str, policy: str | None, count: int, *, seed: int, jobs: int, lifts: bool, progress: Progress
) -> dict[str, Any]:
    """`count` starts over `jobs` processes; `policy` is a file or a name, None for what the robot runs by default."""
    spawn = multiprocessing.get_context("spawn")
    starts = [draw(seed + index, lifts=lifts) for index in range(count)]
    played: list[dict[str, Any]] = []
    with ProcessPoolExecutor(jobs, spawn, initializer=_load, initargs=(robot, policy)) as pool:
        for result in pool.map(_play, starts):
            played.append(result)
            progress(len(played), count)
    fell = sum(result["fell_s"] is not None for result in played)
    waits = sum(not result["runs"] and result["fell_s"] is None for result in played)
    marks = [_mark("falls", fell), _mark("starts that ended without the policy", waits)]
    return {"starts": count, "falls": fell, "without_policy": waits, "marks": marks, "runs": played}


def _mark(what: str, found: int) -> dict[str, Any]:
    return {"what": what, "found": found, "at_most": 0, "passed": found == 0}


_loaded: tuple[Robot, Policy] | None = None


def _load(robot: str, policy: str | None) -> None:
    """What each process needs once."""
    global _loaded
    loaded = Robot.load(robot)
    named = Policy.default(loaded) if policy is None else Policy.load(loaded.policy_file(policy), robot=loaded)
    _loaded = loaded, named


def _play(start: Start) -> dict[str, Any]:
    assert _loaded is not None, "the pool has called _load"
    return play(*_loaded, start)
