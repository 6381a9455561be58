"""Fails where a crate or a Python module looks upward: each room may use only rooms above it.

The order of the crates is the order of the table in ARCHITECTURE.md, read from it, so the text cannot drift from
the rule. Python modules follow the list below.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from import_graph import circles, python_graph, rust_graph

#: Rooms of the Python package, lowest first: a module may import only from its own room and those before it.
PYTHON_ROOMS = (
    # Uses nothing of ours: it is what the engine is checked by.
    ("golden",),
    ("errors", "printable", "toml", "robots", "renamed"),
    ("_native", "extras", "files", "colours", "signals", "inert", "socket_folder"),
    ("contract", "command"),
    ("robot", "recording"),
    ("sensors", "onnx_metadata", "onnx_session", "policy", "script"),
    ("controller", "draft", "observations", "remote"),
    ("recorder", "convert"),
    ("sim",),
    ("evaluate",),
    ("twin",),
    ("api",),
    ("train",),
    ("env",),
    ("bench", "bringup", "view"),
    ("teleop",),
    ("cli",),
)

#: Crates that may not meet although the table would let them: an emulator that shares code with what it tests
#: proves nothing.
STRANGERS = {("emulators", f"devices/{device}") for device in ("hal", "feetech", "bno055", "gamepad", "lines")}

#: Libraries that only these rooms may load when they are imported; everywhere else they are loaded inside functions.
HEAVY: dict[str, tuple[str, ...]] = {
    "mujoco": ("sim", "evaluate", "train"),
    "numpy": ("golden", "sim", "evaluate", "train", "env"),
    "gymnasium": ("env",),
    **dict.fromkeys(("av", "PIL"), ("sim",)),
    "torch": ("train",),
    **dict.fromkeys(("rich", "typer"), ("cli",)),
    **dict.fromkeys(("matplotlib", "onnx", "onnxruntime", "yaml"), ()),
}


def main(root: Path) -> int:
    """Prints every violation; the exit code says whether there is any."""
    problems = [*crate_problems(root), *python_problems(root), *circle_problems(root)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"layers: {len(problems)} violations")
    return 1 if problems else 0


def crate_problems(root: Path) -> list[str]:
    """Dependencies between crates that point upward in the table."""
    table = re.findall(r"^\| `([\w/]+)` \|", (root / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    rooms = {_room(manifest, root): manifest for manifest in _manifests(root)}
    room_of_crate = {room.rpartition("/")[2]: room for room in rooms}
    problems = [f"{room}: not in the table of ARCHITECTURE.md" for room in sorted(rooms.keys() - set(table))]
    for room in sorted(rooms.keys() & set(table)):
        used = set(_dependencies(tomllib.loads(rooms[room].read_text())))
        for crate in sorted(crate.removeprefix("gaitway-") for crate in used if crate.startswith("gaitway")):
            other = room_of_crate.get(crate, crate)
            is_below = other in table and table.index(other) < table.index(room)
            if not is_below or (room, other) in STRANGERS:
                problems.append(f"{room}: uses {other}, which it may not")
    return problems


def _manifests(root: Path) -> list[Path]:
    return sorted([*root.glob("crates/**/Cargo.toml"), *root.glob("apps/*/Cargo.toml")])


def _room(manifest: Path, root: Path) -> str:
    """Its name in the table: its folder, `crates/` left off."""
    return manifest.parent.relative_to(root).as_posix().removeprefix("crates/")


def circle_problems(root: Path) -> list[str]:
    """Circles between files that ARCHITECTURE.md does not name."""
    named = re.findall(r"^\* `([^`]+)` and `([^`]+)`:", (root / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    graphs = {manifest.parent / "src": rust_graph(manifest.parent / "src") for manifest in _manifests(root)}
    graphs[root / "python" / "gaitway"] = python_graph(root / "python" / "gaitway")
    found = []
    for source, graph in graphs.items():
        where = source.relative_to(root).as_posix().removeprefix("crates/")
        found += [[f"{where}/{file}" for file in circle] for circle in circles(graph)]
    return [f"{', '.join(circle)}: each uses the others" for circle in found if tuple(circle) not in named]


def _dependencies(table: dict[str, Any]) -> Iterator[str]:
    """Names in every dependency table of a manifest, those for some targets only included."""
    for key, value in table.items():
        if key.endswith("dependencies") and isinstance(value, dict):
            yield from value
        elif isinstance(value, dict):
            yield from _dependencies(value)


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
            if at_import and room not in HEAVY.get(used, (room,)):
                allowed = " and ".join(HEAVY[used]) or "nobody"
                problems.append(f"{where}: imports {used} when loaded; only {allowed} may")
    return problems


def _imports(path: Path) -> list[tuple[str, bool]]:
    """What a file imports: rooms of this package by their name, libraries by theirs; and whether when it is loaded."""
    tree = ast.parse(path.read_text())
    typing_only = _inside(tree, lambda node: isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    later = _inside(tree, lambda node: isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        for name in _names(node):
            parts = name.split(".")
            used = parts[1] if parts[0] == "gaitway" and len(parts) > 1 else parts[0]
            found.append((used, id(node) not in later))
    return found


def _inside(tree: ast.AST, encloses: Callable[[ast.AST], bool]) -> set[int]:
    """Ids of all nodes within those that enclose."""
    return {id(child) for node in ast.walk(tree) if encloses(node) for child in ast.walk(node)}


def _names(node: ast.AST) -> list[str]:
    """Full names of the modules a statement imports; a relative import counts from the package's root."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if node.level:
            module = f"gaitway.{module}".rstrip(".")
        return [f"{module}.{alias.name}" if module == "gaitway" else module for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
        argument = node.args[0]
        return [argument.value] if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else []
    return []


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
