"""`gaitway plot`: a recording as one picture."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.colours import ASKED, DID
from gaitway.command import by_unit

if TYPE_CHECKING:
    from gaitway.recording import Recording

#: Fills a panel.
Fill = Callable[["Recording", Any], None]

#: Colours of the states, behind everything.
_STATES = {
    "limp": "#e8e8e8",
    "aligning": "#fdf0cf",
    "ready": "#dff0e2",
    "running": "#ffffff",
    "holding": "#fbdcd6",
    "fallen": "#fbdcd6",
}
#: More points than this tell no more on a page.
_POINTS = 4000
#: What a trunk sways in a stride is no speed, s.
_SMOOTH_S = 0.54


def plot(
    recording: Annotated[Path | None, typer.Argument(help="Recording, .mcap (default: the newest recording).")] = None,
    output: Annotated[Path, typer.Option("-o", "--out", help="Picture to write, .png.")] = Path("recording.png"),
) -> None:
    """Draw a recording over time: command, tilt, joints against goals, ages, timings, servos, states, faults."""
    from gaitway.cli.record.record import the_newest
    from gaitway.errors import UsageError
    from gaitway.recording import Recording

    if output.suffix != ".png":
        raise UsageError(f"{output}: expected a name that ends in .png", hint="name the picture with its ending")
    draw(Recording.load(recording or the_newest()), output)
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
    panels = list(_panels(recording))
    top, rows = 1 + len(panels), (len(names) + 1) // 2
    with pyplot.rc_context(RC | {"axes.prop_cycle": pyplot.cycler(color=COLOURS)}):
        figure = pyplot.figure(figsize=(14, 2.0 * top + 1.4 * rows), layout="constrained")
        grid = figure.add_gridspec(top + rows, 2, height_ratios=[0.7] + [1.6] * len(panels) + [1.0] * rows)
        _name_events(recording, figure.add_subplot(grid[0, :]))
        for row, (title, fill) in enumerate(panels):
            axis = figure.add_subplot(grid[1 + row, :])
            fill(recording, axis)
            _mark_states(recording, axis)
            axis.set_title(title, loc="left")
            axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=6, frameon=False)
        for index, name in enumerate(names):
            _draw_joint(recording, figure.add_subplot(grid[top + index // 2, index % 2]), index, name)
        for axis in figure.axes[1:]:
            calm(axis)
        for axis in figure.axes[-2:]:
            axis.set_xlabel("s")
        figure.suptitle(_title(recording), ha="left", x=0.01)
        with files.written_whole(path, "picture") as beside:
            figure.savefig(beside, format="png", dpi=80)
        pyplot.close(figure)


def _title(recording: "Recording") -> str:
    notes = recording.notes
    what = f"{notes.get('robot', '?')}, {notes.get('contract', '?')}: {recording.seconds[-1]:.1f} s"
    dropped = int(recording.column("tick.dropped")[-1])
    return f"{recording.path.name}: {what}, {recording.ticks} ticks, {dropped} dropped"


def _draw_speed(recording: "Recording", axis: Any, index: int, truth: str) -> None:
    """What was commanded, and where a simulator knows, how the trunk moved."""
    _line(recording, axis, f"tick.command[{index}]", "commanded", color=ASKED, linestyle="--")
    if truth in recording.columns:
        speed = _smooth(recording.column(truth), recording.seconds)
        axis.plot(recording.seconds, speed, color=DID, linewidth=0.9, label=f"measured, mean of {_SMOOTH_S:g} s")


def _draw_command(recording: "Recording", axis: Any, columns: dict[str, int]) -> None:
    """What was commanded along axes of one unit."""
    for name, column in columns.items():
        _line(recording, axis, f"tick.command[{column}]", name.replace("_", " "))


def _draw_tilt(recording: "Recording", axis: Any) -> None:
    _line(recording, axis, "tick.policy.tilt_rad", "tilt, °", 57.29578)


def _draw_ages(recording: "Recording", axis: Any) -> None:
    _draw_worst(recording, axis, "tick.joint_age_s", "oldest joint, ms", 1e3)
    # A robot without an IMU has no age of one.
    if any(age == age for age in recording.column("tick.imu_age_s")):
        _line(recording, axis, "tick.imu_age_s", "IMU, ms", 1e3)


def _draw_times(recording: "Recording", axis: Any) -> None:
    for name, what in (("lateness_ns", "late"), ("read_ns", "read"), ("compute_ns", "compute"), ("tick_ns", "tick")):
        _line(recording, axis, f"tick.{name}", f"{what}, µs", 1e-3)
    axis.set_yscale("log")


def _draw_temperature(recording: "Recording", axis: Any) -> None:
    _draw_worst(recording, axis, "servo.temperature_c", "hottest servo, °C")


def _draw_supply(recording: "Recording", axis: Any) -> None:
    _draw_worst(recording, axis, "servo.voltage_v", "lowest at any servo, V", lowest=True)


def _smooth(values: "array[float]", seconds: "array[float]") -> list[float]:
    """Means over about a stride, within which a trunk sways."""
    half = max(1, round(0.5 * _SMOOTH_S * len(values) / max(seconds[-1], 1e-3)))
    windows = (values[max(0, index - half) : index + half + 1] for index in range(len(values)))
    return [sum(window) / len(window) for window in windows]


#: Title, columns of which one must tell something, and who draws it. What shares an axis shares a unit.
_PANELS: tuple[tuple[str, tuple[str, ...], Fill], ...] = (
    ("Tilt", ("tick.policy.tilt_rad",), _draw_tilt),
    ("Age of readings", ("tick.joint_age_s[0]",), _draw_ages),
    ("Timing", ("tick.tick_ns",), _draw_times),
    ("Temperature", ("servo.temperature_c[0]",), _draw_temperature),
    ("Supply", ("servo.voltage_v[0]",), _draw_supply),
)
#: Title and truth of each velocity of the trunk.
_SPEEDS = {
    "vx": ("Forward, m/s", "tick.truth.velocity_mps[0]"),
    "vy": ("Leftward, m/s", "tick.truth.velocity_mps[1]"),
    "wz": ("Turning, rad/s", "tick.truth.yaw_rate_rps"),
}


def _panels(recording: "Recording") -> Iterator[tuple[str, Fill]]:
    """Titles and who draws below them; none that would be empty."""
    asked = [any(recording.column(f"tick.command[{index}]")) for index in range(len(recording.command_axes))]
    for index, axis in enumerate(recording.command_axes):
        title, truth = _SPEEDS.get(axis, ("", ""))
        if title and (asked[index] or any(recording.column(truth))):
            yield title, partial(_draw_speed, index=index, truth=truth)
    for unit, axes in by_unit(recording.command_axes).items():
        if any(asked[column] for column in axes.values()):
            yield f"Command, {unit}", partial(_draw_command, columns=axes)
    for title, columns, fill in _PANELS:
        row = (recording.column(key) for key in columns if key in recording.columns)
        if any(number == number and number != 0 for numbers in row for number in numbers):
            yield title, fill


def _draw_joint(recording: "Recording", axis: Any, index: int, name: str) -> None:
    _line(recording, axis, f"tick.goal_rad[{index}]", "goal", color=ASKED)
    _line(recording, axis, f"tick.joint_position_rad[{index}]", "joint", color=DID)
    axis.set_title(f"{name.replace('_', ' ')}, rad", loc="left")
    if index == 0:
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, frameon=False)
    _mark_states(recording, axis)


def _line(recording: "Recording", axis: Any, name: str, label: str, factor: float = 1.0, **style: Any) -> None:
    values = recording.column(name)
    step = max(1, len(values) // _POINTS)
    # A recording in which the policy never ran has no column of its own.
    seconds = recording.seconds[: len(values) : step]
    axis.plot(seconds, [factor * value for value in values[::step]], label=label, linewidth=0.9, **style)


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


def _mark_states(recording: "Recording", axis: Any) -> None:
    seconds = recording.seconds
    for begin, end, state in recording.spans("tick.state"):
        axis.axvspan(seconds[begin], seconds[end], color=_STATES.get(state, "#ffffff"), zorder=0, linewidth=0)
    axis.set_xlim(seconds[0], max(seconds[-1], 1e-3))


def _name_events(recording: "Recording", axis: Any) -> None:
    """States and faults by name, where they begin; names of short ones give way to each other."""
    _mark_states(recording, axis)
    for name, colour, heights in (
        ("tick.state", "#555555", (0.05, 0.25, 0.45)),
        ("tick.fault", "#b3261e", (0.65, 0.82)),
    ):
        texts = [span for span in recording.spans(name) if span[2]]
        for index, (begin, _, text) in enumerate(texts):
            place = (recording.seconds[begin], heights[index % len(heights)])
            axis.annotate(
                text, place, xycoords=axis.get_xaxis_transform(), color=colour, fontsize=9, annotation_clip=False
            )
    axis.set_title("State and gravest fault", loc="left")
    axis.set_yticks([])
