"""`gaitway policy`: look into a policy file, write a contract into it, check it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.errors import PolicyError
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway._native import Check
    from gaitway.policy import Policy
    from gaitway.robot import Robot

app = typer.Typer(no_args_is_help=True, help="Look into a policy file, write a contract into it, check it.")

_File = Annotated[Path, typer.Argument(help="ONNX file.")]
_RobotOption = RobotName
_Assume = Annotated[str | None, typer.Option(help="Contract of a file that carries none.")]
_Json = Json


def _load(data: bytes, file: Path, robot: "Robot", assume: str | None = None) -> "Policy":
    """The policy in the native engine, or in onnxruntime where that does not know an operator."""
    from gaitway.errors import UnsupportedOperatorError
    from gaitway.policy import Policy

    try:
        return Policy.from_bytes(data, file, robot=robot, assume_contract=assume)
    except UnsupportedOperatorError:
        return Policy.from_bytes(data, file, robot=robot, assume_contract=assume, engine="onnxruntime")


@app.command()
def inspect(
    file: _File, robot: _RobotOption = DEFAULT_ROBOT, assume_contract: _Assume = None, as_json: _Json = False
) -> None:
    """Print the contract of a policy file."""
    from gaitway import files
    from gaitway.robot import Robot

    policy = _load(files.read_bytes(file, "policy"), file, Robot.load(robot), assume_contract)
    contract = json.loads(policy.contract.to_json())
    golden = contract.pop("golden", None)
    if as_json:
        about = {"sha256": policy.contract_sha256, "basis": policy.basis, "engine": policy.engine}
        print_json(about | {"golden_ticks": len(golden["ticks"]) if golden else 0, "contract": contract})
        return
    _print_contract(policy, contract, golden)


@app.command()
def embed(
    file: _File,
    contract: Annotated[Path, typer.Argument(help="Contract, JSON, golden vectors included.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to; the file itself where left out.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Write a contract into an ONNX file, which is then complete on its own."""
    from gaitway import Contract, _native, files
    from gaitway.robot import Robot

    description = Contract.from_json(files.read_text(contract, "contract"))
    if "golden" not in json.loads(description.to_json()):
        raise PolicyError(
            f"contract {contract} has no golden vectors",
            hint="`python -m gaitway.golden.vectors` makes them",
        )
    data = _native.embed(files.read_bytes(file, "policy"), description)
    # Loaded before it is written: a contract that does not fit its network must not reach a file.
    embedded = _load(data, output or file, Robot.load())
    files.write_bytes(output or file, data, "policy")
    if as_json:
        print_json({"file": str(output or file), "sha256": embedded.contract_sha256})
    else:
        typer.echo(f"{output or file}: contract {description.name}, sha256 {embedded.contract_sha256}")


@app.command()
def check(
    file: _File, robot: _RobotOption = DEFAULT_ROBOT, assume_contract: _Assume = None, as_json: _Json = False
) -> int:
    """Run the golden vectors and name the first term that differs, by how much and in what pattern.

    Exit codes: 0 all agrees, 1 something differs or there is nothing to check by, 2 wrong use.
    """
    from gaitway import _native, files
    from gaitway.controller import Controller
    from gaitway.robot import Robot

    loaded = Robot.load(robot)
    policy = _load(files.read_bytes(file, "policy"), file, loaded, assume_contract)
    controller = Controller(policy, loaded)
    report = _native.check(policy.native, loaded.native)
    if report is not None and not report["actions_checked"]:
        _check_actions(policy, report)
    passed = report is not None and not report["findings"]
    if as_json:
        about = {"contract": policy.contract.name, "verdict": controller.verdict, "passed": passed}
        print_json(about | {"overrides": controller.overrides, "golden": report})
    else:
        _print_check(controller.verdict, controller.overrides, report)
    return 0 if passed else 1


def _check_actions(policy: "Policy", report: "Check") -> None:
    """Compares the golden actions with those of an engine outside."""
    golden = json.loads(policy.contract.to_json())["golden"]
    actions = policy.infer([tick["observation"] for tick in golden["ticks"]])
    report["actions_checked"] = True
    for tick, (row, found) in enumerate(zip(golden["ticks"], actions, strict=True)):
        for index, (expected, value) in enumerate(zip(row["action"], found.tolist(), strict=True)):
            error = abs(value - expected) / (1 + abs(expected))
            report["largest_action_error"] = max(report["largest_action_error"], error)
            if error > golden["tolerance"] and not any(entry["what"] == "action" for entry in report["findings"]):
                report["findings"].append(
                    {
                        "what": "action",
                        "tick": tick,
                        "index": index,
                        "indices": [index],
                        "expected": expected,
                        "found": value,
                        "pattern": "another engine ran the network; no pattern looked for",
                    }
                )


def _print_contract(policy: "Policy", contract: dict[str, Any], golden: dict[str, Any] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    console.print(f"{contract['name']}: {contract['description']}")
    console.print(f"  sha256 {policy.contract_sha256} ({policy.basis})", soft_wrap=True)
    console.print(f"  robot {contract['robot']['profile']}, {contract['policy_rate_hz']} Hz, {policy.engine} engine")
    terms = Table("from", "term", "source", "unit", "width", "scale", "history", "lag", title="observation")
    start = 0
    for term in contract["observation"]:
        cells = (start, term["name"], term["source"], term["unit"], term["width"], term["scale"])
        terms.add_row(*map(str, cells), str(term["history"]), str(term["lag"]))
        start += term["width"]
    console.print(terms)
    axes = Table("axis", "unit", "min", "max", "dead zone", title="command")
    for axis in contract["command"]:
        axes.add_row(axis["axis"], axis["unit"], *(f"{axis[key]:g}" for key in ("min", "max", "dead_zone")))
    console.print(axes)
    action = {key: value for key, value in contract["action"].items() if key != "joints"}
    console.print(f"action: {json.dumps(action)} for {len(contract['action']['joints'])} joints")
    head = "added to the targets" if contract["head_command"]["added_to_target"] else "left to the policy"
    console.print(f"head command: {head}")
    console.print(f"phase: {json.dumps(contract.get('phase'))}")
    console.print(f"gains: {json.dumps(contract['gains'])}")
    made_by = f"{len(golden['ticks'])} ticks, made by {golden['made_by']}" if golden else "none"
    console.print(f"golden vectors: {made_by}")


def _print_check(verdict: str, overrides: list[str], report: "Check | None") -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"verdict: [bold]{verdict}[/]")
    for override in overrides:
        console.print(f"  {override}", markup=False, style="yellow")
    if report is None:
        console.print("[bold red]no golden vectors[/]: nothing to check observation and action by")
        return
    for finding in report["findings"]:
        where = f"[bold]{escape(finding['what'])}[/] number {finding['index']} at tick {finding['tick']}"
        values = f"expected {finding['expected']:.6g}, found {finding['found']:.6g}"
        console.print(f"[bold red]differs:[/] {where}: {values}; {escape(finding['pattern'])}")
    if not report["findings"]:
        error = report["largest_action_error"]
        actions = f"largest action error {error:.1e}" if report["actions_checked"] else "actions not compared"
        console.print(f"[bold green]all agrees[/]: {report['ticks']} golden ticks, {actions}")
