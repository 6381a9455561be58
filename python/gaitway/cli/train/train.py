"""`gaitway train`: a gait from nothing; `gaitway export`: its policy file; `gaitway curve`: how it was learned."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway import signals
from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.train.trainer import Progress, Trainer

#: Seconds between two lines where there is no terminal.
_LINE_S = 30.0


def train(
    task: Annotated[str, typer.Argument(help="A task of the robot (walk, stand), or a TOML file.")] = "walk",
    robot: RobotName = DEFAULT_ROBOT,
    out: Annotated[Path | None, typer.Option(help="Folder of the run (default: out/train/TASK).")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Folder of a run to continue; with --set run.steps=… a finished one, too.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Control steps of all robots together.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Random seed.")] = None,
    device: Annotated[str | None, typer.Option(help="Device of the learner: cpu, cuda.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="section.key=value over the file.")] = None,
    as_json: Json = False,
) -> int:
    """Train a policy, and write it with its contract.

    The run's folder holds its configuration, its learning curve (also for TensorBoard) and a checkpoint: a run that
    was killed goes on with --resume and ends with the same bytes. What follows the share of the run that is over, as
    learning rate and reward weights, is spread over all steps anew where a run gets more of them.
    """
    from gaitway.cli.common.stages import Stages
    from gaitway.robot import Robot
    from gaitway.sim.loader import description_of
    from gaitway.train import config as configuration
    from gaitway.train import require_learner

    require_learner()
    from gaitway.train import runs, tasks

    loaded = Robot.load(robot)
    given = {"steps": steps, "seed": seed, "device": device}
    overrides = [f"run.{key}={value}" for key, value in given.items() if value is not None] + (settings or [])
    if resume is not None:
        if out or seed is not None:
            raise UsageError(
                "--resume goes on in its folder, with its seed", hint="leave --out and --seed out; --steps may be more"
            )
        with Stages(shown=not as_json) as stages:
            stages.tell(f"loading the run in {resume}")
            folder, trainer = resume, runs.resume(resume, loaded, overrides)
        _say_where(trainer, shown=not as_json)
    else:
        path = Path(task) if task.endswith(".toml") else tasks.task_config(loaded, task)
        config = configuration.load(path, overrides, description_of(loaded))
        folder = out or Path("out/train") / path.stem
        trainer = runs.begin(folder, loaded, config)
    done = _run(trainer, folder, shown=not as_json)
    result = _result(trainer, folder, done)
    if done:
        result["export"] = _export(loaded, folder, folder / "policy.onnx", shown=not as_json)
    if as_json:
        print_json(result)
    else:
        _print(result)
    return 0 if done else 1


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write (default: policy.onnx in the folder).")
    ] = None,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Write the policy of a run's last checkpoint, and check it against the network that was trained."""
    from gaitway.robot import Robot

    path = out or run / "policy.onnx"
    result = _export(Robot.load(robot), run, path, shown=not as_json)
    if as_json:
        print_json(result)
    else:
        typer.echo(f"{path}: largest difference to the trained network: {result['differences']}")


def curve(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A picture, .png.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="Rows of the table.")] = 11,
    as_json: Json = False,
) -> None:
    """Show how a run learned: steps, minutes, tracking errors and falls, also while it is under way."""
    from gaitway.train import require_learner

    require_learner()
    from gaitway.train import curve as curves

    learned = curves.read(run)
    told = curves.parts(learned, rows)
    if out is not None:
        if out.suffix.lower() != ".png":
            raise UsageError(f"picture {out}: expected a .png file", hint="name a file with that ending")
        curves.draw(learned, out)
    if as_json:
        print_json({"rows": told})
    else:
        _print_curve(told, curves.TOLD)


def _print_curve(rows: list[dict[str, float]], told: tuple[tuple[str, str, int], ...]) -> None:
    """As Markdown, which a terminal shows as well."""
    headings = ["M steps", "min", *(heading for _, heading, _ in told)]
    typer.echo("| " + " | ".join(headings) + " |")
    typer.echo("|" + "---|" * len(headings))
    for row in rows:
        cells = [f"{row['steps'] / 1e6:.1f}", f"{row['seconds'] / 60:.1f}"]
        cells += [f"{row[name]:.{digits}f}" if name in row else "" for name, _, digits in told]
        typer.echo("| " + " | ".join(cells) + " |")


def _run(trainer: "Trainer", folder: Path, *, shown: bool) -> bool:
    """Trains with a live view; SIGINT and SIGTERM end it with a checkpoint."""
    from gaitway.cli.train.live import TrainingLive
    from gaitway.train import runs

    stopped: list[int] = []
    written = [time.monotonic()]
    try:
        with (
            signals.caught(stopped.append),
            TrainingLive(trainer.config, shown=shown) as live,
            runs.Board(folder) as board,
        ):

            def watch(progress: "Progress") -> bool:
                live.update(progress)
                board.add(progress.curve[-1])
                if time.monotonic() - written[0] > _LINE_S:
                    written[0] = time.monotonic()
                    runs.write_curve(folder, progress.curve)
                return not stopped

            return trainer.run(folder, watch)
    finally:
        runs.write_curve(folder, trainer.progress.curve)


def _export(robot: Any, folder: Path, path: Path, *, shown: bool) -> dict[str, Any]:
    from gaitway.cli.common.stages import Stages
    from gaitway.train import require_learner

    require_learner()
    from gaitway.train.export import export_run

    with Stages(shown=shown) as stages:
        return export_run(robot, folder, path, stages.tell)


def _say_where(trainer: "Trainer", *, shown: bool) -> None:
    """How far a run is that is gone on with."""
    done, wanted = trainer.progress.steps, trainer.config.run.steps
    if shown and done >= wanted:
        typer.echo(
            f"the run has its {done} steps: writing its policy again; --set run.steps=… trains it further", err=True
        )
    elif shown:
        typer.echo(f"going on at {done} of {wanted} steps", err=True)


def _result(trainer: "Trainer", folder: Path, done: bool) -> dict[str, Any]:
    progress = trainer.progress
    last = progress.curve[-1]
    return {
        "folder": str(folder),
        "done": done,
        "steps": progress.steps,
        "seconds": progress.seconds,
        "steps_per_s": progress.steps / progress.seconds,
        "last": {name: value for name, value in last.items() if name.startswith(("error/", "reward", "falls"))},
    }


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    minutes = result["seconds"] / 60
    console.print(f"{result['steps'] / 1e6:.2f} M steps in {minutes:.1f} min, {result['steps_per_s']:.0f} a second")
    if result["done"]:
        console.print(
            f"[bold]{result['export']['path']}[/]: try it with  gaitway run --policy {result['export']['path']}"
        )
    else:
        console.print(f"interrupted: gaitway train --resume {result['folder']} goes on")
