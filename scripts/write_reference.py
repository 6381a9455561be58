"""Writes the reference pages that come from the programs themselves: commands, daemon, contract.

The site's build calls `pages()` through `scripts/site_hooks.py`, so that no page of the reference is older than the
program. The Python reference is written by mkdocstrings from `docs/reference-python.md`.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import typer.main
from typer.cli import get_docs_for_click

from gaitway.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
_DAEMON = """\
---
hide: [toc]
---

# The daemon: `gaitwayd`

The output of `gaitwayd --help`. [Driving the robot](robot.md) explains its use, [Formats](formats.md) its files
and datagrams.

```text
{}
```
"""
_CONTRACT = """\
# Policy contract: the schema

Written from [contract.schema.json](contract.schema.json).
[Formats](formats.md#policy-contract-gaitwaycontract1-json) explains what a contract means.

"""


def pages() -> dict[str, str]:
    """File name in the site, and its text."""
    return {
        "reference-cli.md": cli_page(),
        "reference-gaitwayd.md": daemon_page(),
        "reference-contract.md": contract_page(),
    }


def cli_page() -> str:
    """Every command with its arguments and options, as typer writes them."""
    command = typer.main.get_command(app)
    _keep_whole_summaries(command)
    return get_docs_for_click(obj=command, ctx=typer.Context(command), name="gaitway", title="Command line: `gaitway`")


def _keep_whole_summaries(group: Any) -> None:
    """A group lists its commands by the first sentence of their help, which typer would cut at 45 characters."""
    for command in getattr(group, "commands", {}).values():
        command.short_help = command.short_help or " ".join((command.help or "").split("\n\n")[0].split())
        _keep_whole_summaries(command)


def daemon_page() -> str:
    """The daemon's own help, word for word."""
    program = Path(os.environ.get("GAITWAYD", ROOT / "target/release/gaitwayd"))
    if not program.exists():
        raise SystemExit(f"{program}: expected the daemon, found none\nhint:  cargo build --release -p gaitwayd")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=True)
    return _DAEMON.format(done.stdout.rstrip())


def contract_page() -> str:
    """The keys of a policy contract, from its schema."""
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    parts = {"The contract": schema} | dict(sorted(schema["$defs"].items()))
    return _CONTRACT + "\n".join(f"## {name}\n\n{_prose(part)}\n\n{_keys(part)}\n" for name, part in parts.items())


def _keys(part: dict[str, Any]) -> str:
    if "properties" in part:
        required = part.get("required", ())
        rows = [
            f"| `{key}` | {_type(value)}{', required' if key in required else ''} | {_prose(value)} |"
            for key, value in part["properties"].items()
        ]
        return "\n".join(["| Key | Type | Meaning |", "|---|---|---|", *rows])
    if "oneOf" in part:
        return "\n".join(
            ["One of:", "", *(f"- {_type(choice)}: {_prose(choice)}".rstrip(": ") for choice in part["oneOf"])]
        )
    return f"Type: {_type(part)}."


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
    if "properties" in value:
        return "object with " + ", ".join(f"`{key}` ({_type(inner)})" for key, inner in value["properties"].items())
    kinds = value.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    items = f" of {_type(value['items'])}" if isinstance(value.get("items"), dict) else ""
    return " or ".join(kind + items * (kind == "array") for kind in kinds)


def _prose(value: dict[str, Any]) -> str:
    return " ".join(value.get("description", "").split()).replace("|", "\\|").replace("<", "&lt;")
