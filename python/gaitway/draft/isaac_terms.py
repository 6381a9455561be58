"""Observation terms of Isaac Lab and mjlab, by name and function, with scale, clip and history."""

from gaitway.draft.parts import TODO, SaidTerm, one_or_each
from gaitway.draft.tables import Table
from gaitway.errors import PolicyError

#: Keys beside the terms.
_SWITCHES = (
    "use_gym_history", "scale_first", "concatenate_terms", "concatenate_dim", "enable_corruption", "history_length",
    "flatten_history_dim", "nan_policy", "nan_check_per_term",
)  # fmt: skip
#: Functions that mean another thing than what people call their term.
_FUNCTIONS = {"generated_commands": "command", "joint_pos": "joint_pos", "joint_vel": "joint_vel"}
_CLOCK = (
    f'{TODO}phase, where cosine comes before sine; Unitree\'s tasks have sine first, which "elements": [1, 0] of the '
    "term says"
)
_ABSOLUTE = f"{TODO}default_pose, or zero? Isaac Lab's joint_pos is from zero, its joint_pos_rel from the default pose"


def terms(told: Table, env: Table | None, *, scale_first: bool) -> list[SaidTerm]:
    """Of deploy.yaml, its functions from env.yaml where that is there."""
    groups = [name for name, table in told.tables() if any(inner for inner in table.tables() if "scale" in inner[1])]
    if groups:
        message = f"{told.where}: expected terms, found groups of them: {', '.join(groups)}"
        hint = "a network with several inputs is not drafted: write its contract by hand, docs/formats.md has the keys"
        raise PolicyError(message, hint=hint)
    functions = _functions(env)
    listed = [(name, table) for name, table in told.tables() if name not in _SWITCHES]
    return [_term(name, table, functions.get(name), scale_first=scale_first) for name, table in listed]


def env_terms(env: Table) -> list[SaidTerm] | None:
    """Of env.yaml alone."""
    group = _group(env)
    history = group.count("history_length")
    listed = [(name, table) for name, table in group.tables() if "func" in table]
    functions = _functions(env)
    # A group's history is that of all its terms.
    return [_term(name, table, functions.get(name), history=history) for name, table in listed] or None


def _group(env: Table) -> Table:
    groups = env.table("observations")
    group = next((groups.table(name) for name in ("policy", "actor") if name in groups), groups)
    return group.table("terms") if "terms" in group else group


def _functions(env: Table | None) -> dict[str, str]:
    """By the name of the term, what computes it."""
    if env is None:
        return {}
    found = {}
    for name, table in _group(env).tables():
        function = table.value("func")
        if isinstance(function, str):
            found[name] = function.replace(":", ".").rpartition(".")[2]
    return found


def _term(
    name: str, table: Table, function: str | None, *, history: int | None = None, scale_first: bool = False
) -> SaidTerm:
    scale = table.one_or_more("scale")
    ticks = history or table.count("history_length") or 1
    factor = 1.0 if scale is None else one_or_each(scale)
    width = len(scale) * ticks if isinstance(scale, list) else None
    meant = _FUNCTIONS.get(function or "", name)
    return SaidTerm(
        name,
        width,
        factor,
        _clip(table, factor, scale_first=scale_first),
        ticks,
        source=_source(meant),
        relative_to=_relative_to(meant, function),
    )


def _source(meant: str) -> str | None:
    return {"command": "command", "gait_phase": _CLOCK}.get(meant)


def _relative_to(meant: str, function: str | None) -> str | None:
    if meant != "joint_pos":
        return None
    return {"joint_pos": "zero", "joint_pos_rel": "default_pose"}.get(function or "", _ABSOLUTE)


def _clip(table: Table, factor: float | list[float], *, scale_first: bool) -> tuple[float, float] | None:
    """After the factor, as the contract has it."""
    clip = table.pair("clip")
    if clip is None or scale_first:
        return clip
    if isinstance(factor, list):
        raise table.error("clip", "none beside factors of each number's own, which it would be multiplied by", clip)
    low, high = sorted((clip[0] * factor, clip[1] * factor))
    return low, high
