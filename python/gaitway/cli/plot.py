"""`gaitway plot`: a recording as one picture."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gaitway.recording import Recording

#: Colours of the states, behind everything.
_STATES = {
    "limp": "#e8e8e8",
    "aligning": "#fdf0cf",
    "ready": "#dff0e2",
    "running": "#ffffff",
    "holding": "#fbdcd6",
}
#: More points than this tell no more on a page.
_POINTS = 4000


def plot(
    recording: Annotated[Path, typer.Argument(help="Recording, .mcap.")],
    output: Annotated[Path, typer.Option("-o", "--out", help="Picture to write, .png.")] = Path("recording.png"),
) -> None:
    """Draws a recording over the time: command, tilt, joints against goals, ages, timings, servos, states, faults."""
    from gaitway.errors import UsageError
    from gaitway.recording import Recording

    if output.suffix != ".png":
        raise UsageError(f"{output}: expected a name that ends in .png", hint="name the picture with its ending")
    draw(Recording.load(recording), output)
    typer.echo(f"{output}: look at it")


def draw(recording: "Recording", path: Path) -> None:
    """Writes the picture."""
    from gaitway import extras, files
    from gaitway.errors import RecordingError
    from gaitway.evaluate.style import COLOURS, RC, calm

    if not recording.ticks:
        raise RecordingError(f"{recording.path}: no tick", hint="it was cut before the first one was written")
    extras.load("matplotlib", "sim").use("Agg")
    pyplot = extras.load("matplotlib.pyplot", "sim")
    names = recording.joint_names
    rows = (len(names) + 1) // 2
    with pyplot.rc_context(RC | {"axes.prop_cycle": pyplot.cycler(color=COLOURS)}):
        figure = pyplot.figure(figsize=(14, 12 + 1.3 * rows), layout="constrained")
        grid = figure.add_gridspec(6 + rows, 2, height_ratios=[0.7] + [1.6] * 5 + [1.0] * rows)
        _name_events(recording, figure.add_subplot(grid[0, :]))
        _draw_top(recording, [figure.add_subplot(grid[1 + row, :]) for row in range(5)])
        for index, name in enumerate(names):
            _draw_joint(recording, figure.add_subplot(grid[6 + index // 2, index % 2]), index, name)
        for axis in figure.axes[1:]:
            calm(axis)
        figure.suptitle(_title(recording), ha="left", x=0.01)
        with files.written_whole(path, "picture") as beside:
            figure.savefig(beside, format="png", dpi=80)
        pyplot.close(figure)


def _title(recording: "Recording") -> str:
    notes = recording.notes
    what = f"{notes.get('robot', '?')}, {notes.get('contract', '?')}: {recording.seconds[-1]:.1f} s"
    dropped = int(recording.column("tick.dropped")[-1])
    return f"{recording.path.name}: {what}, {recording.ticks} ticks, {dropped} dropped"


def _draw_top(recording: "Recording", axes: list[Any]) -> None:
    command, tilt, ages, times, servos = axes
    for index, name in enumerate(("forward, m/s", "leftward, m/s", "turning, rad/s")):
        _line(recording, command, f"tick.command[{index}]", name)
    _line(recording, tilt, "tick.policy.tilt_rad", "tilt, °", 57.29578)
    _draw_worst(recording, ages, "tick.joint_age_s", "oldest joint, ms", 1e3)
    _line(recording, ages, "tick.imu_age_s", "IMU, ms", 1e3)
    for name, what in (("lateness_ns", "late"), ("read_ns", "read"), ("compute_ns", "compute"), ("tick_ns", "tick")):
        _line(recording, times, f"tick.{name}", f"{what}, µs", 1e-3)
    times.set_yscale("log")
    _draw_worst(recording, servos, "servo.temperature_c", "hottest servo, °C")
    _draw_worst(recording, servos, "servo.voltage_v", "lowest supply, V", lowest=True)
    titles = ("Command", "Tilt", "Age of what was known", "Timing", "Servos")
    for axis, title in zip(axes, titles, strict=True):
        _mark_states(recording, axis)
        axis.set_title(title, loc="left")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=4, frameon=False)


def _draw_joint(recording: "Recording", axis: Any, index: int, name: str) -> None:
    _line(recording, axis, f"tick.goal_rad[{index}]", "goal")
    _line(recording, axis, f"tick.joint_position_rad[{index}]", "angle")
    axis.set_title(f"{name.replace('_', ' ')}, rad", loc="left")
    if index == 0:
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, frameon=False)
    _mark_states(recording, axis)


def _line(recording: "Recording", axis: Any, name: str, label: str, factor: float = 1.0) -> None:
    values = recording.column(name)
    step = max(1, len(values) // _POINTS)
    # A recording in which the policy never ran has no column of its own.
    seconds = recording.seconds[: len(values) : step]
    axis.plot(seconds, [factor * value for value in values[::step]], label=label, linewidth=0.9)


def _draw_worst(
    recording: "Recording", axis: Any, name: str, label: str, factor: float = 1.0, *, lowest: bool = False
) -> None:
    """The largest of a row's values, or the smallest; infinite where one is not known."""
    columns: Iterable[Any] = [column for key, column in recording.columns.items() if key.startswith(f"{name}[")]
    worst = min if lowest else max
    values = [
        factor * worst((one for one in row if one == one), default=float("nan")) for row in zip(*columns, strict=True)
    ]
    step = max(1, len(values) // _POINTS)
    axis.plot(recording.seconds[: len(values) : step], values[::step], label=label, linewidth=0.9)


def _spans(texts: list[str]) -> list[tuple[int, int, str]]:
    """Where equal texts begin and end."""
    spans, begin = [], 0
    for index in range(1, len(texts) + 1):
        if index == len(texts) or texts[index] != texts[begin]:
            spans.append((begin, index - 1, texts[begin]))
            begin = index
    return spans


def _mark_states(recording: "Recording", axis: Any) -> None:
    seconds = recording.seconds
    for begin, end, state in _spans(list(map(str, recording.columns["tick.state"]))):
        axis.axvspan(seconds[begin], seconds[end], color=_STATES.get(state, "#ffffff"), zorder=0, linewidth=0)
    axis.set_xlim(seconds[0], max(seconds[-1], 1e-3))


def _name_events(recording: "Recording", axis: Any) -> None:
    """States and faults by name, where they begin; names of short ones give way to each other."""
    _mark_states(recording, axis)
    for name, colour, heights in (
        ("tick.state", "#555555", (0.05, 0.25, 0.45)),
        ("tick.fault", "#b3261e", (0.65, 0.82)),
    ):
        texts = [span for span in _spans(list(map(str, recording.columns.get(name, [])))) if span[2]]
        for index, (begin, _, text) in enumerate(texts):
            place = (recording.seconds[begin], heights[index % len(heights)])
            axis.annotate(
                text, place, xycoords=axis.get_xaxis_transform(), color=colour, fontsize=9, annotation_clip=False
            )
    axis.set_title("State and gravest fault", loc="left")
    axis.set_yticks([])
