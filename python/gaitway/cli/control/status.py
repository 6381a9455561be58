"""`gaitway status`: one look at a running robot."""

from typing import Any

from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.control.opened import opened
from gaitway.cli.control.settings import ConnectionSettings

#: What an older gaitwayd does not say.
_MORE = ("stopped", "lease_holder", "projected_gravity", "angular_velocity_rps", "contacts")


@with_settings(ConnectionSettings)
def status(settings: ConnectionSettings) -> None:
    """Show the state once: fault, control, command, supply, temperature, timing. gaitway top shows joints, live."""
    from gaitway.api.state import checked

    with opened("status", settings) as robot:
        robot.observe()
        connection = robot.connection
        status, joints = connection.newest("status")[1], connection.newest("joints")[1]
        row = checked(connection.hello, status, joints)
        row |= {"contract": robot.contract, **{key: status.get(key) for key in _MORE}}
        units = robot.command_axes
    if settings.as_json:
        print_json(row)
    else:
        _print(row, units)


def _print(row: dict[str, Any], units: dict[str, str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 3))
    table.add_row("robot", f"[bold]{escape(row['robot'])}[/], contract {escape(row['contract'])}")
    stopped = ", [bold red]emergency stop[/]: gaitway clear says how it is cleared" if row["stopped"] else ""
    table.add_row("state", f"[bold]{escape(row['state'])}[/]{stopped}")
    table.add_row("fault", _fault(row))
    if row["fault"] is not None:
        table.add_row("", f"[cyan]hint:[/] {escape(row['fault']['hint'])}")
    holder = f"{row['lease_holder']}, " if row["lease_holder"] else ""
    table.add_row("control", escape(f"{holder}{row['owner'] or 'nobody'} ({row['cause']})"))
    command = ", ".join(f"{axis} {value:+.3f} {units[axis]}" for axis, value in row["command"].items() if value)
    table.add_row("command", escape(command) or "zero")
    table.add_row("supply", _extreme(row["joints"], "voltage_v", min, "V", "lowest", ".1f"))
    table.add_row("temperature", _extreme(row["joints"], "temperature_c", max, "°C", "highest", ".0f"))
    us = {key: f"{row[f'{key}_ns'] / 1000:.0f} µs" for key in ("lateness", "compute", "tick")}
    timing = f"late {us['lateness']}, computing {us['compute']}, whole tick {us['tick']}"
    table.add_row("timing", f"{timing}, {row['skipped']} ticks left out of {row['tick']}")
    age_s = row["imu_age_s"]
    table.add_row("IMU", "never heard" if age_s is None else f"{age_s * 1000:.0f} ms old")
    Console(highlight=False, soft_wrap=True).print(table)


def _fault(row: dict[str, Any]) -> str:
    from rich.markup import escape

    if row["fault"] is None:
        return "none"
    where = f" at {row['fault']['joint']}" if row["fault"].get("joint") else ""
    return f"[bold red]{escape(row['fault']['kind'] + where)}[/]"


def _extreme(joints: list[dict[str, Any]], key: str, pick: Any, unit: str, which: str, how: str) -> str:
    """The lowest or highest of all servos, and whose it is."""
    known = [(joint[key], joint["name"]) for joint in joints if joint[key] is not None]
    if not known:
        return "not read yet"
    value, name = pick(known)
    return f"{value:{how}} {unit}, the {which} ({name})"
