"""Writes the reference pages: commands, daemon, Python, contract. They come from the programs themselves.

The site's build calls `pages()` through `scripts/site_hooks.py`, so that no page of the reference is older than the
program; `python scripts/write_reference.py FOLDER` writes the same pages to look at.
"""

import ast
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

import gaitway
from gaitway.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
#: What people import beside `gaitway` itself; each names its public things in `__all__`, or defines them.
MODULES = (
    "gaitway.sim",
    "gaitway.evaluate",
    "gaitway.bringup.motors",
    "gaitway.bringup.imu",
    "gaitway.bringup.pad",
    "gaitway.bringup.camera",
    "gaitway.status",
    "gaitway.errors",
)


def pages() -> dict[str, str]:
    """File name in the site, and its text."""
    return {
        "reference-cli.md": cli_page(),
        "reference-gaitwayd.md": daemon_page(),
        "reference-python.md": python_page(),
        "reference-contract.md": contract_page(),
    }


def cli_page() -> str:
    """Every command with its arguments and options, from the typer app."""
    lines = [
        "# Command line: `gaitway`",
        "",
        "Written from the program by `scripts/write_reference.py`.",
        "[Commands at a glance](commands.md) groups the commands by task.",
        "",
    ]
    for path, command in _commands(typer.main.get_command(app), ("gaitway",)):
        lines += _command(path, command)
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _commands(inner, (*path, name))


def _command(path: tuple[str, ...], command: Any) -> list[str]:
    title = " ".join(path)
    lines = [f"{'##' if len(path) < 3 else '###'} {title}", "", _prose(command.help or ""), ""]
    shown = [parameter for parameter in command.params if parameter.name != "help" and not parameter.hidden]
    for kind, heading in (("argument", "Argument"), ("option", "Option")):
        rows = [_parameter(parameter) for parameter in shown if parameter.param_type_name == kind]
        if rows:
            lines += [f"| {heading} | Value | Meaning |", "|---|---|---|", *rows, ""]
    inner = [name for name, other in getattr(command, "commands", {}).items() if not other.hidden]
    if inner and len(path) > 1:
        lines += ["Commands: " + ", ".join(f"`{name}`" for name in inner), ""]
    return lines


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    flag = getattr(parameter, "is_bool_flag", False)
    value = "" if flag else f"`{_plain(parameter.metavar or parameter.display_type(None))}`"
    meaning = _prose(parameter.help or "")
    default = parameter.default
    if default not in (None, False, (), []) and not callable(default):
        text = parameter.opts[0] if default is True else default
        meaning += f" Default: `{_plain(str(text))}`."
    if parameter.envvar:
        meaning += f" Environment: `{parameter.envvar}`."
    if parameter.required:
        meaning += " Required."
    return _row(names, value, meaning)


def daemon_page() -> str:
    """The daemon's own help, word for word."""
    program = Path(os.environ.get("GAITWAYD", ROOT / "target/release/gaitwayd"))
    if not program.exists():
        raise SystemExit(f"{program}: expected the daemon, found none; cargo build --release -p gaitwayd")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=True)
    return "\n".join(
        [
            "# The daemon: `gaitwayd`",
            "",
            "The output of `gaitwayd --help`. [Driving the robot](driving.md) explains its use,",
            "[Formats](formats.md) its files and datagrams. `gaitwayd` is built by `cargo build --release -p gaitwayd`",
            "into `target/release`.",
            "",
            "```text",
            done.stdout.rstrip(),
            "```",
            "",
        ]
    )


def python_page() -> str:
    """Every public name of the package, from its docstrings."""
    lines = [
        "# Python: `import gaitway`",
        "",
        "Written from the docstrings by `scripts/write_reference.py`.",
        "Importing `gaitway` loads neither numpy nor MuJoCo nor PyTorch. Units are SI, angles in rad.",
        "",
        "## gaitway",
        "",
    ]
    for name in gaitway.__all__:
        if not inspect.ismodule(getattr(gaitway, name)):
            lines += _named(name, getattr(gaitway, name), "gaitway")
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        lines += [f"## {module_name}", "", _text(module.__doc__), ""]
        for name in _public(module):
            lines += _named(name, getattr(module, name), module_name)
    return "\n".join(lines)


def _public(module: Any) -> list[str]:
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__ and callable(thing)
    ]


def _named(name: str, thing: Any, module: str) -> list[str]:
    title = f"### `{name}` {{ #{module}.{name} }}"
    if not callable(thing):
        return [title, "", _value(name, thing), ""]
    lines = [
        title,
        "",
        "```python",
        _broken(f"{_kind(thing)}{name}{_signature(thing)}"),
        "```",
        "",
        _text(thing.__doc__ or _stub(name)),
        "",
    ]
    if inspect.isclass(thing):
        for member, value in inspect.getmembers_static(thing):
            if not member.startswith("_") and member not in dir(Exception):
                lines += _member(member, value, thing)
    return lines


