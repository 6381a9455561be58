"""The picture of a run: speed, tilt and joint tracking over time."""

from pathlib import Path

import numpy as np

from gaitway import extras, files
from gaitway.colours import ASKED, DID
from gaitway.sim.script import Script
from gaitway.sim.trace import Floats, Trace

_FAINT = "#9bb8c2"
#: Speeds are shown averaged over half a second, one gait: within a step the trunk sways far more than it travels.
_SMOOTH_S = 0.5


def draw_run(
    trace: Trace, script: Script, joint_names: list[str], path: Path, *, title: str, shown: str | None = None
) -> None:
    """Writes a PNG of the run, with goal and angle of the joint `shown`, else of the first. Needs `gaitway[sim]`."""
    matplotlib = extras.load("matplotlib", "sim")
    matplotlib.use("Agg")
    pyplot = extras.load("matplotlib.pyplot", "sim")
    time_s = trace["time_s"]
    figure, axes = pyplot.subplots(6, 1, figsize=(10, 13), sharex=True, height_ratios=[2, 2, 2, 1.4, 2, 3])
    labels = ("forward\nm/s", "left\nm/s", "turning\nrad/s")
    for column, (axis, label) in enumerate(zip(axes, labels, strict=False)):
        measured = trace["velocity"][:, column]
        axis.plot(time_s, measured, color=_FAINT, linewidth=0.5)
        axis.plot(time_s, smooth(measured, time_s), color=DID, label="measured, mean of a gait")
        axis.plot(time_s, trace["command"][:, column], color=ASKED, linestyle="--", label="commanded")
        spread = float(np.abs(trace["command"][:, column]).max())
        axis.set_ylim(*_span(smooth(measured, time_s), spread))
        axis.set_ylabel(label)
    axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.1), frameon=False, ncols=2)
    axes[3].plot(time_s, np.degrees(trace["tilt"]), color=DID)
    axes[3].set_ylabel("tilt\n°")
    axes[3].set_ylim(bottom=0)
    joint = joint_names.index(shown) if shown is not None else 0
    axes[4].plot(time_s, trace["target"][:, joint], color=ASKED, linewidth=0.8, label="goal")
    axes[4].plot(time_s, trace["joint"][:, joint], color=DID, linewidth=0.8, label="joint")
    axes[4].set_ylabel(f"{joint_names[joint]}\nrad")
    axes[4].legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), frameon=False, ncols=2)
    error = np.degrees(np.abs(trace["target"] - trace["joint"])).T
    image = axes[5].imshow(
        error,
        aspect="auto",
        interpolation="nearest",
        extent=(time_s[0], time_s[-1], len(joint_names) - 0.5, -0.5),
        cmap="magma_r",
        vmin=0,
    )
    axes[5].set_yticks(range(len(joint_names)), joint_names, fontsize=8)
    axes[5].set_xlabel("time, s")
    figure.colorbar(image, ax=axes[5], location="bottom", pad=0.2, label="goal − joint, °", shrink=0.5, aspect=40)
    _mark_segments(axes, trace, script)
    figure.suptitle(title)
    figure.tight_layout()
    try:
        with files.written_whole(path, "picture") as beside:
            figure.savefig(beside, dpi=100)
    finally:
        pyplot.close(figure)


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
        for axis in axes[:5]:
            axis.axvline(begin_s, color="0.85", linewidth=0.8, zorder=0)
        axes[0].text(begin_s, 1.02, f" {script.segments[index].name}", transform=axes[0].get_xaxis_transform())
