"""How the report looks: colours, and axes without clutter."""

from typing import Any

#: A colour for each policy, in their order; they repeat after the last.
COLOURS = ("#1f6f8b", "#e8710a", "#6a4c93", "#3a9d5d", "#c2366b", "#8a6d3b")
BAD = "#b3261e"
INK, FAINT, GRID = "#22303a", "#7b8a93", "#e6ebee"

# What keeps a number readable over a line.
_BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}

#: Settings of the drawing library for the whole report.
RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": "#c3ccd1",
    "axes.labelcolor": FAINT,
    "axes.labelsize": 9,
    "axes.titlesize": 10.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "gaitway",
}


def colour(index: int) -> str:
    """The colour of the policy of this index."""
    return COLOURS[index % len(COLOURS)]


def calm(axis: Any, *, grid: str = "y") -> None:
    """Takes ticks away and lays a faint grid behind."""
    axis.tick_params(length=0)
    axis.grid(True, axis=grid, color=GRID, linewidth=0.9)


def heading(figure: Any, title: str, note: str) -> None:
    """Writes a section's title, and a sentence that says how to read it."""
    height_in = figure.bbox.height / figure.figure.dpi
    figure.text(0.012, 1 - 0.2 / height_in, title, va="center", fontsize=14, fontweight="bold")
    figure.text(0.012, 1 - 0.44 / height_in, note, va="center", fontsize=9.5, color=FAINT)
    # An empty title of three lines is what the layout leaves room for.
    figure.suptitle(" \n \n ", fontsize=10)


def bars(axis: Any, groups: list[str], rows: list[list[float]], *, text: str, bound: float | None = None) -> None:
    """Bars side by side: a group of the x axis for each name, a bar for each policy's row, its value on top."""
    width = 0.78 / len(rows)
    highest = max([*(value for row in rows for value in row), bound or 0.0, 1e-9])
    for index, row in enumerate(rows):
        places = [group + (index - (len(rows) - 1) / 2) * width for group in range(len(groups))]
        axis.bar(places, row, width * 0.9, color=colour(index), zorder=2)
        for place, value in zip(places, row, strict=True):
            label = text.format(value)
            height, ink = value + 0.025 * highest, colour(index)
            axis.text(place, height, label, ha="center", va="bottom", fontsize=8, color=ink, bbox=_BEHIND, zorder=5)
    axis.set_xticks(range(len(groups)), groups)
    axis.set_xlim(-0.6, len(groups) - 0.4)
    axis.set_ylim(0, 1.18 * highest)
    if bound is not None:
        axis.axhline(bound, color=BAD, linewidth=1.1, linestyle=(0, (4, 2)), zorder=3)
        axis.annotate(
            f"limit\n{bound:.3g}",
            (1.0, bound),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=BAD,
        )
    calm(axis)
