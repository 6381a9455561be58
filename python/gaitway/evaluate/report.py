"""The report: the result as pictures, in one HTML page that needs nothing else, or one PNG."""

import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaitway import extras, files
from gaitway.errors import UsageError
from gaitway.evaluate.acceptance import Criterion
from gaitway.evaluate.battery import NAMED_SWEEPS, SWEEP_AXES
from gaitway.evaluate.draw_cost import draw_costs, draw_margins
from gaitway.evaluate.draw_gait import Bounds, Policies, draw_heads, draw_steps, draw_tracking
from gaitway.evaluate.draw_limits import draw_named, draw_pushes, draw_starts, draw_sweeps
from gaitway.evaluate.style import BAD, FAINT, RC, colour

ENDINGS = (".html", ".png")

_WIDTH_IN = 14.0
_HEADER_IN = 0.95
_DPI = 100
_PADS = {"w_pad": 0.14, "h_pad": 0.05, "wspace": 0.02, "hspace": 0.02}

Section = tuple[Callable[[Any, Policies, Bounds], None], float]


def write_report(result: dict[str, Any], path: Path, criteria: tuple[Criterion, ...] = ()) -> None:
    """Draws the result of `evaluate` into `path`, .html or .png, beside the bounds of the acceptance criteria.

    Raises UsageError for another ending, or where the file cannot be written. Needs `gaitway[sim]`.
    """
    check_ending(path)
    extras.load("matplotlib", "sim").use("Agg")
    pyplot = extras.load("matplotlib.pyplot", "sim")
    bounds = {criterion.figure: criterion.bound for criterion in criteria if not criterion.is_least}
    with pyplot.rc_context(RC):
        draw = _png if path.suffix.lower() == ".png" else _page
        data = draw(pyplot, result, _sections(result["policies"]), bounds)
    files.write_bytes(path, data, "report")


def check_ending(path: Path) -> None:
    """Raises UsageError where the ending is none a report can have."""
    if path.suffix.lower() not in ENDINGS:
        found = f"report {path}: expected a {' or '.join(ENDINGS)} file, found {path.suffix or 'no ending'}"
        raise UsageError(found, hint="the ending says what to write")


