"""`gaitway top`: a robot that runs, looked at: joints, timing, faults, who has control."""

import math
from collections import deque
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitway.cli.common.output import print_json
from gaitway.errors import DaemonError

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Timings are the worst of so many looks: five seconds.
LOOKS = 50
_COLOURS = {"running": "green", "ready": "green", "aligning": "yellow", "holding": "red", "limp": "dim", "off": "dim"}
_HOT_C, _OLD_S = 55.0, 0.05


def top(
    path: Annotated[Path | None, typer.Option("--socket", help="Socket of gaitwayd's local API.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Print the state once, then exit.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the state once as one JSON object, then exit.")
    ] = False,
) -> None:
    """Show a robot that runs under gaitwayd, until it ends or Ctrl-C. Changes nothing."""
    from rich.console import Console
    from rich.live import Live

    from gaitway.api import default_socket
    from gaitway.api.follow import follow

    rows = follow(path or default_socket())
    first = next(rows, None)
    if first is None:
        raise DaemonError("the robot said nothing", hint="is it about to start? try again")
    if as_json:
        print_json(first)
        return
    recent: deque[dict[str, Any]] = deque([first], maxlen=LOOKS)
    console = Console()
    if once or not console.is_terminal:
        console.print(screen(recent))
        return
    with Live(screen(recent), console=console, auto_refresh=False, screen=True) as live:
        try:
            for row in rows:
                recent.append(row)
                live.update(screen(recent), refresh=True)
        except KeyboardInterrupt:
            return
    typer.echo("the robot has ended")


def screen(recent: "deque[dict[str, Any]]", *, subtitle: str | None = None) -> "RenderableType":
    """The last of these looks at a robot, its timing the worst of all of them. `subtitle` is markup."""
    from rich.console import Group
    from rich.markup import escape
    from rich.panel import Panel

    row = recent[-1]
    colour = _COLOURS.get(row["state"], "white")
    title = f"{escape(row['robot'])} · [{colour}]{escape(row['state'])}[/] · tick {row['tick']}"
    return Panel(
        Group(_facts(row, recent), "", _joints(row["joints"], _low_v(row["robot"]))), title=title, subtitle=subtitle
    )


def _facts(row: dict[str, Any], recent: "deque[dict[str, Any]]") -> "RenderableType":
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 3))
    fault = row["fault"]
    if row["stopped"]:
        table.add_row("[bold red]emergency stop[/]", "set: c at the terminal of gaitwayd clears it")
    if fault is None:
        table.add_row("fault", "none")
    else:
        where = f" at {fault['joint']}" if fault["joint"] else ""
        table.add_row("fault", f"[bold red]{escape(fault['kind'] + where)}[/]")
        table.add_row("", escape(fault["hint"]))
    command = ", ".join(f"{axis} {value:+.2f}" for axis, value in row["command"].items() if value)
    table.add_row("control", escape(f"{row['owner'] or 'nobody'} ({row['cause']})"), escape(command) or "nothing asked")

    def worst_us(key: str) -> str:
        return f"{max(each[key] for each in recent) / 1000:.0f} µs"

    timing = f"late {worst_us('lateness_ns')}, computing {worst_us('compute_ns')}, whole tick {worst_us('tick_ns')}"
    table.add_row("timing", timing, f"{row['skipped']} ticks left out")
    age_s = row["imu_age_s"]
    dropped = row["implausible"]
    told = f"implausible values dropped: IMU {dropped['imu']}, servos {dropped['servo']}"
    imu = "never heard" if age_s is None else f"{age_s * 1000:.0f} ms old"
    table.add_row("IMU", imu, told if any(dropped.values()) else "")
    return table


@cache
def _low_v(title: str) -> float:
    """Below this the supply of the robot with this title is low, V; 0 for one that does not ship."""
    from gaitway.bringup.motors.judged import charge_soon_v
    from gaitway.robot import Robot

    shipped = (Robot.load(name) for name in Robot.names())
    return next((charge_soon_v(robot) for robot in shipped if robot.title == title), 0.0)


def _joints(joints: list[dict[str, Any]], low_v: float) -> "RenderableType":
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("joint", "goal, rad", "is, rad", "error, °", "age, ms", "V", "°C", "A"):
        table.add_column(title, justify="left" if title == "joint" else "right", no_wrap=True)
    for joint in joints:
        goal, is_at = joint["goal_rad"], joint["position_rad"]
        error = None if goal is None or is_at is None else math.degrees(goal - is_at)
        age, volts, celsius = joint["age_s"], joint["voltage_v"], joint["temperature_c"]
        table.add_row(
            escape(joint["name"]),
            _number(goal, "+.3f"),
            _number(is_at, "+.3f"),
            _number(error, "+.1f"),
            _number(None if age is None else age * 1000, ".0f", is_bad=age is None or age > _OLD_S),
            _number(volts, ".1f", is_bad=volts is not None and volts < low_v),
            _number(celsius, ".0f", is_bad=celsius is not None and celsius > _HOT_C),
            _number(joint["current_a"], "+.2f"),
        )
    return table


def _number(value: float | None, how: str, *, is_bad: bool = False) -> str:
    text = "-" if value is None else format(value, how)
    return f"[bold red]{text}[/]" if is_bad else text
