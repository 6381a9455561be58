"""`SwitchBench`: how a robot stands, and how its policies take over from each other, over all processors."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, median
from typing import Any

from gaitway.bench.switch_episode import STILL_S, Episode, Still, Switch, send_about, stand_still
from gaitway.errors import UsageError
from gaitway.policy import Policy
from gaitway.robot import Robot

#: Told how many parts are done, and of how many.
Progress = Callable[[int, int], None]

#: Switches of an episode, and runs of a robot that stands still.
_OF_AN_EPISODE, _STILL_RUNS = 20, 8
_MODELS = {"backlash": True, "flat": False}
_WHICH = ("alone", "set")


class SwitchBench:
    """`count` switches on each model, and standing still by the set and by its default policy alone.

    What comes of it depends on the seed and not on `jobs`. Raises UsageError for a robot without a policy set.
    """

    def __init__(self, robot: str, *, count: int, seed: int, jobs: int, progress: Progress) -> None:
        loaded = Robot.load(robot)
        if loaded.policy_set is None:
            hint = f"add policies.toml to {loaded.folder}: docs/policy-sets.md says what is in it"
            raise UsageError(f"{loaded.name}: expected a policy set, found none", hint=hint)
        # A mistake in the set is told before processes are started.
        Policy.load_set(loaded.policy_set, robot=loaded)
        self._robot, self._count, self._seed, self._jobs = robot, count, seed, jobs
        self._progress = progress

    def measure(self) -> dict[str, Any]:
        """Stands still, switches, counts."""
        spawn = multiprocessing.get_context("spawn")
        stills = [
            (which, backlash, f"{self._seed}/{run}")
            for which in _WHICH
            for backlash in _MODELS.values()
            for run in range(_STILL_RUNS)
        ]
        abouts = [
            (backlash, f"{self._seed}/{episode}", min(_OF_AN_EPISODE, self._count - begun))
            for backlash in _MODELS.values()
            for episode, begun in enumerate(range(0, self._count, _OF_AN_EPISODE))
        ]
        done, whole = 0, len(stills) + len(abouts)
        with ProcessPoolExecutor(self._jobs, spawn, initializer=_load, initargs=(self._robot,)) as pool:
            stood: list[Still] = []
            sent: list[Episode] = []
            for still in pool.map(_still, stills):
                stood.append(still)
                done += 1
                self._progress(done, whole)
            for episode_of in pool.map(_about, abouts):
                sent.append(episode_of)
                done += 1
                self._progress(done, whole)
        models = {}
        for name, backlash in _MODELS.items():
            episodes = [episode for call, episode in zip(abouts, sent, strict=True) if call[0] == backlash]
            models[name] = {
                "still": {which: _stood(_of_kind(stills, stood, (which, backlash))) for which in _WHICH},
                **_switched(episodes),
            }
        return {"robot": self._robot, "seed": self._seed, "still_s": STILL_S, "models": models}


def _of_kind(calls: list[tuple[str, bool, str]], runs: list[Still], kind: tuple[str, bool]) -> list[Still]:
    return [run for call, run in zip(calls, runs, strict=True) if call[:2] == kind]


def _stood(runs: list[Still]) -> dict[str, float]:
    """Means over the runs, and the largest tilt of all."""
    return {
        "runs": len(runs),
        "falls": sum(run.fell for run in runs),
        "drift_m": mean(run.drift_m for run in runs),
        "joint_speed_rps": mean(run.joint_speed_rps for run in runs),
        "tilt_deg": mean(run.tilt_deg for run in runs),
        "largest_tilt_deg": max(run.largest_tilt_deg for run in runs),
    }


def _switched(episodes: list[Episode]) -> dict[str, Any]:
    switches = [switch for episode in episodes for switch in episode.switches]
    names = sorted({switch.to for switch in switches})
    between = {
        name: [pair for episode in episodes for pair in episode.between.get(name, [])]
        for name in sorted({name for episode in episodes for name in episode.between})
    }
    return {
        "switches": len(switches),
        "falls": sum(switch.fell for switch in switches),
        "to": {name: _of(name, [switch for switch in switches if switch.to == name]) for name in names},
        "between": {name: _accelerations(pairs) for name, pairs in between.items()},
    }


def _of(name: str, switches: list[Switch]) -> dict[str, Any]:
    fell = [switch.phase_ticks for switch in switches if switch.fell]
    return {
        "switches": len(switches),
        "falls": len(fell),
        "fell_at_phase_ticks": sorted(round(phase, 1) for phase in fell),
        **_accelerations([(switch.goal_rps2, switch.joint_rps2) for switch in switches]),
    }


def _accelerations(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Of goals and joints, rad/s²: the largest within ten ticks, its median and its largest."""
    goals, joints = zip(*pairs, strict=True) if pairs else ((0.0,), (0.0,))
    return {
        "goal_rps2_p50": median(goals),
        "goal_rps2_max": max(goals),
        "joint_rps2_p50": median(joints),
        "joint_rps2_max": max(joints),
    }


_loaded: tuple[Robot, Policy, Policy] | None = None


def _load(robot: str) -> None:
    """What each process needs once."""
    global _loaded
    loaded = Robot.load(robot)
    rules: Path = loaded.policy_set or Path()
    together = Policy.load_set(rules, robot=loaded)
    _loaded = loaded, together, Policy.load(together.path, robot=loaded)


def _still(call: tuple[str, bool, str]) -> Still:
    assert _loaded is not None, "the pool has called _load"
    robot, together, alone = _loaded
    which, backlash, seed = call
    run = int(seed.split("/")[1]) + 1000 * int(seed.split("/")[0])
    return stand_still(robot, together if which == "set" else alone, backlash=backlash, seed=run)


def _about(call: tuple[bool, str, int]) -> Episode:
    assert _loaded is not None, "the pool has called _load"
    robot, together, _ = _loaded
    backlash, seed, switches = call
    return send_about(robot, together, backlash=backlash, seed=f"{seed}/{backlash}", switches=switches)