def _stub(name: str) -> str | None:
    """What the stub file says of a native class that carries no docstring of its own."""
    tree = ast.parse((ROOT / "python/gaitway/_native.pyi").read_text())
    found = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return next((ast.get_docstring(node) for node in found), None)


def _member(name: str, value: Any, owner: type) -> list[str]:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    text = inspect.getdoc(value) or ""
    if type(value).__doc__ == text:
        text = ""
    is_method = callable(value)
    if not (is_method or isinstance(value, property) or inspect.isgetsetdescriptor(value)) or not text:
        return []
    signature = _signature(value) if is_method else ""
    lines = [f"{'    ' if at else ':   '}{line}".rstrip() for at, line in enumerate(_text(text).splitlines())]
    return [f"**`{owner.__name__}.{name}{signature}`**", "", *lines, ""]


def _value(name: str, thing: Any) -> str:
    text = repr(thing)
    if name == "__version__":
        return "The version, as text."
    return f"`{text}`" if len(text) < 100 else f"A value of type `{type(thing).__name__}`."


def _broken(line: str) -> str:
    """A signature of more than a line, a parameter a line."""
    if len(line) < 90:
        return line
    start, end = line.index("("), line.rindex(")")
    depth, parts = 0, [""]
    for character in line[start + 1 : end]:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    inner = "".join(f"    {part.strip()},\n" for part in parts)
    return f"{line[: start + 1]}\n{inner}{line[end:]}"


def _kind(thing: Any) -> str:
    return "class " if inspect.isclass(thing) else "def "


def _signature(thing: Any) -> str:
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return "(…)"
    # Where a type lives is an address in the sources, and where a default lies one in memory.
    text = re.sub(r"\b(?:gaitway|pathlib|collections\.abc|typing|numpy)(?:\.[a-z_]+)*\.(?=[A-Za-z])", "", text)
    text = re.sub(r"<\w+ [\w.<>]+ at 0x[0-9a-f]+>", "…", text)
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def contract_page() -> str:
    """The keys of a policy contract, from its schema."""
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    lines = [
        "# Policy contract: the schema",
        "",
        "Written from [contract.schema.json](contract.schema.json) by `scripts/write_reference.py`.",
        "[Formats](formats.md#policy-contract-gaitwaycontract1-json) explains what a contract means.",
        "",
        "## The contract",
        "",
        *_properties(schema),
    ]
    for name, part in sorted(schema.get("$defs", schema.get("definitions", {})).items()):
        lines += [f"## {name}", "", _prose(part.get("description", "")), "", *_properties(part)]
    return "\n".join(lines)


def _properties(part: dict[str, Any]) -> list[str]:
    if "enum" in part:
        return ["One of " + ", ".join(f"`{value}`" for value in part["enum"]) + ".", ""]
    if "oneOf" in part or "anyOf" in part:
        lines = ["One of:", ""]
        for choice in part.get("oneOf", part.get("anyOf")):
            lines += [f"- {_choice(choice)}"]
        return [*lines, ""]
    if "properties" not in part:
        return [f"Type: {_type(part)}.", ""] if part.get("type") else []
    needed = part.get("required", ())
    rows = [
        _row(f"`{key}`", _type(value) + (", required" if key in needed else ""), _prose(value.get("description", "")))
        for key, value in part["properties"].items()
    ]
    return ["| Key | Type | Meaning |", "|---|---|---|", *rows, ""]


def _choice(choice: dict[str, Any]) -> str:
    text = _prose(choice.get("description", ""))
    if "const" in choice:
        return f"`{choice['const']}`: {text}".removesuffix(": ")
    if "enum" in choice:
        return ", ".join(f"`{value}`" for value in choice["enum"]) + (f": {text}" if text else "")
    if "properties" in choice:
        keys = ", ".join(f"`{key}` ({_type(value)})" for key, value in choice["properties"].items())
        return f"{keys}. {text}".strip()
    return f"{_type(choice)}. {text}".strip()


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in value:
            return " or ".join(_type(item) for item in value[key])
    kind = value.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{kind} of {_type(value['items'])}" if isinstance(value.get("items"), dict) else kind


def _text(text: str | None) -> str:
    """A docstring as a page shows it: code stays code."""
    return inspect.cleandoc(text or "").replace("<", "&lt;")


def _prose(text: str) -> str:
    return _plain(" ".join(text.split())).replace("<", "&lt;")


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace(str(Path.home()), "~")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/write_reference.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, page in pages().items():
        (folder / file).write_text(page)
        print(folder / file)
