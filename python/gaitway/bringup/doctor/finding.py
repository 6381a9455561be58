"""`Finding`: one thing the doctor looked at."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gaitway import _native


class Verdict(StrEnum):
    """How it is."""

    PASS = "pass"
    #: It runs all the same, worse.
    WARN = "warn"
    #: It does not run, or should not.
    FAIL = "fail"
    #: Not looked at: something before it failed, or the robot has none.
    SKIP = "skip"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    #: What was looked at, short and always the same.
    what: str
    verdict: Verdict
    #: What was found.
    found: str
    #: What the person can do about it; empty where nothing is to be done.
    remedy: str = ""


def passed(what: str, found: str) -> Finding:
    """It is as it must be."""
    return Finding(what, Verdict.PASS, found)


def warned(what: str, found: str, remedy: str) -> Finding:
    """It could be better."""
    return Finding(what, Verdict.WARN, found, remedy)


def failed(what: str, found: str, remedy: str) -> Finding:
    """It keeps the robot from running."""
    return Finding(what, Verdict.FAIL, found, remedy)


def skipped(what: str, why: str) -> Finding:
    """It was not looked at."""
    return Finding(what, Verdict.SKIP, why)


def in_use(path: Path) -> str | None:
    """Which program uses a device or a socket, in words; None where nobody does."""
    holder = _native.holder(path)
    return None if holder is None else f"in use by {holder[1] or 'another program'}, process {holder[0]}"
