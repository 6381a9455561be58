"""`gaitway policy`: look into a policy file, write a contract into it, check it."""

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.cli.policy.draft import draft, refuse_open_questions
from gaitway.cli.policy.policy_set import check_set
from gaitway.cli.policy.shown import network_warnings, print_check, print_contract, print_network, print_refusal
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


app.command()(draft)


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
    """Show the network of a policy file, what keeps it from running, and its contract."""
    from gaitway import _native, files
    from gaitway.robot import Robot

    data = files.read_policy(file)
    policy: Policy | None = None
    refusal: PolicyError | None = None
    output: str | None = None
    try:
        policy = _load(data, file, Robot.load(robot), assume_contract)
    except PolicyError as error:
        refusal = error
    else:
        output = json.loads(policy.contract.to_json())["network"]["output"]
    # What is no ONNX file has nothing to show.
    network = _native.survey(data, output)
    if as_json:
        print_json(_facts(policy, refusal) | {"network": network, "warnings": network_warnings(network)})
        return
    print_network(file, network)
    if policy is not None:
        print_contract(policy)
    elif refusal is not None:
        print_refusal(refusal)


def _facts(policy: "Policy | None", refusal: PolicyError | None) -> dict[str, Any]:
    """What is known of the contract: all of it, or why there is none."""
    if policy is None:
        refused = None if refusal is None else {"error": refusal.message, "hint": refusal.hint}
        nothing = dict.fromkeys(("sha256", "basis", "engine", "contract"))
        return nothing | {"golden_ticks": 0, "refused": refused}
    contract = json.loads(policy.contract.to_json())
    golden = contract.pop("golden", None)
    about = {"sha256": policy.contract_sha256, "basis": policy.basis, "engine": policy.engine, "refused": None}
    return about | {"golden_ticks": len(golden["ticks"]) if golden else 0, "contract": contract}


@app.command()
def embed(
    file: _File,
    contract: Annotated[Path, typer.Argument(help="Contract, JSON; golden ticks are made where it has none.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to; the file itself where left out.")
    ] = None,
    robot: _RobotOption = DEFAULT_ROBOT,
    as_json: _Json = False,
) -> None:
    """Write a contract into an ONNX file, which is then complete on its own.

    Golden ticks of invented sensors and commands are added to a contract without, by code that is independent of the
    engine; gaitway policy check runs them.
    """
    from gaitway import Contract, _native, files
    from gaitway.cli.policy.golden_ticks import with_golden
    from gaitway.robot import Robot

    text = files.read_text(contract, "contract")
    with contextlib.suppress(json.JSONDecodeError):
        # What is no JSON is told by who reads the contract.
        refuse_open_questions(json.loads(text), contract)
    description = Contract.from_json(text)
    network, loaded = files.read_policy(file), Robot.load(robot)
    if "golden" not in json.loads(description.to_json()):
        description = with_golden(description, network, file, loaded)
    data = _native.embed(network, description)
    # Loaded before it is written: a contract that does not fit its network must not reach a file.
    embedded = _load(data, output or file, loaded)
    files.write_bytes(output or file, data, "policy")
    golden = json.loads(description.to_json())["golden"]
    about = {"ticks": len(golden["ticks"]), "made_by": golden["made_by"]}
    warnings = _gain_warnings(json.loads(text))
    if as_json:
        facts = {"file": str(output or file), "sha256": embedded.contract_sha256}
        print_json(facts | {"golden": about, "warnings": warnings})
    else:
        typer.echo(f"{output or file}: contract {description.name}, sha256 {embedded.contract_sha256}")
        typer.echo(f"  {about['ticks']} golden ticks, made by {about['made_by']}")
        for warning in warnings:
            typer.echo(f"suspicious: {warning}", err=True)


def _gain_warnings(contract: dict[str, Any]) -> list[str]:
    """Of a contract as it was written: one number for all joints, or a list."""
    from gaitway.onnx_metadata import gain_warnings

    kp, kd = ([gain] if isinstance(gain, int | float) else gain for gain in map(contract["gains"].get, ("kp", "kd")))
    # Registers of servos may well hold a damping of zero.
    return gain_warnings(kp, kd if any(str(value).startswith("-") for value in kd) else ())


@app.command()
def inline(
    file: _File,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to; the file itself where left out.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Bring weights that lie in files beside an ONNX file into it, as gaitwayd asks for."""
    from gaitway import _native, files

    before = files.read_bytes(file, "policy")
    data = files.read_policy(file)
    # What is no ONNX file has no weights.
    _native.survey(data)
    files.write_bytes(output or file, data, "policy")
    brought = len(data) - len(before)
    if as_json:
        print_json({"file": str(output or file), "bytes": len(data), "brought_in": brought})
    else:
        told = f"{brought:,} bytes brought in" if brought else "all weights were inside"
        typer.echo(f"{output or file}: {told}, {len(data):,} bytes")


@app.command()
def compare(
    file: _File,
    rows: Annotated[int, typer.Option(min=1, max=1_000_000, help="Random observations.")] = 2000,
    output: Annotated[str | None, typer.Option(help="This output alone, where the file has several.")] = None,
    as_json: _Json = False,
) -> int:
    """Run the native engine beside onnxruntime on random observations: the largest difference and both times.

    Any ONNX file, with or without a contract. Exit codes: 0 they agree, 1 they differ by more than 1e-5 (of a float16
    network 2e-3) of 1 + the largest |b| of an observation's outputs, 2 one of them cannot run the file.
    """
    from gaitway.bench.compare import compare as run
    from gaitway.cli.policy.shown import print_comparison

    found = run(file, rows, output=output)
    agrees: bool = found["largest_error_of_row"] <= found["tolerance"]
    if as_json:
        print_json(found | {"agrees": agrees})
    else:
        print_comparison(found, agrees)
    return 0 if agrees else 1


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

    if file.suffix == ".toml":
        return check_set(file, robot, as_json=as_json)
    loaded = Robot.load(robot)
    policy = _load(files.read_policy(file), file, loaded, assume_contract)
    controller = Controller(policy, loaded)
    report = _native.check(policy.native, loaded.native)
    if report is not None and not report["actions_checked"]:
        _check_actions(policy, report)
    passed = report is not None and not report["findings"]
    if as_json:
        about = {"contract": policy.contract.name, "verdict": controller.verdict, "passed": passed}
        print_json(about | {"overrides": controller.overrides, "golden": report})
    else:
        print_check(controller.verdict, controller.overrides, report)
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
