"""Runs the battery on any number of policies, side by side, in as many processes as one likes."""

import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gaitway.controller import Controller
from gaitway.errors import SimulationError, UnsupportedOperatorError, UsageError
from gaitway.evaluate.battery import PARTS
from gaitway.evaluate.case import FULL, Case, Scale
from gaitway.evaluate.plan import load_plan
from gaitway.evaluate.play import Outcome, play
from gaitway.evaluate.summary import summarise
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT

#: Name and version of the result's form.
SCHEMA = "gaitway.eval/1"

#: Called with the number of runs done, and of all.
Progress = Callable[[int, int], None]


def evaluate(
    files: list[Path],
    *,
    robot: str | Path = DEFAULT_ROBOT,
    scale: Scale = FULL,
    seed: int = 0,
    jobs: int = 1,
    only: list[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plays the battery, or the parts in `only`, with every policy file, and returns the figures as plain data.

    The same seed gives the same figures, whatever `jobs`, the number of processes; every policy meets the same
    noise, pushes and starts. With more than one job, a script that calls this needs the usual
    `if __name__ == "__main__":`. Raises UsageError, PolicyError and ContractError before anything is played.
    """
    _check(files, seed, jobs)
    asked = _parts(only)
    loaded = Robot.load(robot)
    policies = [load_policy(str(file), str(robot)) for file in files]
    heads = [_identity(policy, loaded) for policy in policies]
    plan = load_plan(loaded)
    cases = [case for part in asked for case in PARTS[part](plan, scale, seed)]
    parts = _played(cases, asked, loaded.name, only)
    work = [(str(file), str(robot), case) for file in files for case in cases]
    outcomes = []
    with _mapped(work, jobs) as played:
        for outcome in played:
            outcomes.append(outcome)
            if progress is not None:
                progress(len(outcomes), len(work))
    for index, head in enumerate(heads):
        mine = list(zip(cases, outcomes[index * len(cases) : (index + 1) * len(cases)], strict=True))
        head["parts"] = {
            part: summarise(part, [(case, outcome) for case, outcome in mine if case.key[0] == part], loaded)
            for part in parts
        }
    for name, head in zip(_names(files), heads, strict=True):
        head["name"] = name
    return {
        "schema": SCHEMA,
        "robot": loaded.name,
        "seed": seed,
        "runs": len(work),
        "simulated_s": round(sum(outcome.seconds for outcome in outcomes), 3),
        "policies": heads,
    }


@functools.cache
def load_policy(file: str, robot: str) -> Policy:
    """The policy of a file; in onnxruntime where the native engine does not know an operator."""
    loaded = Robot.load(robot)
    try:
        return Policy.load(file, robot=loaded)
    except UnsupportedOperatorError:
        return Policy.load(file, robot=loaded, engine="onnxruntime")


def _check(files: list[Path], seed: int, jobs: int) -> None:
    if not files:
        raise UsageError("expected at least one policy, found none", hint="name an ONNX file")
    if seed < 0:
        raise UsageError(f"seed: expected 0 or more, found {seed}", hint="any whole number from 0 on")
    if not 1 <= jobs <= 256:
        raise UsageError(f"jobs: expected 1 to 256, found {jobs}", hint="as many as there are cores is a good number")


def _parts(only: list[str] | None) -> list[str]:
    """The parts asked for, in the order of the battery."""
    unknown = sorted(set(only or ()) - set(PARTS))
    if unknown:
        raise UsageError(f"--only: unknown part {unknown[0]!r}", hint=f"known: {', '.join(PARTS)}")
    return [part for part in PARTS if only is None or part in only]


def _played(cases: list[Case], asked: list[str], robot: str, only: list[str] | None) -> list[str]:
    """The parts that have cases: a robot without a head has no head commands."""
    parts = [part for part in asked if any(case.key[0] == part for case in cases)]
    missing = [part for part in asked if part not in parts]
    if only is not None and missing:
        raise UsageError(f"--only: {robot} has nothing to play in {', '.join(missing)}", hint="leave it out")
    return parts


def _identity(policy: Policy, robot: Robot) -> dict[str, Any]:
    # A policy that does not fit the robot is refused here.
    controller = Controller(policy, robot, loop_hz=robot.control_hz)
    return {
        "name": "",
        "file": str(policy.path),
        "contract": policy.contract.name,
        "contract_sha256": policy.contract_sha256,
        "basis": policy.basis,
        "engine": policy.engine,
        "verdict": controller.verdict,
        "overrides": controller.overrides,
    }


def _names(files: list[Path]) -> list[str]:
    """A short name for each file, told apart by number where two would be the same."""
    stems = [file.stem for file in files]
    return [
        stem if stems.count(stem) == 1 else f"{stem} ({stems[: index + 1].count(stem)})"
        for index, stem in enumerate(stems)
    ]


@contextmanager
def _mapped(work: list[tuple[str, str, Case]], jobs: int) -> Iterator[Iterator[Outcome]]:
    """The outcomes in the order of the work, played here or in `jobs` processes."""
    if jobs == 1:
        yield map(_play, work)
        return
    # Fresh processes: one that is split off from a process with threads may hang.
    # An interrupt goes to them all, and only this one has something to say.
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        yield pool.map(_play, work, chunksize=max(1, min(8, len(work) // (4 * jobs))))
    except BrokenProcessPool as error:
        hint = "the system may have run out of memory: try fewer --jobs"
        raise SimulationError("a process of the battery died", hint=hint) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _play(work: tuple[str, str, Case]) -> Outcome:
    file, robot, case = work
    return play(case, load_policy(file, robot), Robot.load(robot))
