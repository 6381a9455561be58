"""Sections of the report: what walking costs, and how near the servos' limits it goes."""

from typing import Any

from gaitway.evaluate.draw_gait import Bounds, Policies
from gaitway.evaluate.style import bars, colour, heading

# Figure, title, and format; on the first model.
_COSTS = (
    ("action_change", "action change\na tick", "{:.3f}"),
    ("action_second_change", "second change\nof the action", "{:.3f}"),
    ("torque_rms_nm", "torque,\nrms N·m", "{:.2f}"),
    ("energy_per_metre_j", "energy,\nJ per metre", "{:.0f}"),
    ("slip_mps", "slip of loaded\nsoles, m/s", "{:.3f}"),
)
# Figure, title, and the shares drawn palest and darkest.
_MARGINS = (
    ("torque_p99", "torque, %", 0.2, 1.15),
    ("speed_p99", "speed, %", 0.2, 1.15),
    ("torque_saturated", "time at the greatest torque, %", 0.0, 0.3),
)


def draw_costs(figure: Any, policies: Policies, bounds: Bounds) -> None:
    """Smoothness, torque, energy and slip."""
    model = next(iter(policies[0]["parts"]["tracking"]))
    heading(
        figure, "Load on the servos", f"Over the grid of commands, on the {model} model. Less is better everywhere."
    )
    axes = figure.subplots(1, len(_COSTS))
    for axis, (name, title, text) in zip(axes, _COSTS, strict=True):
        values = [policy["parts"]["tracking"][model]["effort"][name] for policy in policies]
        rows = [[0.0 if value is None else value] for value in values]
        bars(axis, [""], rows, text=text, bound=bounds.get(f"tracking/{model}/effort/{name}"))
        axis.set_title(title)
        axis.set_yticklabels([])


def draw_margins(figure: Any, policies: Policies, _: Bounds) -> None:
    """Torque and speed of each joint against what the servo has."""
    heading(
        figure,
        "Margins of the servos",
        "Torque and speed that 99 % of the time stay below in the hardest command, as shares of the greatest torque "
        "and the speed without load; and the time spent at the greatest torque, over all commands.",
    )
    model = next(iter(policies[0]["parts"]["tracking"]))
    axes = figure.subplots(len(_MARGINS), 1, sharex=True)
    for axis, (name, title, palest, darkest) in zip(axes, _MARGINS, strict=True):
        efforts = [policy["parts"]["tracking"][model]["effort"] for policy in policies]
        shares = [effort[name] for effort in efforts]
        axis.imshow(shares, cmap="YlOrRd", vmin=palest, vmax=darkest, aspect="auto")
        for row, values in enumerate(shares):
            for column, share in enumerate(values):
                ink = "white" if share > palest + 0.6 * (darkest - palest) else "#22303a"
                axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=9.5, color=ink)
        axis.set_title(title)
        axis.set_yticks(range(len(policies)), [policy["name"] for policy in policies])
        for label, index in zip(axis.get_yticklabels(), range(len(policies)), strict=True):
            label.set_color(colour(index))
        joints = [joint.replace("_", " ").replace(" ", "\n", 1) for joint in efforts[0]["joints"]]
        axis.set_xticks(range(len(joints)), joints, fontsize=8.5)
        axis.set_xticks([place - 0.5 for place in range(1, len(joints))], minor=True)
        axis.set_yticks([place - 0.5 for place in range(1, len(policies))], minor=True)
        axis.grid(which="minor", color="white", linewidth=2)
        axis.tick_params(which="both", length=0)
        axis.spines[:].set_visible(False)
