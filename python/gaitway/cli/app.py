"""`gaitway`: the commands, and the one place where errors meet people."""

import errno
import os
import sys
from typing import Annotated

import typer

from gaitway import printable
from gaitway.cli.bench import bench
from gaitway.cli.camera import camera
from gaitway.cli.common.output import print_json
from gaitway.cli.control import motion, policies, status
from gaitway.cli.doctor import doctor
from gaitway.cli.eval import eval as evaluation
from gaitway.cli.head import head
from gaitway.cli.imu import imu
from gaitway.cli.motors import motors
from gaitway.cli.pad import pad
from gaitway.cli.policy import policy
from gaitway.cli.record import plot, record
from gaitway.cli.robot import robot
from gaitway.cli.run import run
from gaitway.cli.run.watched import ViewCommand
from gaitway.cli.teleop import teleop
from gaitway.cli.top import top
from gaitway.cli.train import train
from gaitway.cli.twin import twin
from gaitway.cli.view import view
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

#: What the argument parser returns for a command that was interrupted.
_INTERRUPTED = 130

_WRONG_USE = (UsageError, ProfileError, PolicyError, ContractError, ControlError)

app = typer.Typer(
    name="gaitway",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Trains a gait, proves it, and runs it on a small legged robot.",
)
#: Headings of the help, in its order.
_RUN, _DRIVE = "Run", "Drive a running robot"
_POLICIES, _RECORDINGS = "Policies and training", "Recordings"
_HARDWARE, _BENCHMARKS = "Hardware", "Benchmarks"

app.command("run", cls=ViewCommand, rich_help_panel=_RUN)(run.run)
app.add_typer(twin.app, name="twin", rich_help_panel=_RUN)
app.command("teleop", rich_help_panel=_RUN)(teleop.teleop)
app.command("view", rich_help_panel=_RUN)(view.view)
app.command("top", rich_help_panel=_RUN)(top.top)
app.command("status", rich_help_panel=_DRIVE)(status.status)
app.command("walk", rich_help_panel=_DRIVE)(motion.walk)
app.command("stand", rich_help_panel=_DRIVE)(motion.stand)
app.command("limp", rich_help_panel=_DRIVE)(motion.limp)
app.command("stop", rich_help_panel=_DRIVE)(motion.stop)
app.command("clear", rich_help_panel=_DRIVE)(motion.clear)
app.command("policies", rich_help_panel=_DRIVE)(policies.policies)
app.command("use", rich_help_panel=_DRIVE)(policies.use)
app.command("switch", rich_help_panel=_DRIVE)(policies.switch)
app.command("mark", rich_help_panel=_DRIVE)(policies.mark)
app.command("trim", rich_help_panel=_DRIVE)(policies.trim)
app.add_typer(robot.app, name="robot", rich_help_panel=_POLICIES)
app.add_typer(policy.app, name="policy", rich_help_panel=_POLICIES)
app.command("train", rich_help_panel=_POLICIES)(train.train)
app.command("export", rich_help_panel=_POLICIES)(train.export)
app.command("curve", rich_help_panel=_POLICIES)(train.curve)
app.command("eval", rich_help_panel=_POLICIES)(evaluation.evaluate)
app.add_typer(record.app, name="record", rich_help_panel=_RECORDINGS)
app.command("replay", rich_help_panel=_RECORDINGS)(record.replay)
app.command("plot", rich_help_panel=_RECORDINGS)(plot.plot)
app.command("doctor", rich_help_panel=_HARDWARE)(doctor.doctor)
app.add_typer(motors.app, name="motors", rich_help_panel=_HARDWARE)
app.add_typer(imu.app, name="imu", rich_help_panel=_HARDWARE)
app.add_typer(head.app, name="head", rich_help_panel=_HARDWARE)
app.add_typer(pad.app, name="pad", rich_help_panel=_HARDWARE)
app.command("camera", rich_help_panel=_HARDWARE)(camera.camera)
app.add_typer(bench.app, name="bench", rich_help_panel=_BENCHMARKS)


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
    """Runs the command and turns every error into a message, a hint and an exit code."""
    as_json = "--json" in sys.argv
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows fewer characters than a text has shows their numbers instead.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = app(standalone_mode=False)
        # While there is somebody to tell that the disk is full.
        sys.stdout.flush()
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
    except GaitwayError as error:
        _say(error.message, error.hint, as_json)
        code = WRONG_USE if isinstance(error, _WRONG_USE) else FAILED
    except typer.TyperException as error:
        # No message: the help has been printed instead.
        if error.format_message():
            _say(error.format_message(), "see the command's --help", as_json)
        code = WRONG_USE
    except (typer.Abort, KeyboardInterrupt):
        _say("interrupted", "nothing was left half written", as_json)
        code = FAILED
    except OSError as error:
        _say_system(error, as_json)
        code = FAILED
    except MemoryError:
        _say("not enough memory for this file", "close other programs, or cut it: gaitway record cut", as_json)
        code = FAILED
    # The last resort: whatever it is, a person shall not meet a traceback.
    except Exception as error:
        if "GAITWAY_TRACEBACK" in os.environ:
            raise
        _say(
            f"unexpected {type(error).__name__}: {error}",
            "this is a bug in Gaitway; GAITWAY_TRACEBACK=1 shows where, please report it",
            as_json,
        )
        code = FAILED
    sys.exit(code if isinstance(code, int) else DONE)


def _say_system(error: OSError, as_json: bool) -> None:
    from gaitway import _native

    where = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    # What has no name is what everything is printed to, and so is whoever reads it and has gone.
    where = where or "stdout"
    if where == "stdout":
        with open(os.devnull, "w") as nobody:  # noqa: PTH123
            os.dup2(nobody.fileno(), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        as_json = False
        if error.errno == errno.EPIPE:
            return
    _say(f"{where}: {error.strerror or error}", _native.remedy(error.errno or 0), as_json)


def _say(message: str, hint: str, as_json: bool) -> None:
    message, hint = printable.message(message), printable.message(hint)
    if as_json:
        print_json({"error": message, "hint": hint})
        return
    from rich.console import Console

    # Never folded: a path that was broken in two cannot be copied, and programs search these lines.
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    if hint:
        console.print("[bold cyan]hint:[/]", end="  ")
        console.print(hint, markup=False)
