"""Which files of a crate or of the Python package use one another, and the circles among them.

A file that re-exports a name is followed to the file that defines it, so a parent that only lists its children stands
in no circle; one whose children use what it defines itself, while it uses them, does.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

#: File, and the files it uses.
Graph = dict[str, set[str]]

_USE = re.compile(r"(?:^|\n)[ \t]*(pub(?:\([a-z ]+\))? )?use ([^;]+);")
_PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
_CHILD = re.compile(r"(?:^|\n)[ \t]*(?:pub(?:\([a-z ]+\))? )?mod \w+;")
#: In a module within the file `super` is the file itself.
_INNER = re.compile(r"(\n[ \t]+use )super::")


def rust_graph(source: Path) -> Graph:
    """Of the crate whose sources are in `source`."""
    return _RustCrate(source).graph()


class _RustCrate:
    def __init__(self, source: Path) -> None:
        #: Module path, () is the crate's root, and its file.
        self.files: dict[tuple[str, ...], Path] = {}
        self.text: dict[tuple[str, ...], str] = {}
        #: Module, name as it is said there, and the path it was brought in from.
        self.brought: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}
        self.source = source
        for path in sorted(source.rglob("*.rs")):
            parts = path.relative_to(source).with_suffix("").parts
            module = () if parts in (("lib",), ("main",)) else parts[:-1] if parts[-1] == "mod" else parts
            # Tests may look anywhere.
            code = re.split(r"\n#\[cfg\(test\)\]\nmod ", path.read_text())[0]
            self.files[module] = path
            code = "\n".join(line.split("//")[0] for line in code.splitlines())
            self.text[module] = _INNER.sub(r"\1self::", _CHILD.sub("", code))
        for module, text in self.text.items():
            for _, used in _USE.findall(text):
                for said in _flatten(" ".join(used.split())):
                    self._bring(module, said)

    def _bring(self, module: tuple[str, ...], said: str) -> None:
        said, _, alias = said.partition(" as ")
        path = self._absolute(module, tuple(said.removesuffix("::*").split("::")))
        if path:
            self.brought[module, alias or path[-1]] = path

    def _absolute(self, module: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path from the crate's root; None where it leads out of the crate."""
        if said[0] == "crate":
            return said[1:]
        if said[0] == "self":
            return (*module, *said[1:])
        if said[0] == "super":
            up = 0
            while up < len(said) and said[up] == "super":
                up += 1
            return (*module[: len(module) - up], *said[up:])
        return (*module, *said) if (*module, said[0]) in self.files else None

    def _owner(self, path: tuple[str, ...], depth: int = 8) -> tuple[str, ...] | None:
        """The module that defines what `path` names."""
        module: tuple[str, ...] = ()
        rest = path
        while rest and (*module, rest[0]) in self.files:
            module, rest = (*module, rest[0]), rest[1:]
        if rest and depth and (module, rest[0]) in self.brought:
            return self._owner((*self.brought[module, rest[0]], *rest[1:]), depth - 1)
        return module if module in self.files else None

    def graph(self) -> Graph:
        graph: Graph = {}
        for module, text in self.text.items():
            here = self._name(module)
            used, code = graph.setdefault(here, set()), _USE.sub("", text)
            for name, path in self.brought.items():
                # What a parent re-exports without using it is no use.
                if name[0] == module and re.search(rf"\b{name[1]}\b", code):
                    self._add(used, module, path)
            children = {other[-1] for other in self.files if other and other[:-1] == module}
            below = re.findall(rf"(?<!::)\b((?:{'|'.join(children)})(?:::\w+)+)", code) if children else []
            for said in [*_PATH.findall(code), *(f"self::{path}" for path in below)]:
                path = self._absolute(module, tuple(said.split("::")))
                if path:
                    self._add(used, module, path)
        return graph

    def _add(self, used: set[str], module: tuple[str, ...], path: tuple[str, ...]) -> None:
        owner = self._owner(path)
        if owner is not None and owner != module:
            used.add(self._name(owner))

    def _name(self, module: tuple[str, ...]) -> str:
        return self.files[module].relative_to(self.source).as_posix()


def _flatten(tree: str) -> Iterator[str]:
    """`a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`."""
    tree = tree.strip()
    if "{" not in tree:
        yield tree.removesuffix("::self")
        return
    head, _, inside = tree.partition("{")
    inside = inside.rsplit("}", 1)[0]
    depth, start = 0, 0
    for at, letter in enumerate(f"{inside},"):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            if inside[start:at].strip():
                yield from _flatten(head + inside[start:at].strip())
            start = at + 1


def python_graph(package: Path) -> Graph:
    """Of the package in folder `package`, imports inside functions and for types included."""
    stubs = {_module(path, package) for path in package.rglob("*.pyi")}
    names = {_module(path, package): path for path in sorted(package.rglob("*.py"))}
    graph: Graph = {}
    for module, path in names.items():
        used = graph.setdefault(path.relative_to(package).as_posix(), set())
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _imported(node, module, path.name == "__init__.py", package.name):
                other = name if name in names or name in stubs else name.rpartition(".")[0]
                if other in names and other != module:
                    used.add(names[other].relative_to(package).as_posix())
    return graph


def _module(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(node: ast.AST, module: str, is_package: bool, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.split(".")[0] == package]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            up = module.split(".")[: len(module.split(".")) - node.level + is_package]
            base = ".".join([*up, *([base] if base else [])])
        return [f"{base}.{alias.name}" for alias in node.names] if base.split(".")[0] == package else []
    return []


def circles(graph: Graph) -> list[list[str]]:
    """Groups of files each of which uses, by way of others, every other; sorted."""
    reach = {file: _reachable(graph, file) for file in graph}
    groups = {
        frozenset(other for other in reach[file] if file in reach.get(other, ()))
        for file in graph
        if file in reach[file]
    }
    return sorted(sorted(group) for group in groups)


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += graph.get(file, ())
    return seen
