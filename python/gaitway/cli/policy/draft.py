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
        str | None, typer.Option("--from", help="Whose metadata: mjlab, microduck, none. Found where left out.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="Which output is the action, where the file has several.")] = None,
    as_json: Json = False,
) -> None:
    """Begin a contract from what an ONNX file says of itself.

    What the file does not say is a question in its place, and printed; gaitway policy embed takes the contract when all
    are answered.
    """
    from gaitway import files
    from gaitway.draft import draft as begin
    from gaitway.robot import Robot

    begun = begin(files.read_policy(file), Robot.load(robot), name=file.stem, kind=kind, output=action)
    text = json.dumps(begun.contract, indent=2, ensure_ascii=False) + "\n"
    if output is not None:
        files.write_bytes(output, text.encode(), "contract")
    if as_json:
        asked = [{"path": question.path, "question": question.text} for question in begun.questions]
        about = {"contract": begun.contract, "from": begun.kind, "questions": asked, "warnings": begun.warnings}
        print_json(about | {"file": None if output is None else str(output)})
    elif output is None:
        typer.echo(text, nl=False)
    else:
        _print(begun, output)


def _print(begun: "Draft", output: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    asked = begun.questions
    console.print(f"{output}: from {begun.kind} metadata, {len(asked)} questions open")
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
