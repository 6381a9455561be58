"""What `gaitway teleop` is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli.common.options import Json


@dataclass(frozen=True)
class TeleopSettings:
    """Options of `gaitway teleop`, in the order of its help."""

    leader: Annotated[Path, typer.Option(help="Serial port of the arm that a hand moves.")]
    follower: Annotated[
        str, typer.Option(help="Serial port of the arm that follows; or socket or tcp:// address of its gaitwayd.")
    ]
    key: Annotated[Path | None, typer.Option(help="Pairing key of a gaitwayd at a tcp:// address.")] = None
    robot: Annotated[
        str | None, typer.Option(help="Robot of both, by name or profile (default: the one commanded by angles).")
    ] = None
    hz: Annotated[float, typer.Option(min=1.0, max=200.0, help="Commands in a second.")] = 60.0
    seconds: Annotated[float | None, typer.Option(help="Length of the run, s (default: until Ctrl-C).")] = None
    approach_rps: Annotated[
        float, typer.Option(min=0.05, max=3.0, help="Speed at which the follower goes to the leader at first, rad/s.")
    ] = 0.6
    by_share: Annotated[
        list[str] | None,
        typer.Option(help="Map this joint by its share of the recorded range, as a trigger to a gripper. Repeatable."),
    ] = None
    leader_calibration: Annotated[Path | None, typer.Option(help="LeRobot's calibration file of the leader.")] = None
    follower_calibration: Annotated[Path | None, typer.Option(help="LeRobot's calibration file of the follower.")] = (
        None
    )
    leader_config: Annotated[Path | None, typer.Option(help="Configuration with the leader's offsets.")] = None
    follower_config: Annotated[Path | None, typer.Option(help="Configuration with the follower's offsets.")] = None
    policy: Annotated[
        Path | None, typer.Option(help="Policy that goes where its command says (default: the robot's follow).")
    ] = None
    record: Annotated[
        Path | None, typer.Option(help="Folder of recordings (default: ~/.local/state/gaitway/recordings).")
    ] = None
    no_record: Annotated[bool, typer.Option("--no-record", help="Record nothing.")] = False
    as_json: Json = False
