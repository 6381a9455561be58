"""The gate: what a policy must reach to be called fit for hardware. Its limits are data beside the robot's profile."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gaitway import files, toml
from gaitway.errors import UsageError

SCHEMA = "gaitway.gate/1"

_KEYS = {"what", "figure", "unit", "most", "least", "community", "times"}


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of the gate."""

    what: str
    #: Where the figure stands in a policy's parts, with strokes between.
    figure: str
    unit: str
    #: The figure must not be above this, or below it where `is_least`.
    bound: float
    is_least: bool = False

    def verdict(self, measured: float | None) -> "Verdict":
        """What comes of this line; `measured` is None where the battery did not measure it, which is no pass."""
        passed = measured is not None and (measured >= self.bound if self.is_least else measured <= self.bound)
        return Verdict(self.what, self.figure, self.unit, measured, self.bound, self.is_least, passed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one line of the gate."""

    what: str
    figure: str
    unit: str
    measured: float | None
    bound: float
    is_least: bool
    passed: bool

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        side = "at least" if self.is_least else "at most"
        found = "not measured" if self.measured is None else f"measured {self.measured:.4g}{unit}"
        return f"{self.what} ({self.figure}): {found}, {side} {self.bound:.4g}{unit}"


def load_gate(path: Path) -> tuple[Limit, ...]:
    """The limits in the TOML file at `path`. Raises UsageError for what makes no sense."""
    text = files.read_text(path, "gate")
    try:
        content = toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"gate {path}: {error}", hint="a gate is a TOML file of [[limits]] tables") from error
    tables = content.get("limits")
    if content.get("schema") != SCHEMA or not isinstance(tables, list) or not tables:
        found = f"gate {path}: expected schema {SCHEMA!r} and [[limits]], found {', '.join(content) or 'nothing'}"
        raise UsageError(found, hint="the gate that ships lies beside the robot's profile")
    return tuple(_limit(f"gate {path}: limits[{index}]", table) for index, table in enumerate(tables))


def _limit(where: str, table: object) -> Limit:
    if not isinstance(table, dict) or not set(table) <= _KEYS:
        raise UsageError(f"{where}: expected only {', '.join(sorted(_KEYS))}, found {table}", hint="correct the gate")
    bounds = [key for key in ("most", "least", "community") if key in table]
    if len(bounds) != 1 or ("times" in table) != ("community" in table):
        found = f"{where}: expected one of most, least, or community with times, found {', '.join(table)}"
        raise UsageError(found, hint="community is what the community's policy measured, times what may be made of it")
    for key in ("what", "figure"):
        if not isinstance(table.get(key), str):
            raise UsageError(f"{where}.{key}: expected text, found {table.get(key)!r}", hint="correct the gate")
    bound = _number(f"{where}.{bounds[0]}", table[bounds[0]]) * _number(f"{where}.times", table.get("times", 1.0))
    return Limit(table["what"], table["figure"], str(table.get("unit", "")), bound, bounds[0] == "least")


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: expected a finite number, found {value!r}", hint="correct the gate")
    return float(value)


def judge(parts: dict[str, Any], limits: tuple[Limit, ...]) -> list[Verdict]:
    """One verdict a line, from the figures of one policy."""
    return [limit.verdict(_figure(parts, limit.figure)) for limit in limits]


def add_gate(result: dict[str, Any], limits: tuple[Limit, ...]) -> None:
    """Writes into the result of `evaluate`, for each policy, what the gate says and whether it is fit."""
    for policy in result["policies"]:
        verdicts = judge(policy["parts"], limits)
        fit = all(verdict.passed for verdict in verdicts)
        policy["gate"] = {"fit": fit, "limits": [asdict(verdict) for verdict in verdicts]}


def reasons(policy: dict[str, Any]) -> list[str]:
    """Why a policy of a result with a gate is not fit, a sentence each; empty where it is."""
    return [str(Verdict(**line)) for line in policy["gate"]["limits"] if not line["passed"]]


def _figure(parts: dict[str, Any], path: str) -> float | None:
    found: Any = parts
    for key in path.split("/"):
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None
