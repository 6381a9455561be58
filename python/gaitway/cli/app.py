"""`gaitway`: the commands, and the one place where errors meet people."""

import json
import sys
from typing import Annotated

import typer

from gaitway.cli import bench, policy, run
from gaitway.errors import (
    ContractError,
    ControlError,
    GaitwayError,
    PolicyError,
    ProfileError,
    UsageError,
)

#: Exit codes.
DONE, FAILED, WRONG_USE = 0, 1, 2

_WRONG_USE = (UsageError, ProfileError, PolicyError, ContractError, ControlError)

app = typer.Typer(
    name="gaitway",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Trains a gait, proves it, and runs it on a small legged robot.",
)
app.command("run")(run.run)
app.add_typer(policy.app, name="policy")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from gaitway import build_info

    info = build_info()
    typer.echo(f"gaitway {info['version']} ({info['profile']} build, {info['target']}, cpu path {info['cpu_path']})")
    raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Version, build and CPU path.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point: runs the command and turns every error into a message, a hint and an exit code."""
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except GaitwayError as error:
        _say(error.message, error.hint, as_json)
        code = WRONG_USE if isinstance(error, _WRONG_USE) else FAILED
    except typer.TyperException as error:
        _say(error.format_message(), "see the command's --help", as_json)
        code = WRONG_USE
    except (typer.Abort, KeyboardInterrupt):
        code = FAILED
    sys.exit(code if isinstance(code, int) else DONE)


def _say(message: str, hint: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": message, "hint": hint}))
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    if hint:
        console.print("[bold cyan]hint:[/]", end="  ")
        console.print(hint, markup=False)


if __name__ == "__main__":
    main()
