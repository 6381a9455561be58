"""`gaitway record`, `gaitway replay`: look at what a robot did, and run it again."""

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from gaitway.cli.output import print_json

app = typer.Typer(
    no_args_is_help=True, help="What the flight recorder wrote: look at it, close it, turn it into a table."
)

_File = Annotated[Path, typer.Argument(help="Recording, .mcap.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


def replay(
    recordings: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings, .mcap.")],
    as_json: _Json = False,
) -> int:
    """Runs recorded ticks again: servo registers, IMU and commands go through the code that ran on the robot.

    Every number that comes out is compared to the bit, on whatever machine this is.
    Exit codes: 0 every bit is the same, 1 something differs, 2 wrong use.
    """
    from dataclasses import asdict

    from gaitway.recording import Recording

    results = []
    for path in recordings:
        recording = Recording.load(path)
        results.append((path, recording, recording.verify()))
    differs = any(found.different for _, _, found in results)
    if as_json:
        print_json({"recordings": [{"file": str(path)} | asdict(found) for path, _, found in results]})
        return int(differs)
    for path, recording, found in results:
        typer.echo(f"{path}: {found.same} ticks the same, {found.different} different, {found.skipped} skipped")
        typer.echo(f"  recorded on {recording.notes.get('cpu_path', '?')}, run again on {found.cpu_path}")
        if found.first is not None:
            first = found.first
            typer.echo(f"  first in tick {first.tick}: {first.place}")
            typer.echo(f"    recorded {first.recorded}, now {first.replayed}")
    return int(differs)


@app.command()
def info(recording: _File, as_json: _Json = False) -> None:
    """What a recording is of."""
    from gaitway.recording import Recording

    found = Recording.load(recording)
    about = _about(found)
    if as_json:
        print_json(about)
        return
    for name, value in about.items():
        typer.echo(f"{name.replace('_', ' '):16} {_text(value)}")


@app.command()
def repair(
    recording: _File,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the whole file goes.")],
    as_json: _Json = False,
) -> None:
    """Closes a recording that was cut: everything that is whole is kept, and the index is written."""
    from gaitway import _native, files
    from gaitway.recording import Recording

    data, messages = _native.repair(files.read_bytes(recording, "recording", 16 << 30))
    files.write_bytes(output, data, "recording")
    ticks = Recording.load(output).ticks
    if as_json:
        print_json({"file": str(output), "messages": messages, "ticks": ticks})
    else:
        typer.echo(f"{output}: {ticks} ticks")


@app.command()
def convert(
    recording: _File, output: Annotated[Path, typer.Option("-o", "--output", help="Table to write, .csv.")]
) -> None:
    """Writes a recording as a table: a row a tick, a column a value."""
    from gaitway import files
    from gaitway.errors import UsageError
    from gaitway.recording import Recording

    if output.suffix != ".csv":
        raise UsageError(f"{output}: expected a name that ends in .csv", hint="name the table with its ending")
    found = Recording.load(recording)
    with files.written_whole(output, "table") as beside, beside.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(found.columns)
        writer.writerows(zip(*found.columns.values(), strict=True))
    typer.echo(f"{output}: {found.ticks} ticks, {len(found.columns)} columns")


def _about(recording: Any) -> dict[str, Any]:
    states: list[str] = []
    for state in recording.columns.get("tick.state", []):
        if not states or states[-1] != state:
            states.append(state)
    faults = sorted({fault for fault in recording.columns.get("tick.fault", []) if fault})
    seconds = recording.seconds
    dropped = recording.column("tick.dropped")
    return {
        "ticks": recording.ticks,
        "seconds": seconds[-1] if seconds else 0.0,
        "dropped": int(dropped[-1]) if dropped else 0,
        "cut": recording.cut,
        "states": states,
        "faults": faults,
        **recording.notes,
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
