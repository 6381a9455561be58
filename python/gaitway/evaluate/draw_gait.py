"""Sections of the report: how well commands are followed."""

from typing import Any

from gaitway.evaluate.style import FAINT, bars, calm, colour, heading

Policies = list[dict[str, Any]]
#: Bounds of acceptance criteria, by the path of their figure.
Bounds = dict[str, float]

_UNITS = {"vx": "forward, m/s", "vy": "sideways, m/s", "wz": "turning, rad/s"}


def draw_tracking(figure: Any, policies: Policies, bounds: Bounds) -> None:
    """Mean errors by axis and model."""
    heading(
        figure,
        "Tracking",
        "Mean error of the trunk's mean velocity over the grid of commands, with sensor noise, on both models.",
    )
    models = list(policies[0]["parts"]["tracking"])
    for axis, name in zip(figure.subplots(1, 3), _UNITS, strict=True):
        rows = [[policy["parts"]["tracking"][model]["error"][name] for model in models] for policy in policies]
        limits = {bounds.get(f"tracking/{model}/error/{name}") for model in models}
        bars(axis, models, rows, text="{:.3f}", bound=limits.pop() if len(limits) == 1 else None)
        axis.set_title(_UNITS[name])


def draw_steps(figure: Any, policies: Policies, _: Bounds) -> None:
    """Responses to a step of the command."""
    heading(
        figure,
        "Command steps",
        "Out of standing into a command, and back: mean over steps at all phases of the gait. Dashed: the command.",
    )
    names = list(policies[0]["parts"]["steps"])
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for index, policy in enumerate(policies):
            step = policy["parts"]["steps"][name]
            axis.plot(step["time_s"], step["velocity"], color=colour(index), linewidth=1.8)
            words = _step_words(step)
            place = (0.985, 0.97 - 0.085 * index)
            axis.annotate(words, place, xycoords="axes fraction", ha="right", va="top", fontsize=8, color=colour(index))
        asked = policies[0]["parts"]["steps"][name]
        held = [asked["command"] if 0 <= time_s < 3.0 else 0.0 for time_s in asked["time_s"]]
        axis.plot(asked["time_s"], held, color=FAINT, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        top = max(asked["command"], *(max(policy["parts"]["steps"][name]["velocity"]) for policy in policies))
        axis.set_ylim(top=top * (1.12 + 0.1 * len(policies)))
        axis.set_title(_UNITS[name])
        axis.set_xlabel("s after the step")
        calm(axis)


def _step_words(step: dict[str, Any]) -> str:
    rise = "never gets there" if step["rise_s"] is None else f"rise {step['rise_s']:.2f} s"
    over = "" if step["overshoot"] is None else f", overshoot {step['overshoot']:.0%}"
    stop = "" if step["stop_s"] is None else f", stops in {step['stop_s']:.2f} s"
    return f"{rise}{over}{stop}"


def draw_heads(figure: Any, policies: Policies, bounds: Bounds) -> None:
    """Errors of the head's joints."""
    heading(figure, "Head", "Mean error of the head's joints over head commands, standing and walking.")
    models = list(policies[0]["parts"]["heads"])
    for axis, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
        errors = [policy["parts"]["heads"][model]["error_by_axis_rad"] for policy in policies]
        limits = {bounds.get(f"heads/{model}/error_by_axis_rad/{name}") for name in errors[0]}
        bars(
            axis,
            [name.replace("_", " ") for name in errors[0]],
            [[*row.values()] for row in errors],
            text="{:.3f}",
            bound=limits.pop() if len(limits) == 1 else None,
        )
        axis.set_title(f"{model} model, rad")
