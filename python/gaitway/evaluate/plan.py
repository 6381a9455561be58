"""`Plan`: what the evaluation asks of one robot, `evaluation.toml` of its folder as it was read."""

from collections.abc import Mapping
from dataclasses import dataclass

from gaitway import axes
from gaitway.command import VELOCITY_AXES
from gaitway.robot import Robot
from gaitway.sim.description import Description
from gaitway.sim.loader import description_of
from gaitway.sim.tables import Table, read_tables

FILE, SCHEMA = "evaluation.toml", "gaitway.evaluation/1"

#: Command rows, in the order of `gaitway.axes()`: velocities in m/s and rad/s, angles in rad.
Row = tuple[float, ...]

#: No command is larger, m/s, rad/s or rad.
_MOST = 100.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands and sizes of one robot's evaluation."""

    #: What stands beside the robot's profile.
    description: Description
    #: Length of a tick, s.
    tick_s: float
    #: The floor's friction in the model file.
    floor_friction: float
    #: Ticks of the gait.
    gait_ticks: int
    #: Commands that tracking is judged by, those between and beside them, and those at each point of a sweep.
    grid: tuple[Row, ...]
    more: tuple[Row, ...]
    sweep: tuple[Row, ...]
    #: Head commands, each standing and with another beside it.
    heads: tuple[Row, ...]
    heads_walk: Row
    #: Steps of the command from standing, by axis.
    steps: Mapping[str, Row]
    #: What a robot does while it is pushed, by name; the speeds of pushes, m/s, and the time between them, s.
    pushed: Mapping[str, Row]
    push_speeds_mps: tuple[float, ...]
    push_every_s: tuple[float, float]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are judged, as the community trains and judges in: with play in the gears; and without, where
        the same servo setting was identified as a softer spring.
        """
        return ("flat",) if self.description.backlash is None else ("backlash", "flat")

    @property
    def head(self) -> tuple[str, ...]:
        """The joints of the head that follow the command of their name."""
        return head_of(self.description)


def head_of(description: Description) -> tuple[str, ...]:
    """The joints of a robot's head that follow the command of their name."""
    known = axes()
    return tuple(joint for joint in description.group("head") if joint in known)


def load_plan(robot: Robot) -> Plan:
    """The plan beside a robot's profile. Raises ProfileError with every mistake of the file."""
    return read_tables(robot.folder / FILE, "plan of the evaluation", SCHEMA, lambda table: _plan(table, robot))


def _plan(table: Table, robot: Robot) -> Plan:
    table.text("schema")
    commands, pushes = table.table("commands"), table.table("pushes")
    steps, pushed = commands.table("steps"), commands.table("pushed")
    for axis in steps.keys:
        if axis not in VELOCITY_AXES:
            steps.refuse(axis, f"an axis of {', '.join(VELOCITY_AXES)}")
    plan = Plan(
        description=description_of(robot),
        tick_s=1.0 / robot.control_hz,
        floor_friction=table.number("floor_friction", 0.01, 100.0),
        gait_ticks=round(table.number("gait_ticks", 1, 1e6)),
        grid=tuple(_row(row) for row in commands.tables("grid")),
        more=tuple(_row(row) for row in commands.tables("more")),
        sweep=tuple(_row(row) for row in commands.tables("sweep")),
        heads=tuple(_row(row) for row in commands.tables("heads")),
        heads_walk=_row(commands.table("heads_walk")),
        steps={axis: row_of({axis: steps.number(axis, -_MOST, _MOST)}) for axis in steps.keys},
        pushed={name: _row(pushed.table(name)) for name in pushed.keys},
        push_speeds_mps=pushes.some_numbers("speeds_mps", 0.0, 10.0),
        push_every_s=pushes.range("every_s", 0.1, 3600.0),
    )
    if not plan.grid:
        commands.refuse("grid", "at least one command")
    for part in (commands, pushes, table):
        part.finish()
    return plan


def _row(table: Table) -> Row:
    values = {axis: table.number(axis, -_MOST, _MOST, 0.0) for axis in axes()}
    table.finish()
    return row_of(values)


def row_of(values: Mapping[str, float]) -> Row:
    """A command row; an axis that is not named is zero."""
    return tuple(values.get(axis, 0.0) for axis in axes())


def with_axes(row: Row, other: Row) -> Row:
    """The sum of two commands that ask for different axes."""
    return tuple(first + second for first, second in zip(row, other, strict=True))
