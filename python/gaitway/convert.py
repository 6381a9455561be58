"""Recordings and observations in other formats."""

import csv
from pathlib import Path

from gaitway import extras, files, observations
from gaitway.errors import RecordingError, UsageError
from gaitway.recording import Recording

#: What a recording becomes: a table of every value, or the rows the policy saw.
TABLES = (".csv", ".parquet")


def convert(source: Path, output: Path) -> int:
    """Writes `source` as the ending of `output` says. Returns the number of rows.

    A recording becomes a table (`.csv`, `.parquet`) or observations (`.npy`, `.pkl`); observations become each other.
    Raises UsageError for what cannot be written so, RecordingError for what cannot be read.
    """
    if output.suffix not in (*TABLES, *observations.ENDINGS):
        endings = ", ".join((*TABLES, *observations.ENDINGS))
        raise UsageError(f"{output}: expected a name that ends in {endings}", hint="the ending says what to write")
    if output.suffix in observations.ENDINGS:
        rows = observations.load(source) if source.suffix in observations.ENDINGS else _observations(source)
        observations.save(output, rows)
        return len(rows)
    if source.suffix in observations.ENDINGS:
        raise UsageError(f"{source}: no recording, its numbers have no names", hint="convert it to .npy or .pkl")
    recording = Recording.load(source)
    write = _write_csv if output.suffix == ".csv" else _write_parquet
    with files.written_whole(output, "table") as beside:
        write(recording, beside)
    return recording.ticks


def _observations(source: Path) -> list[list[float]]:
    """What the policy saw, where it ran."""
    recording = Recording.load(source)
    ran = recording.column("tick.policy.ran")
    width = sum(name.startswith("tick.policy.observation[") for name in recording.columns)
    columns = [recording.column(f"tick.policy.observation[{index}]") for index in range(width)]
    rows = [list(row) for row, has_run in zip(zip(*columns, strict=True), ran, strict=False) if has_run == 1.0]
    if not rows:
        raise RecordingError(f"{source}: the policy never ran", hint="use a recording of a robot that walked")
    return rows


def _write_csv(recording: Recording, path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(recording.columns)
        writer.writerows(zip(*recording.columns.values(), strict=True))


def _write_parquet(recording: Recording, path: Path) -> None:
    pyarrow = extras.load("pyarrow", "parquet")
    parquet = extras.load("pyarrow.parquet", "parquet")
    table = pyarrow.table({name: pyarrow.array(column) for name, column in recording.columns.items()})
    parquet.write_table(table, path)
