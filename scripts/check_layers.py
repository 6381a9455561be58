"""Fails where a crate or a Python module looks upward: each room may use only rooms above it.

The order of the crates is the order of the table in ARCHITECTURE.md, read from it, so the text cannot drift from
the rule. Python modules follow the list below.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

#: Rooms of the Python package, lowest first: a module may import only from its own room and those before it.
PYTHON_ROOMS = (
    ("errors",),
    ("_native", "extras", "files"),
    ("contract", "command"),
    ("robot",),
    ("sensors", "policy"),
    ("controller",),
    ("bench",),
    ("sim",),
    ("cli",),
)

#: Libraries that only one room may load when it is imported; everywhere else they are loaded inside functions.
HEAVY = {"numpy": "sim", "mujoco": "sim", "av": "sim", "PIL": "sim", "rich": "cli", "typer": "cli"}


def main(root: Path) -> int:
    """Prints every violation; the exit code says whether there is any."""
    problems = [*crate_problems(root), *python_problems(root)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"layers: {len(problems)} violations")
    return 1 if problems else 0


def crate_problems(root: Path) -> list[str]:
    """Dependencies between crates that point upward in the table."""
    table = re.findall(r"^\| `crates/(\w+)` \|", (root / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    folders = {path.parent.name for path in (root / "crates").glob("*/Cargo.toml")}
    problems = [f"crates/{name}: not in the table of ARCHITECTURE.md" for name in sorted(folders - set(table))]
    for name in sorted(folders & set(table)):
        manifest = tomllib.loads((root / "crates" / name / "Cargo.toml").read_text())
        used = {*manifest.get("dependencies", {}), *manifest.get("dev-dependencies", {})}
        for dependency in sorted(crate.removeprefix("gaitway-") for crate in used if crate.startswith("gaitway-")):
            if dependency not in table or table.index(dependency) >= table.index(name):
                problems.append(f"crates/{name}: uses {dependency}, which is not above it")
    return problems


def python_problems(root: Path) -> list[str]:
    """Imports between the package's rooms that point upward, and heavy imports in the wrong room."""
    room_of = {module: level for level, room in enumerate(PYTHON_ROOMS) for module in room}
    package = root / "python" / "gaitway"
    problems = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room in ("__init__", "robots"):
            continue
        where = path.relative_to(root)
        if room not in room_of:
            problems.append(f"{where}: {room} is in no room of scripts/check_layers.py")
            continue
        for used, at_import in _imports(path):
            if used in room_of and room_of[used] > room_of[room]:
                problems.append(f"{where}: imports gaitway.{used}, a room above it")
            if at_import and HEAVY.get(used, room) != room:
                problems.append(f"{where}: imports {used} when loaded; only {HEAVY[used]} may")
    return problems


def _imports(path: Path) -> list[tuple[str, bool]]:
    """What a file imports: rooms of this package by their name, libraries by theirs; and whether at its top."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        for name in _names(node):
            parts = name.split(".")
            used = parts[1] if parts[0] == "gaitway" and len(parts) > 1 else parts[0]
            found.append((used, node in tree.body))
    return found


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [f"{node.module}.{alias.name}" if node.module == "gaitway" else node.module for alias in node.names]
    return []


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
