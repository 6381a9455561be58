"""`ChaosBench`: walking robots struck by every class of faults, over all processors, the same for the same seed."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from gaitway.bench.chaos_account import FULL_OF_EACH, Account, summary
from gaitway.bench.chaos_episode import Episode, run_episode
from gaitway.bench.chaos_table import TABLE, FaultClass
from gaitway.errors import SimulationError
from gaitway.policy import Policy
from gaitway.robot import Robot

#: Told how many faults have struck, and of how many.
Progress = Callable[[int, int], None]

#: Episodes in which nothing ever struck, after which a class is given up.
_EMPTY_EPISODES = 3


class ChaosBench:
    """At least `faults` of each class. What comes of it depends on the seed and not on `jobs`.

    Raises SimulationError where a policy never walks.
    """

    def __init__(
        self, robot: str, policy: Path | None, *, faults: int, seed: int, jobs: int, progress: Progress
    ) -> None:
        self._arguments = (robot, policy)
        self._faults, self._seed, self._jobs = faults, seed, jobs
        self._progress = progress

    def measure(self) -> dict[str, Any]:
        """Strikes until every class has enough."""
        accounts = [Account(kind) for kind in TABLE]
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._jobs, spawn, initializer=_load, initargs=self._arguments) as pool:
            try:
                for _ in range(self._faults):
                    if not self._round(pool, accounts):
                        break
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return {"seed": self._seed, **summary(accounts, is_full=self._faults >= FULL_OF_EACH)}

    def _round(self, pool: ProcessPoolExecutor, accounts: list[Account]) -> bool:
        """As many episodes as would do if nothing fell early; False where nothing is missing any more."""
        due = [
            (index, account.episodes + ahead)
            for index, account in enumerate(accounts)
            for ahead in range(-(-(self._faults - account.faults) // account.kind.per_episode))
        ]
        calls = [(index, f"{self._seed}/{TABLE[index].name}/{episode}") for index, episode in due]
        # In their order, whoever is done first: sums of floats and lists are the same with any number of jobs.
        for (index, _), episode in zip(due, pool.map(_run, calls), strict=True):
            account = accounts[index]
            account.add(episode)
            if account.faults == 0 and account.episodes >= _EMPTY_EPISODES:
                found = account.panics[0] if account.panics else "none"
                message = f"chaos: expected a robot that walks until {account.kind.name!r} strikes, found {found}"
                raise SimulationError(message, hint="this policy cannot be tested")
            struck = sum(min(other.faults, self._faults) for other in accounts)
            self._progress(struck, self._faults * len(accounts))
        return bool(due)


_loaded: tuple[Robot, Policy] | None = None


def _load(robot: str, policy: Path | None) -> None:
    """What each process needs once."""
    global _loaded
    loaded = Robot.load(robot)
    named = Policy.default(loaded) if policy is None else Policy.load(loaded.policy_file(policy), robot=loaded)
    _loaded = loaded, named


def _run(call: tuple[int, str]) -> Episode:
    """One episode in a process of its own. A panic of the native module is a result."""
    assert _loaded is not None, "the pool has called _load"
    index, seed = call
    kind: FaultClass = TABLE[index]
    try:
        return run_episode(*_loaded, kind, seed)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return Episode(panic=f"{seed}: {error}")
