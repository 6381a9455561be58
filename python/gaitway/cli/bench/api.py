"""`gaitway bench api`: the local API of a running robot."""

from enum import StrEnum
from typing import Annotated

import typer

from gaitway.cli.common.options import Json, RobotName
from gaitway.cli.common.output import print_json
from gaitway.robots import DEFAULT_ROBOT


class Part(StrEnum):
    """What can be measured."""

    STOP = "stop"
    COMMAND = "command"
    FIGHT = "fight"
    KILLED = "killed"
    BAD = "bad"
    CROWD = "crowd"


def api(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure. Default: everything.")] = None,
    stops: Annotated[int, typer.Option(min=1, max=100_000, help="Stops from Python.")] = 1000,
    others: Annotated[int, typer.Option(min=1, max=100_000, help="Stops of each other client.")] = 100,
    commands: Annotated[int, typer.Option(min=10, max=100_000, help="Commands, fights.")] = 300,
    kills: Annotated[
        int, typer.Option(min=1, max=10_000, help="Clients that are killed; ends of gaitwayd by each signal.")
    ] = 20,
    clients: Annotated[int, typer.Option(min=1, max=30, help="Ordinary clients at once.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Seconds beside clients.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds beside ordinary clients.")] = 3,
    robot: RobotName = DEFAULT_ROBOT,
    as_json: Json = False,
) -> None:
    """Measure the local API on the twin: stops, commands, leases, bad clients. Exits with 1 if a check fails."""
    from gaitway.bench.local_api.bench import Counts, measure_api
    from gaitway.cli.bench.api_report import print_api
    from gaitway.cli.bench.measuring import measuring
    from gaitway.robot import Robot

    counts = Counts(stops, others, commands, kills, clients, seconds, rounds)
    with measuring(shown=not as_json) as progress:
        result = measure_api(Robot.load(robot), parts or list(Part), counts, progress)
    if as_json:
        print_json(result)
    else:
        print_api(result)
    if not all(mark["passed"] for mark in result["marks"]):
        raise typer.Exit(1)
