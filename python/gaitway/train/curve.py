"""A run's learning curve, to read and to look at."""

import csv
import io
from pathlib import Path

from gaitway import extras, files
from gaitway.errors import TrainingError
from gaitway.evaluate.style import COLOURS, RC, calm
from gaitway.train.runs import CURVE, check_folder

#: What is told of each part: the curve's column, its heading, and how many digits.
TOLD = (
    ("error/vx", "error forward, m/s", 3),
    ("error/vy", "sideways, m/s", 3),
    ("error/wz", "turning, rad/s", 3),
    ("falls_per_1000", "falls in 1000 steps", 2),
    ("std", "spread of actions", 2),
)

Row = dict[str, float]


def read(folder: Path) -> list[Row]:
    """The curve of the run in `folder`, a row for each rollout. Raises TrainingError where there is none."""
    if not (folder / CURVE).is_file():
        check_folder(folder)
    text = files.read_text(folder / CURVE, "learning curve")
    try:
        rows = [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text))]
    except ValueError as error:
        raise TrainingError(f"{folder / CURVE}: {error}", hint="only `gaitway train` writes this file") from error
    if not rows or not {"steps", "seconds"} <= rows[-1].keys():
        raise TrainingError(
            f"{folder / CURVE}: expected rollouts with steps and seconds, found {len(rows)} rows",
            hint="only `gaitway train` writes this file",
        )
    return rows


def parts(rows: list[Row], count: int) -> list[Row]:
    """The run in `count` equal parts: means of what is told, and steps and seconds at each part's end."""
    told = []
    for index in range(count):
        part = rows[len(rows) * index // count : len(rows) * (index + 1) // count]
        if part:
            row = {"steps": part[-1]["steps"], "seconds": part[-1]["seconds"]}
            told.append(row | {name: _mean(part, name) for name, *_ in TOLD if any(name in one for one in part)})
    return told


def _mean(rows: list[Row], name: str) -> float:
    values = [row[name] for row in rows if name in row]
    return sum(values) / len(values)


def draw(rows: list[Row], path: Path) -> None:
    """Tracking errors and falls over the steps, as a picture."""
    extras.load("matplotlib", "sim").use("Agg")
    pyplot = extras.load("matplotlib.pyplot", "sim")
    smooth = parts(rows, min(len(rows), 200))
    with pyplot.rc_context(RC):
        figure, axes = pyplot.subplots(1, 4, figsize=(13, 3.2), layout="constrained")
        for axis, (name, title, _), colour in zip(axes, TOLD, COLOURS, strict=False):
            known = [row for row in smooth if name in row]
            axis.plot([row["steps"] / 1e6 for row in known], [row[name] for row in known], color=colour, linewidth=1.5)
            axis.set(title=title, xlabel="million steps", ylim=(0, None))
            calm(axis)
        minutes = rows[-1]["seconds"] / 60
        axes[-1].annotate(f"{minutes:.0f} min", (0.98, 0.95), xycoords="axes fraction", ha="right", va="top")
        with files.written_whole(path, "picture") as beside:
            figure.savefig(beside, format="png", dpi=110)
        pyplot.close(figure)
