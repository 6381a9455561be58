"""Sections of the report: what throws the robot over, and what makes it walk worse."""

import math
from typing import Any

from gaitway.evaluate.battery import NAMED_SWEEPS, SWEEP_AXES
from gaitway.evaluate.draw_gait import Bounds, Policies
from gaitway.evaluate.style import BAD, FAINT, GRID, calm, colour, heading

_SWEEP_COLUMNS = 4


def draw_pushes(figure: Any, policies: Policies, _: Bounds) -> None:
    """Falls by the speed of pushes."""
    first = policies[0]["parts"]["pushes"]
    panels = [(model, gait) for model in first for gait in first[model]]
    runs = next(iter(first[panels[0][0]][panels[0][1]].values()))["runs"]
    heading(
        figure,
        "Pushes",
        f"Share of runs that end in a fall, and the interval in which it lies with 95 %: {runs} paired runs a point.",
    )
    for axis, (model, gait) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        speeds = list(first[model][gait])
        for index, policy in enumerate(policies):
            rates = [policy["parts"]["pushes"][model][gait][speed] for speed in speeds]
            places = [place + (index - (len(policies) - 1) / 2) * 0.12 for place in range(len(speeds))]
            shares = [100 * rate["share"] for rate in rates]
            reach = [[100 * abs(rate["share"] - rate["interval"][end]) for rate in rates] for end in (0, 1)]
            axis.errorbar(
                places, shares, yerr=reach, color=colour(index), marker="o", markersize=7, linewidth=1.4, capsize=3
            )
            for place, share in zip(places, shares, strict=True):
                side = -1 if index % 2 == 0 and len(policies) > 1 else 1
                axis.annotate(
                    f"{share:.0f} %",
                    (place, share),
                    xytext=(side * 9, 0),
                    textcoords="offset points",
                    ha="right" if side < 0 else "left",
                    va="center",
                    fontsize=8.5,
                    color=colour(index),
                )
        axis.set_xticks(range(len(speeds)), [f"{speed} m/s" for speed in speeds])
        axis.set_xlim(-0.5, len(speeds) - 0.5)
        axis.set_ylim(-4, 106)
        axis.set_title(f"{gait}, {model} model")
        axis.set_ylabel("falls, %")
        calm(axis)


def draw_starts(figure: Any, policies: Policies, _: Bounds) -> None:
    """Falls without pushes."""
    heading(figure, "Left alone", "Falls in runs without pushes, by start and model.")
    first = policies[0]["parts"]["falls"]
    places = [(model, start) for model in first for start in first[model]]
    axis = figure.subplots()
    for index, policy in enumerate(policies):
        for place, (model, start) in enumerate(places):
            rate = policy["parts"]["falls"][model][start]
            fell = rate["falls"] > 0
            axis.text(
                place,
                -index,
                f"{rate['falls']} of {rate['runs']}",
                ha="center",
                va="center",
                fontsize=12,
                color="white" if fell else colour(index),
                fontweight="bold",
                bbox={"boxstyle": "round,pad=0.5", "facecolor": BAD if fell else GRID, "edgecolor": "none"},
            )
    axis.set_xticks(range(len(places)), [f"{start} start\n{model}" for model, start in places])
    axis.set_yticks([-index for index in range(len(policies))], [policy["name"] for policy in policies])
    for label, index in zip(axis.get_yticklabels(), range(len(policies)), strict=True):
        label.set_color(colour(index))
    axis.set_xlim(-0.5, len(places) - 0.5)
    axis.set_ylim(-len(policies) + 0.4, 0.6)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def draw_sweeps(figure: Any, policies: Policies, _: Bounds) -> None:
    """Errors over what varies by number."""
    names = [name for name in SWEEP_AXES if name in policies[0]["parts"]]
    heading(
        figure,
        "Changed physics",
        "Error of the mean velocity along the ground, m/s, as one thing changes. A cross: the share of runs that fell.",
    )
    rows = math.ceil(len(names) / _SWEEP_COLUMNS)
    axes = figure.subplots(rows, _SWEEP_COLUMNS, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        points = policies[0]["parts"][name]["points"]
        for index, policy in enumerate(policies):
            _line(axis, index, policy["parts"][name]["points"])
        axis.set_xticks(range(len(points)), [point["point"] for point in points])
        axis.set_title(SWEEP_AXES[name])
        axis.set_ylim(bottom=0)
        axis.margins(x=0.08, y=0.2)
        calm(axis)
    for axis in axes[len(names) :]:
        axis.set_axis_off()


def _line(axis: Any, index: int, points: list[dict[str, Any]]) -> None:
    errors = [_ground_error(point) for point in points]
    axis.plot(range(len(points)), errors, color=colour(index), marker="o", markersize=5, linewidth=1.6)
    for place, (point, error) in enumerate(zip(points, errors, strict=True)):
        if point["falls"]["falls"]:
            axis.plot(place, error, marker="X", markersize=9, color=BAD, markeredgecolor="white", zorder=4)
            share = f"{100 * point['falls']['share']:.0f} %"
            axis.annotate(
                share, (place, error), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=8, color=BAD
            )


def draw_named(figure: Any, policies: Policies, _: Bounds) -> None:
    """Errors over what varies by name."""
    titles = {"feet": "foot switches", "heldout": "physics no policy was trained in"}
    names = [name for name in NAMED_SWEEPS if name in policies[0]["parts"]]
    heading(
        figure,
        "Broken switches and held-out physics",
        "The same errors, m/s. A cross: some runs fell.",
    )
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        points = policies[0]["parts"][name]["points"]
        for index, policy in enumerate(policies):
            _dots(axis, index, len(policies), policy["parts"][name]["points"])
        axis.set_yticks([-place for place in range(len(points))], [point["point"] for point in points])
        axis.tick_params(axis="y", labelsize=9.5, labelcolor=FAINT)
        axis.set_xlim(left=0)
        axis.margins(x=0.15)
        axis.set_title(titles[name])
        calm(axis, grid="x")


def _dots(axis: Any, index: int, policies: int, points: list[dict[str, Any]]) -> None:
    for place, point in enumerate(points):
        height, error = -place + ((policies - 1) / 2 - index) * 0.22, _ground_error(point)
        axis.plot([0, error], [height, height], color=colour(index), linewidth=2.2, alpha=0.35, solid_capstyle="butt")
        axis.plot(error, height, marker="o", markersize=7, color=colour(index))
        words = f"{error:.3f}"
        if point["falls"]["falls"]:
            axis.plot(error, height, marker="X", markersize=9, color=BAD, markeredgecolor="white", zorder=4)
            words += f", {100 * point['falls']['share']:.0f} % fell"
        axis.annotate(
            words,
            (error, height),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour(index),
        )


def _ground_error(point: dict[str, Any]) -> float:
    return math.hypot(point["error"]["vx"], point["error"]["vy"])
