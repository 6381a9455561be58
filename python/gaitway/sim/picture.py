"""The picture of a run: speed, tilt and joint tracking over time; of what it has none there is no row."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gaitway import extras, files
from gaitway.colours import ASKED, DID
from gaitway.command import VELOCITY_AXES, by_unit
from gaitway.robot import Robot
from gaitway.script import Script
from gaitway.sim.trace import Floats, Trace

_FAINT = "#9bb8c2"
#: Speeds are shown averaged over half a second, one gait: within a step the trunk sways far more than it travels.
_SMOOTH_S = 0.5


def draw_run(trace: Trace, script: Script, robot: Robot, path: Path, *, title: str, shown: str | None = None) -> None:
    """Writes a PNG of the run, with goal and angle of the joint `shown`, else of the first. Needs `gaitway[sim]`."""
    joint_names = robot.joint_names
    matplotlib = extras.load("matplotlib", "sim")
    matplotlib.use("Agg")
    pyplot = extras.load("matplotlib.pyplot", "sim")
    time_s = trace["time_s"]
    speeds = [axis for axis in VELOCITY_AXES if axis in robot.command_axes]
    others = [(unit, columns) for unit, columns in by_unit(robot.command_axes).items() if _any(trace, columns.values())]
    # What is fixed to the ground never tilts.
    tilts = bool(np.any(trace["tilt"]))
    last = [1.4] * tilts + [2.0, max(2.0, 0.27 * len(joint_names))]
    heights = [2.0] * (len(speeds) + len(others)) + last
    figure, axes = pyplot.subplots(
        len(heights), 1, figsize=(10, 1.05 * sum(heights)), sharex=True, height_ratios=heights
    )
    for axis, name in zip(axes, speeds, strict=False):
        _draw_speed(axis, trace, VELOCITY_AXES.index(name))
    for axis, (unit, columns) in zip(axes[len(speeds) :], others, strict=False):
        for name, column in columns.items():
            axis.plot(time_s, trace["command"][:, column], linestyle="--", label=name)
        axis.set_ylabel(f"commanded\n{unit}")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), frameon=False, ncols=4)
    if speeds:
        axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.1), frameon=False, ncols=2)
    if tilts:
        axes[-3].plot(time_s, np.degrees(trace["tilt"]), color=DID)
        axes[-3].set_ylabel("tilt\n°")
        axes[-3].set_ylim(bottom=0)
    joint_axis, error_axis = axes[-2:]
    joint = joint_names.index(shown) if shown is not None else 0
    joint_axis.plot(time_s, trace["target"][:, joint], color=ASKED, linewidth=0.8, label="goal")
    joint_axis.plot(time_s, trace["joint"][:, joint], color=DID, linewidth=0.8, label="joint")
    joint_axis.set_ylabel(f"{joint_names[joint]}\nrad")
    joint_axis.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), frameon=False, ncols=2)
    error = np.degrees(np.abs(trace["target"] - trace["joint"])).T
    image = error_axis.imshow(
        error,
        aspect="auto",
        interpolation="nearest",
        extent=(time_s[0], time_s[-1], len(joint_names) - 0.5, -0.5),
        cmap="magma_r",
        vmin=0,
    )
    error_axis.set_yticks(range(len(joint_names)), joint_names, fontsize=8)
    error_axis.set_xlabel("time, s")
    figure.colorbar(
        image, ax=error_axis, location="bottom", pad=0.9 / heights[-1], label="goal − joint, °", shrink=0.5, aspect=40
    )
    _mark_segments(axes, trace, script)
    figure.suptitle(title)
    figure.tight_layout()
    try:
        with files.written_whole(path, "picture") as beside:
            figure.savefig(beside, dpi=100)
    finally:
        pyplot.close(figure)


def _draw_speed(axis: Any, trace: Trace, index: int) -> None:
    """Asked and measured velocity of the trunk along one axis."""
    time_s, measured, asked = trace["time_s"], trace["velocity"][:, index], trace.asked_velocity()[:, index]
    axis.plot(time_s, measured, color=_FAINT, linewidth=0.5)
    axis.plot(time_s, smooth(measured, time_s), color=DID, label="measured, mean of a gait")
    axis.plot(time_s, asked, color=ASKED, linestyle="--", label="commanded")
    axis.set_ylim(*_span(smooth(measured, time_s), float(np.abs(asked).max())))
    axis.set_ylabel(("forward\nm/s", "left\nm/s", "turning\nrad/s")[index])


def _any(trace: Trace, columns: Iterable[int]) -> bool:
    """Whether anything was asked for in these columns of the command."""
    return bool(np.any(trace["command"][:, list(columns)]))


def smooth(values: Floats, time_s: Floats) -> Floats:
    """Centred mean over half a second."""
    ticks = max(1, round(_SMOOTH_S / (time_s[1] - time_s[0]))) if len(time_s) > 1 else 1
    ones = np.ones(min(ticks, len(values)))
    mean: Floats = np.convolve(values, ones, mode="same") / np.convolve(np.ones(len(values)), ones, mode="same")
    return mean


def _span(values: Floats, least: float) -> tuple[float, float]:
    """Limits of an axis that shows `values` and ±`least`, with a margin."""
    reach = max(least, float(np.nanmax(np.abs(values), initial=0.0)), 0.05)
    return (-1.25 * reach, 1.25 * reach)


def _mark_segments(axes: "np.ndarray[tuple[int], np.dtype[np.object_]]", trace: Trace, script: Script) -> None:
    starts = np.flatnonzero(np.diff(trace["segment"], prepend=-1))
    for start in starts:
        begin_s, index = trace["time_s"][start], int(trace["segment"][start])
        for axis in axes[:-1]:
            axis.axvline(begin_s, color="0.85", linewidth=0.8, zorder=0)
        axes[0].text(begin_s, 1.02, f" {script.segments[index].name}", transform=axes[0].get_xaxis_transform())
