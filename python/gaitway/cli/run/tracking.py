"""The table of how well each axis of a command was followed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def tracking_table(tracking: dict[str, Any]) -> "Table":
    """A row for each axis: the median and the worst error once it had settled, and the segment of the worst."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "axis", "unit", "error p50", "worst", "worst in", "commanded → measured",
        caption="commanded less what truly happened, each segment's first second and its way there left out",
    )  # fmt: skip
    for axis, row in tracking.items():
        settled = [segment for segment in row["segments"] if segment["worst"] is not None]
        worst = max(settled, key=lambda segment: float(segment["worst"]), default=None)
        if worst is None:
            table.add_row(escape(axis), escape(row["unit"]), "-", "-", "no segment was long enough", "")
            continue
        pair = f"{worst['commanded']:+.3f} → {worst['measured']:+.3f}"
        table.add_row(
            escape(axis), escape(row["unit"]), f"{row['p50']:.4f}", f"{row['worst']:.4f}", escape(worst["name"]), pair
        )
    return table
