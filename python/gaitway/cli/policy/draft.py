"""`gaitway policy draft`: the contract of a file, as far as the file says it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import PolicyError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.draft import Draft

#: Questions that an error tells; the file has all of them.
_TOLD = 5


def draft(
    file: Annotated[Path, typer.Argument(help="ONNX file.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to; stdout where left out.")] = None,
    robot: RobotName = DEFAULT_ROBOT,
    kind: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Whose policy: mjlab, isaaclab, legged_gym, playground, microduck, none. Found where left out.",
        ),
    ] = None,
    sidecar: Annotated[
        list[Path] | None,
        typer.Option(
            help="A training's configuration, YAML or legged_gym's Python (read, never run); several may be given. "
            "deploy.yaml, env.yaml and agent.yaml are found beside the file, or in params, where left out."
        ),
    ] = None,
    action: Annotated[str | None, typer.Option(help="Which output is the action, where the file has several.")] = None,
    as_json: Json = False,
) -> None:
    """Begin a contract from what an ONNX file, and files beside it, say of how it was trained.

    What they do not say is a question in its place, and printed; gaitway policy embed takes the contract when all
    are answered.
    """
    from gaitway import files
    from gaitway.draft import draft as begin
    from gaitway.draft import sidecars
    from gaitway.robot import Robot

    data, loaded = files.read_policy(file), Robot.load(robot)
    paths = [] if kind == "none" else sidecar or sidecars.beside(file)
    begun = begin(data, loaded, name=file.stem, kind=kind, output=action, sidecars=sidecars.read(paths))
    text = json.dumps(begun.contract, indent=2, ensure_ascii=False) + "\n"
    if output is not None:
        files.write_bytes(output, text.encode(), "contract")
    if as_json:
        asked = [{"path": question.path, "question": question.text} for question in begun.questions]
        about = {"contract": begun.contract, "from": begun.kind, "questions": asked, "warnings": begun.warnings}
        about |= {"origins": begun.origins, "sidecars": [str(path) for path in paths]}
        print_json(about | {"file": None if output is None else str(output)})
    elif output is None:
        typer.echo(text, nl=False)
    else:
        _print(begun, output, paths)


def _print(begun: "Draft", output: Path, sidecars: list[Path]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    asked = begun.questions
    said = "metadata" if begun.kind in ("mjlab", "microduck") else "its shapes"
    read = ", ".join(map(str, sidecars)) or said
    console.print(f"{output}: from {begun.kind} ({read}), {len(asked)} questions open")
    for path, origin in begun.origins.items():
        console.print(f"  {path}: from {origin}", style="dim")
    for question in asked:
        console.print(f"  {question.path}: {question.text}")
    for warning in begun.warnings:
        console.print(f"suspicious: {warning}", style="yellow")


def refuse_open_questions(contract: Any, source: Path) -> None:
    """Raises PolicyError for a draft that still asks."""
    from gaitway.draft.parts import questions

    asked = list(questions(contract))
    if asked:
        told = "; ".join(f"{path}: {text}" for path, text in asked[:_TOLD])
        more = f"; and {len(asked) - _TOLD} more" if len(asked) > _TOLD else ""
        raise PolicyError(
            f"contract {source} has open questions: {told}{more}", hint="fill them in, and embed it again"
        )
