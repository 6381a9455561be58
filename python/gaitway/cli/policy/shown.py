"""What `gaitway policy` shows to people."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaitway._native import Check, Survey
    from gaitway.errors import PolicyError
    from gaitway.policy import Policy

#: Metadata is told as far as this: some is a whole configuration.
_LONGEST = 300


def print_network(file: Path, network: "Survey") -> None:
    """What the file has, and what keeps the native engine from running it."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    opsets = ", ".join(f"{domain or 'onnx'} {version}" for domain, version in network["opsets"])
    console.print(f"{file}: written by {network['producer'] or 'an unknown program'}, opset {opsets or 'not named'}")
    for kind in ("inputs", "outputs"):
        for port in network[kind]:
            console.print(f"  {kind[:-1]} {port['name']}: {port['type']} {port['shape']}")
    console.print(f"  operators: {', '.join(f'{name} × {count}' for name, count in network['operators'].items())}")
    for key, value in network["metadata"].items():
        if not key.startswith("gaitway."):
            console.print(f"  {key}: {value if len(value) <= _LONGEST else value[:_LONGEST] + ' …'}")
    for warning in network_warnings(network):
        console.print(f"suspicious: {warning}", style="yellow")
    for obstacle in network["obstacles"]:
        console.print(f"in the way: {obstacle['message']}", style="yellow")
        console.print(f"  hint: {obstacle['hint']}")


def network_warnings(network: "Survey") -> list[str]:
    """What of the file's metadata is not to be believed."""
    from gaitway.onnx_metadata import metadata_warnings, row_length

    lengths = [row_length(port["shape"]) for port in network["outputs"]]
    return metadata_warnings(network["metadata"], lengths[0] if len(lengths) == 1 else None)


def print_refusal(refusal: "PolicyError") -> None:
    """Why there is no contract to show."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"no contract: {refusal.message}", style="yellow")
    console.print(f"  hint: {refusal.hint}")


def print_contract(policy: "Policy") -> None:
    """The contract, for people."""
    from rich.console import Console
    from rich.table import Table

    contract = json.loads(policy.contract.to_json())
    golden = contract.pop("golden", None)
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


def print_comparison(found: dict[str, Any], agrees: bool) -> None:
    """Two engines on one network, for people."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    lengths = (" + ".join(map(str, found[ports].values())) for ports in ("inputs", "outputs"))
    size = f"{' → '.join(lengths)}, {found['parameters']:,} parameters"
    console.print(f"{found['file']}: {size}, {', '.join(f'{name} × {n}' for name, n in found['operators'].items())}")
    words, style = ("agrees with", "green") if agrees else ("differs from", "red")
    console.print(f"{words} onnxruntime on {found['rows']} random observations", style=style)
    error = f"{found['largest_error']:.1e} of 1 + |b|"
    console.print(
        f"  largest difference: {error}; {found['largest_error_of_row']:.1e} of 1 + the observation's largest |b|"
    )
    times = f"{found['native_ns'] / 1e3:.1f} µs an observation ({found['cpu_path']})"
    peer = f"onnxruntime, one thread: {found['onnxruntime_ns'] / 1e3:.1f} µs"
    console.print(f"  {times}; {peer}; ratio {found['ratio']:.2f}")


def print_check(verdict: str, overrides: list[str], report: "Check | None") -> None:
    """What the golden vectors found, for people."""
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
