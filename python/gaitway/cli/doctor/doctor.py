"""`gaitway doctor`: looks at everything a duck needs to walk, and says what to do about what is wrong."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitway.cli.common.options import DEFAULT_PORT, Config, ImuBus, Json, Port, RobotName, found_config
from gaitway.cli.common.output import print_json
from gaitway.errors import UsageError
from gaitway.robot import DEFAULT_ROBOT, Robot

if TYPE_CHECKING:
    from rich.console import Console

    from gaitway.bringup.doctor import Finding

_MARKS = {"pass": "[green]pass[/]", "warn": "[yellow]warn[/]", "fail": "[bold red]FAIL[/]", "skip": "[dim]skip[/]"}


def doctor(
    port: Port = DEFAULT_PORT,
    config: Config = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="The profile alone is right, as for a twin.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Policy; the robot's own where left out.")] = None,
    imu: ImuBus = None,
    imu_calibration: Annotated[Path | None, typer.Option(help="What gaitway imu calibrate wrote.")] = None,
    feet: Annotated[Path | None, typer.Option(help="GPIO chip of the foot switches; the header's if left out.")] = None,
    sounds: Annotated[Path | None, typer.Option(help="Folder of .wav files.")] = None,
    recordings: Annotated[Path | None, typer.Option(help="Where recordings go.")] = None,
    robot: RobotName = DEFAULT_ROBOT,
    system: Annotated[Path, typer.Option(hidden=True)] = Path("/"),
    as_json: Json = False,
) -> None:
    """Looks at software, machine, servos, IMU, feet, pad and sound; nothing moves. Exits with 1 where one fails."""
    from gaitway.bringup.doctor import Patient, Verdict, visit

    if no_config and config is not None:
        raise UsageError("--config and --no-config exclude each other", hint="give one of them")
    named = None if no_config else found_config(config)
    patient = Patient(
        Robot.load(robot), port, named, policy, imu, imu_calibration, feet, sounds, recordings, system, no_config
    )
    findings = []
    console = None if as_json else _console()
    for finding in visit(patient):
        findings.append(finding)
        if console is not None:
            _tell(console, finding)
    counts = {verdict.value: sum(finding.verdict == verdict for finding in findings) for verdict in Verdict}
    may_walk = not counts["fail"]
    if as_json:
        print_json({"may_walk": may_walk, **counts, "findings": [asdict(finding) for finding in findings]})
    elif console is not None:
        if not may_walk:
            verdict = "[bold red]it should not walk yet[/]"
        elif counts["skip"]:
            verdict = "[bold green]nothing is wrong with what could be looked at[/]"
        else:
            verdict = "[bold green]it may walk[/]"
        console.print(f"\n{verdict}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if not may_walk:
        raise typer.Exit(1)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _tell(console: "Console", finding: "Finding") -> None:
    from rich.markup import escape

    console.print(f"{_MARKS[finding.verdict]}  {finding.what:<26} {escape(finding.found)}")
    if finding.remedy:
        console.print(f"      {'':<26} [cyan]→ {escape(finding.remedy)}[/]")
