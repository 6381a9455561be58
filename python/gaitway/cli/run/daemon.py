"""What `gaitway run` and gaitwayd have in common: gaitwayd's arguments, and its part of the report."""

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.cli.run.settings import RunSettings
from gaitway.errors import UsageError
from gaitway.robot import Robot

if TYPE_CHECKING:
    from rich.console import Console

    from gaitway.controller import Controller


def refuse_together(way: str, given: dict[str, object]) -> None:
    """Refuses what makes no sense with `way`, by name: the options whose value is not their default."""
    named = [name for name, value in given.items() if value]
    if named:
        raise UsageError(f"{way} and {', '.join(named)} exclude each other", hint="leave one of them out")


def arguments(settings: RunSettings, robot: Robot, row: "array[float]") -> list[str | Path]:
    """gaitwayd's arguments but for policy, port and IMU: each has the name that it has here."""
    name, kp = settings.robot, settings.kp
    if kp is not None and kp not in range(256):
        raise UsageError(f"--kp: expected a whole number from 0 to 255, found {kp}", hint="servos have no other gains")
    profile = robot.folder / "profile.toml" if name in Robot.names() else Path(name)
    wanted = ",".join(f"{axis}={value:.9g}" for axis, value in zip(robot.command_axes, row, strict=True))
    result: list[str | Path] = ["--robot", profile]
    if wanted and not settings.keyboard:
        result += ["--command", wanted]
    options = {
        "--config": settings.config,
        "--loop-hz": settings.loop_hz,
        "--kp": None if kp is None else f"{kp:g}",
        "--assume-contract": settings.assume_contract,
        "--record": settings.record,
        "--socket": settings.socket,
    }
    for flag, value in options.items():
        if value is not None:
            result += [flag, str(value)]
    switches = {"--no-record": settings.no_record, "--keyboard": settings.keyboard}
    return [*result, *(flag for flag, is_given in switches.items() if is_given), *(settings.gaitwayd or [])]


def policy_arguments(controller: "Controller") -> list[str | Path]:
    """Without a name gaitwayd runs the set it carries, which was loaded here, too; another robot's has a file."""
    policy, robot = controller.policy, controller.robot
    if policy.native.set_names and robot.policy_set is not None:
        return [] if robot.is_carried else ["--policy", robot.policy_set]
    return ["--policy", policy.path]


def identity(controller: "Controller", events: list[dict[str, Any]]) -> dict[str, Any]:
    """Who ran, and what of the contract was changed, as gaitwayd's log says."""
    policy = controller.policy
    recordings = [event["file"] for event in events if event["event"] == "recording"]
    return {
        "robot": controller.robot.name,
        "policy": str(policy.path),
        "contract": policy.contract.name,
        "contract_hash": policy.contract_sha256,
        "overrides": [event["what"] for event in events if event["event"] == "override"],
        # Each policy that it was given while it ran begins another one.
        "recording": next(iter(recordings[::-1]), None),
        "recordings": recordings,
    }


def print_daemon(console: "Console", daemon: dict[str, Any]) -> None:
    """Ticks, lateness, what a tick was spent on."""
    late = daemon["lateness_ns"]
    console.print(
        f"gaitwayd: {daemon['ticks']} ticks, {daemon['skipped']} skipped, woke late by p50 {us(late['p50'])}, "
        f"p99 {us(late['p99'])}, p99.9 {us(late['p99_9'])}"
    )
    parts = ", ".join(f"{part} {us(daemon[f'{part}_ns']['p50'])}" for part in ("read", "compute", "write"))
    console.print(
        f"  p50 of {parts}; {daemon['memory_kb']['resident'] / 1000:.1f} MB resident, "
        f"first transaction after {daemon['first_transaction_ms']:.0f} ms, "
        f"first tick of the policy after {daemon['first_policy_ms'] or 0:.0f} ms"
    )


def print_identity(console: "Console", result: dict[str, Any]) -> None:
    """Contract, overrides, recording."""
    from rich.markup import escape

    console.print(f"contract [bold]{escape(result['contract'])}[/]")
    for override in result["overrides"]:
        console.print(f"  [yellow]{escape(override)}[/]")
    for recording in result["recordings"]:
        console.print(f"recording: [bold]{escape(recording)}[/]")


def us(ns: int) -> str:
    """A time for people, in µs."""
    return f"{ns / 1000:.0f} µs"
