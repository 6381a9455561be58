"""The closing report of `gaitway run --port`."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape

from gaitway.cli.run.daemon import print_daemon, print_identity

#: Why gaitwayd begins anew, in its words.
_ANOTHER_POLICY = "another policy"


def print_report(result: dict[str, Any], events: list[dict[str, Any]], joints: list[str]) -> None:
    """How long the policy ran, why it ended, faults, servos, and gaitwayd's own figures."""
    console = Console(highlight=False, soft_wrap=True)
    fell = f"[bold red]{result['falls']} fall(s)[/]" if result["falls"] else "[bold green]no fall[/]"
    ended = ", ended as asked" if result["interrupted"] else ""
    if result["gaitwayd"]["policy_ticks"]:
        console.print(f"ran its policy for [bold]{result['seconds']:.1f} s[/]{ended}, {fell}")
    else:
        console.print(f"[yellow]never ran its policy[/]{ended}: {escape(_why(events))}")
    if any(event["event"] == "stopping" and event["why"] == _ANOTHER_POLICY for event in events):
        console.print("[yellow]it was given another policy meanwhile: the figures are those since then[/]")
    if result["command_ended"] is not None:
        console.print(f"[yellow]its command ended before: {escape(result['command_ended'])}[/]")
    stops = [str(event["by"]) for event in events if event["event"] == "emergency stop"]
    if stops:
        console.print(f"[bold red]emergency stop[/] by {escape(', '.join(stops))}")
    faults = Counter(_fault(event) for event in events if event["event"] == "fault")
    if faults:
        console.print("faults: " + ", ".join(f"{escape(fault)} × {count}" for fault, count in faults.items()))
    _print_servos(console, result["gaitwayd"]["servos"], joints)
    print_daemon(console, result["gaitwayd"])
    print_identity(console, result)


def _why(events: list[dict[str, Any]]) -> str:
    """What kept it from its policy, as gaitwayd said last."""
    kept = [event for event in events if event["event"] in ("stays limp", "policy waits")]
    return str(kept[-1]["why"]) if kept else "it ended before"


def _fault(event: dict[str, Any]) -> str:
    return str(event["fault"]) + (f" at {event['joint']}" if event.get("joint") else "")


def _print_servos(console: Console, servos: list[dict[str, Any]], joints: list[str]) -> None:
    named = list(zip(joints, servos, strict=False))
    volts = [(servo["voltage_v"], joint) for joint, servo in named if servo["voltage_v"] is not None]
    heat = [(servo["temperature_c"], joint) for joint, servo in named if servo["temperature_c"] is not None]
    if volts and heat:
        (low_v, low), (high_c, hot) = min(volts), max(heat)
        misses = sum(servo["misses"] for servo in servos)
        console.print(
            f"servos at the end: lowest supply {low_v:.1f} V ({escape(low)}), hottest {high_c:.0f} °C "
            f"({escape(hot)}), {misses} answers missed"
        )
