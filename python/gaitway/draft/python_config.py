"""A configuration written as Python classes, as legged_gym has them: read, never run.

What is a number, a text, a list or a table of them is taken; whatever would have to be computed is absent.
"""

import ast
import math
import warnings
from collections.abc import Callable
from typing import Any

from gaitway.errors import PolicyError

_HINT = "correct it, or leave it out"
#: What is computed of numbers. Powers and shifts could be as large as they like.
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


class _AbsentError(Exception):
    """A value that only running the file would tell."""


def load(text: str, where: str) -> dict[str, Any]:
    """The last class of the file that is a robot's, as nested tables. Raises PolicyError for a file without one."""
    try:
        with warnings.catch_warnings(action="ignore"):
            # What Python itself would warn of is nobody's concern here.
            tree = ast.parse(text)
        classes: dict[str, dict[str, Any]] = {}
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes[node.name] = _table(node, classes)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = " ".join(str(error).split())[:200]
        raise PolicyError(f"{where}: expected Python, found a mistake: {told}", hint=_HINT) from error
    of_robots = [name for name, table in classes.items() if isinstance(table.get("control"), dict)]
    if not of_robots:
        found = ", ".join(classes)[:200] or "none"
        message = f"{where}: expected a class with a class control in it, as legged_gym's configurations are"
        raise PolicyError(f"{message}, found {found}", hint=_HINT)
    return classes[of_robots[-1]]


def _table(node: ast.ClassDef, classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A class as a table, over those of its bases that are in the file."""
    table: dict[str, Any] = {}
    for base in node.bases:
        table |= _base(base, classes)
    for entry in node.body:
        if isinstance(entry, ast.ClassDef):
            table[entry.name] = table.get(entry.name, {}) | _table(entry, classes)
        elif isinstance(entry, ast.Assign) and isinstance(entry.targets[0], ast.Name):
            _assign(table, entry.targets[0].id, entry.value)
        elif isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name) and entry.value is not None:
            _assign(table, entry.target.id, entry.value)
    return table


def _base(node: ast.expr, classes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A base class by its name, or by the name of the class it is in."""
    if isinstance(node, ast.Name):
        return classes.get(node.id, {})
    if isinstance(node, ast.Attribute):
        inner = _base(node.value, classes).get(node.attr, {})
        return inner if isinstance(inner, dict) else {}
    return {}


def _assign(table: dict[str, Any], name: str, node: ast.expr) -> None:
    try:
        table[name] = _value(node)
    except (_AbsentError, ZeroDivisionError, OverflowError):
        # What a base said is not true any more.
        table.pop(name, None)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.List(elts=entries) | ast.Tuple(elts=entries):
            return [_value(entry) for entry in entries]
        case ast.Dict(keys=keys, values=values):
            return {_key(key): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _finite(_OPERATORS[type(operator)](_number(left), _number(right)))
    raise _AbsentError


def _key(node: ast.expr | None) -> str:
    value = _value(node) if node is not None else None
    if not isinstance(value, str):
        raise _AbsentError
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise _AbsentError
    return value


def _number(node: ast.expr) -> float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _AbsentError
    return float(value)
