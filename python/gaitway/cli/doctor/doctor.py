"""`gaitway doctor`: looks at everything a robot needs to run, and says what to do about what is wrong."""

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
    """Check software, machine, servos, IMU, contacts, pad and sound. Moves nothing. Exits with 1 if a check fails."""
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
    # What a robot does not have is not looked at, and not missed.
    vital = ("serial port",) if patient.robot.imu_bus is None else ("serial port", "IMU")
    counts = {verdict.value: sum(finding.verdict == verdict for finding in findings) for verdict in Verdict}
    may_run = not counts["fail"]
    if settings.as_json:
        # `may_walk` is its name in version 0.1.
        print_json(
            {"may_run": may_run, "may_walk": may_run, **counts, "findings": [asdict(finding) for finding in findings]}
        )
    elif console is not None:
        if not may_run:
            verdict = "[bold red]it should not run yet[/]"
        elif any(finding.verdict == Verdict.SKIP and finding.what in vital for finding in findings):
            verdict = "[bold green]nothing is wrong with what could be looked at[/]"
        else:
            verdict = "[bold green]it may run[/]"
        console.print(f"\n{verdict}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if not may_run:
        raise typer.Exit(1)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _tell(console: "Console", finding: "Finding") -> None:
    from rich.markup import escape

    console.print(f"{_MARKS[finding.verdict]}  {finding.what:<26} {escape(finding.found)}")
    if finding.remedy:
        console.print(f"      {'':<26} [cyan]→ {escape(finding.remedy)}[/]")
