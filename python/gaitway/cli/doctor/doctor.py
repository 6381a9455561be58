"""`gaitway doctor`: looks at everything a robot needs to walk, and says what to do about what is wrong."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from gaitway.cli.common.options import found_config
from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.doctor.settings import DoctorSettings
from gaitway.errors import UsageError
from gaitway.robot import Robot

if TYPE_CHECKING:
    from rich.console import Console

    from gaitway.bringup.doctor import Finding

_MARKS = {"pass": "[green]pass[/]", "warn": "[yellow]warn[/]", "fail": "[bold red]FAIL[/]", "skip": "[dim]skip[/]"}


@with_settings(DoctorSettings)
def doctor(settings: DoctorSettings) -> None:
    """Check software, machine, servos, IMU, feet, gamepad and sound. Moves nothing. Exits with 1 if a check fails."""
    from gaitway.bringup.doctor import Patient, Verdict, visit

    if settings.no_config and settings.config is not None:
        raise UsageError("--config and --no-config exclude each other", hint="give one of them")
    patient = Patient(
        Robot.load(settings.robot),
        port=settings.port,
        config=None if settings.no_config else found_config(settings.config),
        policy=settings.policy,
        imu=settings.imu,
        imu_calibration=settings.imu_calibration,
        feet=settings.feet,
        sounds=settings.sounds,
        recordings=settings.recordings,
        system=settings.system,
        no_config=settings.no_config,
    )
    findings = []
    console = None if settings.as_json else _console()
    for finding in visit(patient):
        findings.append(finding)
        if console is not None:
            _tell(console, finding)
    counts = {verdict.value: sum(finding.verdict == verdict for finding in findings) for verdict in Verdict}
    may_walk = not counts["fail"]
    if settings.as_json:
        print_json({"may_walk": may_walk, **counts, "findings": [asdict(finding) for finding in findings]})
    elif console is not None:
        if not may_walk:
            verdict = "[bold red]it should not walk yet[/]"
        elif any(finding.verdict == Verdict.SKIP and finding.what in ("serial port", "IMU") for finding in findings):
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
