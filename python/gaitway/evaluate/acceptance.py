"""Acceptance criteria: what a policy must reach to be called fit for hardware. They are data beside the profile."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gaitway import files, toml
from gaitway.errors import UsageError

FILE, SCHEMA = "acceptance.toml", "gaitway.acceptance/1"
#: Names of version 0.1, still read for one version; the tables are the same.
_OLD_FILE, _OLD_SCHEMA = "gate.toml", "gaitway.gate/1"

_KEYS = {"what", "figure", "unit", "most", "least", "community", "times"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion."""

    what: str
    #: Where the figure stands in a policy's parts, with strokes between.
    figure: str
    unit: str
    #: The figure must not be above this, or below it where `is_least`.
    bound: float
    is_least: bool = False

    def verdict(self, measured: float | None) -> "Verdict":
        """What comes of it; `measured` is None where the battery did not measure it, which is no pass."""
        passed = measured is not None and (measured >= self.bound if self.is_least else measured <= self.bound)
        return Verdict(self.what, self.figure, self.unit, measured, self.bound, self.is_least, passed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one criterion."""

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


def criteria_file(folder: Path) -> Path:
    """Where a robot's folder keeps them."""
    old = folder / _OLD_FILE
    return old if old.is_file() and not (folder / FILE).exists() else folder / FILE


def load_criteria(path: Path) -> tuple[Criterion, ...]:
    """The criteria in the TOML file at `path`. Raises UsageError for what makes no sense."""
    text = files.read_of_robot(path, "acceptance criteria")
    try:
        content = toml.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"acceptance criteria {path}: {error}"
        raise UsageError(message, hint="they are a TOML file of [[limits]] tables") from error
    tables = content.get("limits")
    if content.get("schema") not in (SCHEMA, _OLD_SCHEMA) or not isinstance(tables, list) or not tables:
        found = f"expected schema {SCHEMA!r} and [[limits]], found {', '.join(content) or 'nothing'}"
        hint = f"{FILE} of a robot's folder is an example"
        raise UsageError(f"acceptance criteria {path}: {found}", hint=hint)
    return tuple(
        _criterion(f"acceptance criteria {path}: limits[{index}]", table) for index, table in enumerate(tables)
    )


def _criterion(where: str, table: object) -> Criterion:
    if not isinstance(table, dict) or not set(table) <= _KEYS:
        raise UsageError(f"{where}: expected only {', '.join(sorted(_KEYS))}, found {table}", hint=f"correct {where}")
    bounds = [key for key in ("most", "least", "community") if key in table]
    if len(bounds) != 1 or ("times" in table) != ("community" in table):
        found = f"{where}: expected one of most, least, or community with times, found {', '.join(table)}"
        raise UsageError(found, hint="community is what the community's policy measured, times what may be made of it")
    for key in ("what", "figure"):
        if not isinstance(table.get(key), str):
            raise UsageError(f"{where}.{key}: expected text, found {table.get(key)!r}", hint=f"correct {where}")
    bound = _number(f"{where}.{bounds[0]}", table[bounds[0]]) * _number(f"{where}.times", table.get("times", 1.0))
    return Criterion(table["what"], table["figure"], str(table.get("unit", "")), bound, bounds[0] == "least")


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: expected a finite number, found {value!r}", hint=f"correct {where}")
    return float(value)


def judge(parts: dict[str, Any], criteria: tuple[Criterion, ...]) -> list[Verdict]:
    """One verdict a criterion, from the figures of one policy."""
    return [criterion.verdict(_figure(parts, criterion.figure)) for criterion in criteria]


def add_verdicts(result: dict[str, Any], criteria: tuple[Criterion, ...]) -> None:
    """Writes into the result of `evaluate`, for each policy, what came of each criterion and whether it is fit."""
    for policy in result["policies"]:
        verdicts = judge(policy["parts"], criteria)
        fit = all(verdict.passed for verdict in verdicts)
        rows = [asdict(verdict) for verdict in verdicts]
        policy["acceptance"] = {"fit": fit, "criteria": rows}
        # The names of version 0.1.
        policy["gate"] = {"fit": fit, "limits": rows}


def reasons(policy: dict[str, Any]) -> list[str]:
    """Why a policy of a result with verdicts is not fit, a sentence each; empty where it is."""
    return [str(Verdict(**row)) for row in policy["acceptance"]["criteria"] if not row["passed"]]


def _figure(parts: dict[str, Any], path: str) -> float | None:
    found: Any = parts
    for key in path.split("/"):
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None
