"""`gaitway eval`: evaluates policies in simulation, side by side, before they go near a robot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.evaluate.acceptance import Criterion
    from gaitway.robot import Robot


def evaluate(
    policies: Annotated[
        list[Path] | None, typer.Argument(metavar="POLICY…", help="ONNX files, or names of the robot's: walk.")
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    acceptance: Annotated[
        bool,
        typer.Option("--acceptance", "--gate", help="Exit with 1 if the first policy fails an acceptance criterion."),
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Report with all figures as pictures, .html or .png.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Run a quick preview: fewer and shorter runs.")] = False,
    only: Annotated[str | None, typer.Option(help="Parts of the evaluation, separated by commas.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Number of processes.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise, pushes and starts.")] = 0,
    as_json: Json = False,
) -> int:
    """Evaluate policies in a fixed battery of simulated runs: tracking, steps, falls, pushes, physics, servo load.

    The acceptance criteria are the file acceptance.toml beside the robot's profile. With several policies the first
    one is judged by them, and the others stand beside it.
    Exit codes: 0 done, 1 a criterion failed and --acceptance was given, 2 wrong use.
    """
    from gaitway.evaluate import FULL, QUICK
    from gaitway.evaluate import evaluate as play_battery
    from gaitway.evaluate.acceptance import add_verdicts, reasons
    from gaitway.evaluate.report import check_ending, write_report
    from gaitway.robot import Robot

    if report is not None:
        check_ending(report)
    loaded = Robot.load(robot)
    criteria = _criteria(loaded, asked=acceptance)
    with _progress(shown=not as_json) as progress:
        result = play_battery(
            [loaded.policy_file(policy) for policy in policies or [Path("walk")]],
            robot=robot,
            scale=QUICK if quick else FULL,
            seed=seed,
            jobs=jobs,
            only=_names(only),
            progress=progress,
        )
    result["quick"] = quick
    if acceptance:
        add_verdicts(result, criteria)
    if report is not None:
        write_report(result, report, criteria)
    if as_json:
        print_json(result)
    else:
        from gaitway.cli.eval.table import print_result

        print_result(result, criteria, report)
    return 1 if acceptance and reasons(result["policies"][0]) else 0


def _criteria(robot: "Robot", *, asked: bool) -> "tuple[Criterion, ...]":
    """The acceptance criteria beside the robot's profile; none where there is no such file and nobody asks."""
    from gaitway.evaluate.acceptance import criteria_file, load_criteria

    path = criteria_file(robot.folder)
    return load_criteria(path) if asked or path.exists() else ()


def _names(only: str | None) -> list[str] | None:
    if only is None:
        return None
    names = [name.strip() for name in only.split(",")]
    if not all(names):
        raise UsageError(f"--only: expected names separated by commas, found {only!r}", hint="--only tracking,pushes")
    return names


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with the time left, where somebody looks."""
    if not shown:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: tuple[Any, ...] = (
        TextColumn("playing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
