"""A command of many options takes one settings object."""

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.testing import CliRunner

import gaitway
from gaitway.cli.common.settings import with_settings

PACKAGE = Path(gaitway.__file__).parent
MOST_PARAMETERS = 10


@dataclass(frozen=True)
class Settings:
    name: Annotated[str, typer.Argument(help="Whose.")]
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 3
    loud: Annotated[bool, typer.Option("--loud", help="In capitals.")] = False


def app(told: list[object]) -> typer.Typer:
    made = typer.Typer()

    @made.command()
    @with_settings(Settings)
    def shout(context: typer.Context, settings: Settings) -> None:
        """Shout."""
        told.append((context.info_name, settings))

    return made


def test_its_fields_are_the_options_of_the_command() -> None:
    told: list[object] = []
    assert CliRunner().invoke(app(told), ["duck", "--count", "2", "--loud"]).exit_code == 0
    assert CliRunner().invoke(app(told), ["duck"]).exit_code == 0
    assert told == [("shout", Settings("duck", 2, loud=True)), ("shout", Settings("duck"))]
    assert CliRunner().invoke(app(told), ["duck", "--count", "0"]).exit_code == 2 and len(told) == 2
    shown = CliRunner().invoke(app(told), ["--help"]).output
    assert shown.index("How many.") < shown.index("In capitals.")


def test_what_the_command_does_keeps_its_name_and_its_text() -> None:
    @with_settings(Settings)
    def whisper(settings: Settings) -> int:
        """Whisper."""
        return settings.count

    assert (whisper.__name__, inspect.getdoc(whisper)) == ("whisper", "Whisper.")
    assert list(inspect.signature(whisper).parameters) == ["name", "count", "loud"]
    assert whisper(name="duck", count=7) == 7


def test_no_function_of_the_command_line_takes_many_parameters() -> None:
    functions = [
        (path, node)
        for path in (PACKAGE / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) > 100
    for path, node in functions:
        taken = len(node.args.args) + len(node.args.kwonlyargs)
        assert taken <= MOST_PARAMETERS, f"{path}: {node.name} takes {taken}: use with_settings"