def _sections(policies: Policies) -> list[Section]:
    """The sections there are figures for, with their heights in inches."""
    parts = policies[0]["parts"]
    sweeps = sum(name in parts for name in SWEEP_AXES)
    known: list[tuple[bool, Section]] = [
        ("tracking" in parts, (draw_tracking, 3.8)),
        ("heads" in parts, (draw_heads, 3.5)),
        ("steps" in parts, (draw_steps, 4.2)),
        ("falls" in parts, (draw_starts, 1.5 + 0.55 * len(policies))),
        ("pushes" in parts, (draw_pushes, 4.3)),
        ("tracking" in parts, (draw_costs, 3.4)),
        ("tracking" in parts, (draw_margins, 2.6 + 1.0 * len(policies))),
        (sweeps > 0, (draw_sweeps, 1.0 + 2.6 * -(-sweeps // 4))),
        (any(name in parts for name in NAMED_SWEEPS), (draw_named, 2.6 + 1.2 * len(policies))),
    ]
    return [section for has_figures, section in known if has_figures]


def _png(pyplot: Any, result: dict[str, Any], sections: list[Section], bounds: Bounds) -> bytes:
    heights = [_HEADER_IN + 0.3 * len(result["policies"]), *(height for _, height in sections)]
    figure = pyplot.figure(figsize=(_WIDTH_IN, sum(heights)), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(**_PADS)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _header(parts[0], result, heights[0])
    for part, (draw, _) in zip(parts[1:], sections, strict=True):
        draw(part, result["policies"], bounds)
    return _with_few_colours(_saved(pyplot, figure, "png"))


def _with_few_colours(png: bytes) -> bytes:
    """The picture with a palette: half the size, and no eye sees it."""
    image = extras.load("PIL.Image", "sim")
    data = io.BytesIO()
    image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=0).save(data, "PNG", optimize=True)
    return data.getvalue()


def _header(figure: Any, result: dict[str, Any], height_in: float) -> None:
    figure.text(0.012, 1 - 0.3 / height_in, "Gaitway eval", fontsize=20, fontweight="bold", va="center")
    figure.text(0.012, 1 - 0.62 / height_in, _summary(result), fontsize=10, color=FAINT, va="center")
    for index, policy in enumerate(result["policies"]):
        place = 1 - (0.95 + 0.3 * index) / height_in
        figure.text(0.012, place, "●", fontsize=15, color=colour(index), va="center")
        figure.text(0.032, place, policy["name"], fontsize=12, fontweight="bold", color=colour(index), va="center")
        figure.text(0.3, place, _verdict(policy), fontsize=10, color=FAINT, va="center")


def _page(pyplot: Any, result: dict[str, Any], sections: list[Section], bounds: Bounds) -> bytes:
    pictures = []
    for draw, height_in in sections:
        figure = pyplot.figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        figure.get_layout_engine().set(**_PADS)
        draw(figure, result["policies"], bounds)
        drawn = _saved(pyplot, figure, "svg").decode()
        pictures.append(drawn[drawn.index("<svg") :])
    return _PAGE.format(
        summary=html.escape(_summary(result)),
        policies="\n".join(_card(index, policy) for index, policy in enumerate(result["policies"])),
        sections="\n".join(f"<section>{picture}</section>" for picture in pictures),
    ).encode()


def _saved(pyplot: Any, figure: Any, kind: str) -> bytes:
    data = io.BytesIO()
    try:
        # No date: the same result gives the same file.
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(data, format=kind, dpi=_DPI, metadata=metadata, transparent=kind == "svg")
    finally:
        pyplot.close(figure)
    return data.getvalue()


def _summary(result: dict[str, Any]) -> str:
    hours = result["simulated_s"] / 3600
    return f"{result['robot']}, {result['runs']} runs, {hours:.1f} simulated hours, seed {result['seed']}"


def _verdict(policy: dict[str, Any]) -> str:
    if "acceptance" not in policy:
        return f"contract {policy['contract']}"
    verdicts, fit = policy["acceptance"]["criteria"], policy["acceptance"]["fit"]
    met = sum(verdict["passed"] for verdict in verdicts)
    judged = f"{'fit' if fit else 'not fit'}, {met} of {len(verdicts)} criteria met"
    return f"contract {policy['contract']}: {judged}"


def _card(index: int, policy: dict[str, Any]) -> str:
    name, about = html.escape(policy["name"]), html.escape(_verdict(policy))
    lines = [line for line in policy.get("acceptance", {}).get("criteria", []) if not line["passed"]]
    missed = "".join(
        f"<li>{html.escape(line['what'])}: <b>{_shown(line['measured'])}</b>, "
        f"{'at least' if line['is_least'] else 'at most'} {line['bound']:.3g} {html.escape(line['unit'])}</li>"
        for line in lines
    )
    return (
        f'<div class="card" style="border-color:{colour(index)}"><h2>{name}</h2><p>{about}</p><ul>{missed}</ul></div>'
    )


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3g}"


_PAGE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Gaitway eval</title><style>
body {{ font-family: system-ui, sans-serif; color: #22303a; background: #f4f6f7; margin: 0 auto; padding: 2rem;
  max-width: 1180px; }}
h1 {{ margin: 0; }} .about {{ color: #7b8a93; margin: .3rem 0 1.2rem; }}
.cards {{ display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 1rem; }}
.card, section {{ background: white; border-radius: 10px; box-shadow: 0 1px 4px #0002; }}
.card {{ flex: 1 1 20rem; border-left: 6px solid; padding: .8rem 1.1rem; }}
.card h2 {{ margin: 0; font-size: 1.1rem; }} .card p {{ color: #7b8a93; margin: .2rem 0; }}
.card ul {{ margin: .4rem 0 0; padding-left: 1.1rem; font-size: .88rem; }} .card b {{ color: """
    + BAD
    + """; }}
section {{ margin: 1rem 0; padding: .6rem; }} svg {{ width: 100%; height: auto; font-family: inherit; }}
</style></head><body>
<h1>Gaitway eval</h1><p class="about">{summary}</p>
<div class="cards">{policies}</div>
{sections}
</body></html>
"""
)
