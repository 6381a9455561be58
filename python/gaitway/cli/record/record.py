"""`gaitway record`, `gaitway replay`: look at what a robot did, and run it again."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from gaitway.cli.common.options import Json
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="List, show, repair, cut and convert recordings.")

#: Two engines' sums differ by less: onnxruntime's of the published runtime, and ours.
_LARGEST_DIFFERENCE = 1e-4

_File = Annotated[Path, typer.Argument(help="Recording, .mcap.")]
_Json = Json


def replay(
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…", help="Recordings, .mcap, or observations, .npy or .pkl (default: the newest recording)."
        ),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every number; a replay always does.")] = True,
    policy: Annotated[
        Path, typer.Option(help="For observations: the ONNX file that saw them, or its name; a recording has its own.")
    ] = Path("walk"),
    as_json: _Json = False,
) -> int:
    """Run recorded ticks again: servo registers, IMU and commands go through the code that ran on the robot.

    Every number that comes out is compared to the bit, on whatever machine this is. Of observations alone the policy's
    actions are compared with those that the observations after them remember.
    Exit codes: 0 every bit is the same, 1 something differs or no tick could be run again, 2 wrong use.
    """
    from dataclasses import asdict

    from gaitway.observations import ENDINGS
    from gaitway.recording import Recording

    paths = recordings or [the_newest()]
    observed = [path for path in paths if path.suffix in ENDINGS]
    if observed:
        if len(observed) < len(paths):
            raise UsageError("recordings and observations in one call", hint="replay them one after the other")
        return _replay_observations(observed, policy, as_json=as_json)
    results = []
    for path in paths:
        recording = Recording.load(path)
        results.append((path, recording, recording.verify()))
    # Nothing that was compared is nothing that was shown.
    failed = any(found.different or not found.same for _, _, found in results)
    if as_json:
        print_json({"recordings": [{"file": str(path)} | asdict(found) for path, _, found in results]})
        return int(failed)
    for path, recording, found in results:
        typer.echo(f"{path}: {found.same} ticks the same, {found.different} different, {found.skipped} skipped")
        if not recording.ticks:
            typer.echo("  it holds no tick: nothing was run again")
            continue
        if not found.same and not found.different:
            typer.echo("  it holds no keyframe to begin at: nothing was run again")
        typer.echo(f"  recorded on {recording.notes.get('cpu_path', '?')}, run again on {found.cpu_path}")
        if found.first is not None:
            first = found.first
            typer.echo(f"  first in tick {first.tick}: {first.place}")
            typer.echo(f"    recorded {first.recorded}, now {first.replayed}")
    return int(failed)


def the_newest() -> Path:
    """The recording a person means who names none; says which it is."""
    from gaitway.recording import newest

    path = newest()
    typer.echo(f"newest recording: {path}", err=True)
    return path


def _replay_observations(paths: list[Path], name: Path, *, as_json: bool) -> int:
    from gaitway import observations
    from gaitway.policy import Policy
    from gaitway.robot import Robot

    robot = Robot.load()
    policy = Policy.load(robot.policy_file(name), robot=robot)
    results: list[dict[str, Any]] = []
    for path in paths:
        differences = observations.replay(policy, observations.load(path), path)
        differing = [row for row, difference in enumerate(differences) if difference > _LARGEST_DIFFERENCE]
        largest = max(differences, default=0.0)
        results.append({"file": str(path), "rows": len(differences) + 1, "largest": largest, "different": differing})
    if as_json:
        print_json({"policy": policy.contract.name, "observations": results})
    for result in [] if as_json else results:
        found = result["different"]
        first = f", the first {found[0]}" if found else ""
        typer.echo(
            f"{result['file']}: {result['rows']} rows; {len(found)} whose action is not the one remembered behind "
            f"them{first}; largest difference {result['largest']:.2g}"
        )
    return int(any(result["different"] for result in results))


@app.command("list")
def list_recordings(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder (default: where gaitwayd and gaitway run record).")
    ] = None,
    as_json: _Json = False,
) -> None:
    """List the recordings of a folder, the newest first."""
    from dataclasses import asdict
    from datetime import datetime

    from gaitway import recording as recordings
    from gaitway.cli.common.output import print_table

    where = folder or recordings.default_folder()
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder, found none", hint="name the folder that recordings are in")
    found = [recordings.glance(path) for path in recordings.recordings(where)]
    if as_json:
        listed = [asdict(one) | {"path": str(one.path)} for one in found]
        print_json({"folder": str(where), "recordings": listed})
        return
    rows = [
        (
            datetime.fromtimestamp(one.begun_s).strftime("%Y-%m-%d %H:%M:%S"),
            f"{one.seconds:.1f} s",
            one.robot,
            one.policy,
            f"{one.size_bytes / 1e6:.1f} MB",
            ", ".join(one.faults) or "-",
            one.path.name if one.problem is None else f"{one.path.name} ({one.problem})",
        )
        for one in found
    ]
    print_table(("time", "length", "robot", "policy", "size", "faults", "file"), rows)
    typer.echo(f"{len(rows)} recordings in {where}")


@app.command()
def info(recording: _File, as_json: _Json = False) -> None:
    """Show what a recording is of."""
    from gaitway.recording import Recording

    found = Recording.load(recording)
    about = _about(found)
    if as_json:
        print_json(about)
        return
    for name, value in (about | {"cut": found.cut or "whole"}).items():
        typer.echo(f"{name.replace('_', ' '):16} {_text(value)}")


@app.command()
def repair(
    recording: _File,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the whole file goes.")],
    as_json: _Json = False,
) -> None:
    """Repair an incomplete recording: keep everything that is whole, and write the index."""
    from gaitway import recording as recordings

    messages = recordings.repair(recording, output)
    ticks = recordings.Recording.load(output).ticks
    if as_json:
        print_json({"file": str(output), "messages": messages, "ticks": ticks})
    else:
        typer.echo(f"{output}: {ticks} ticks")


@app.command()
def cut(
    recording: _File,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the part goes.")],
    begin: Annotated[float, typer.Option("--from", help="Where it begins, s after the first tick.")] = 0.0,
    end: Annotated[float, typer.Option("--to", help="Where it ends, s.")] = math.inf,
) -> None:
    """Keep a part of a recording, and what is before it up to a keyframe, so that all of it can be run again."""
    from gaitway import recording as recordings

    if not 0 <= begin < end:
        raise UsageError(f"--from {begin:g} --to {end:g}: expected --from of 0 or more and --to greater than --from")
    recordings.cut(recording, output, begin, end)
    part = recordings.Recording.load(output)
    typer.echo(f"{output}: {part.ticks} ticks, {part.seconds[-1]:.1f} s")


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Recording, .mcap, or observations, .npy or .pkl.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .csv, .parquet, .npy or .pkl.")],
) -> None:
    """Write a recording as a table, a row a tick and a column a value, or as the observations its policy saw.

    Observations are what `gaitwayd --replay-obs` and the published runtime replay; .npy and .pkl become each other.
    """
    from gaitway.convert import convert as write

    typer.echo(f"{output}: {write(source, output)} rows")


def _about(recording: Any) -> dict[str, Any]:
    faults = sorted({fault for _, _, fault in recording.spans("tick.fault") if fault})
    seconds = recording.seconds
    dropped = recording.column("tick.dropped")
    return {
        "ticks": recording.ticks,
        "seconds": seconds[-1] if seconds else 0.0,
        "dropped": int(dropped[-1]) if dropped else 0,
        "cut": recording.cut,
        "states": [state for _, _, state in recording.spans("tick.state")],
        "faults": faults,
        **recording.notes,
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
