"""What `gaitway bench api` shows people."""

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from gaitway.cli.bench.marks import print_marks

_Row = dict[str, Any]


def print_api(result: _Row) -> None:
    """Prints a table of each part that was measured, and the marks."""
    console = Console(highlight=False)
    period_ms = result["period_ns"] / 1e6
    console.print(f"{result['robot']}, a tick is {period_ms:g} ms; {result['cores']} cores, load {result['load']:.1f}")
    for part, tables in _TABLES.items():
        if part in result:
            for table in tables(result[part]):
                console.print(table)
    print_marks(console, result["marks"])


def _stops(part: _Row) -> list[Table]:
    table = Table(
        "until torque off, ms", "stops", "p50", "p99", "worst", "seen within", title="Stop while another walks"
    )
    for name, way in part["ways"].items():
        how = f"{name} (gradual)" if name in part["gradually"] else name
        off = way["torque_off_ns"]
        table.add_row(how, f"{way['count']}", *_ms(off, "p50", "p99", "max"), _ms(way["unsure_ns"], "p99")[0])
    return [table]


def _commands(part: _Row) -> list[Table]:
    title = f"From {part['axis']} to the goal of {part['joint']}"
    table = Table("ms", "commands", "joint p50", "p99", "worst", "call p50", "p99", "seen within", title=title)
    for name, row in part["commands"].items():
        joint, call = _ms(row["joint_ns"], "p50", "p99", "max"), _ms(row["call_ns"], "p50", "p99")
        table.add_row(name, f"{row['count']}", *joint, *call, _ms(row["unsure_ns"], "p99")[0])
    trips = Table("ms", "p50", "p99", "worst", title="Request and answer")
    for name, row in part["round_trips_ns"].items():
        trips.add_row(name, *_ms(row, "p50", "p99", "max"))
    return [table, trips]


def _fight(part: _Row) -> list[Table]:
    table = Table("", "outcome", "count", title="Two clients")
    words = {"same_source": "the same lease", "agent_beside_network": "agent beside network"}
    for key, name in words.items():
        for outcome, count in sorted(part[key].items()):
            table.add_row(name, "held by both" if outcome == "both" else outcome, f"{count}")
    silent = part["silent_holder"]
    outcome = f"a silent holder's lease of {silent['declared_s']:g} s"
    table.add_row(outcome, "granted to the other", f"after {silent['granted_after_s']:.3f} s")
    return [table]


def _killed(part: _Row) -> list[Table]:
    deadline_ms = part["declared_s"]["deadline"] * 1e3
    title = f"A client that walks and dies; its commands hold {deadline_ms:g} ms"
    table = Table("ms", "count", "slows p50", "worst", "zero p50", "worst", title=title)
    for name in ("SIGKILL", "SIGSTOP"):
        row = part[name]
        table.add_row(name, f"{row['count']}", *_ms(row["asked_ns"], "p50", "max"), *_ms(row["zero_ns"], "p50", "max"))
    return [table]


def _bad(part: _Row) -> list[Table]:
    title = f"Bad clients, {part['seconds']:g} s each, while another walks"
    table = Table("client", "got", "followed", "skipped", "alloc.", "late p50, µs", "p99", title=title)
    for kind, row in part["kinds"].items():
        share = row["followed"] / max(1, row["followed"] + row["not_followed"])
        table.add_row(kind, ", ".join(sorted(row["heard"])) or "nothing", f"{share:.0%}", *_loop(row))
    return [table]


def _crowd(part: _Row) -> list[Table]:
    return [crowd_table(part)]


def crowd_table(part: _Row) -> Table:
    """The loop with and without ordinary clients."""
    heard = f"{part['heard_per_s']:.0f} messages a second heard"
    title = f"{part['clients']} clients at {part['rate_hz']:g} Hz, {heard}"
    table = Table("clients", "ticks", "skipped", "allocations", "late p50, µs", "p99", title=title)
    for name, key in (("none", "nobody"), (f"{part['clients']}", "clients_at_once")):
        table.add_row(name, f"{part[key]['ticks']}", *_loop(part[key]))
    return table


def _loop(row: _Row) -> list[str]:
    late = [f"{row['lateness_ns'][share] / 1000:.1f}" for share in ("p50", "p99")]
    return [f"{row['skipped']}", f"{row['loop_allocations']}", *late]


def _ms(quantiles: _Row, *shares: str) -> list[str]:
    return [f"{quantiles[share] / 1e6:.2f}" for share in shares]


_TABLES: dict[str, Callable[[_Row], list[Table]]] = {
    "stop": _stops,
    "command": _commands,
    "fight": _fight,
    "killed": _killed,
    "bad": _bad,
    "crowd": _crowd,
}
