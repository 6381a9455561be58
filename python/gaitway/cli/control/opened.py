"""The robot that a verb is for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gaitway.cli.control.settings import ConnectionSettings
from gaitway.errors import DaemonError, RefusedError, UsageError

if TYPE_CHECKING:
    from gaitway.api import ConnectedRobot, RobotState

_NO_ROBOT_HINT = "start it: gaitway run --port PORT, gaitway run --twin or gaitwayd; or name its --socket"


@contextmanager
def opened(verb: str, settings: ConnectionSettings) -> "Iterator[ConnectedRobot]":
    """The running robot, until the end of `with`: then this program gives up control.

    Raises DaemonError where no robot answers, UsageError for an address that is none.
    """
    from gaitway.api import ConnectedRobot, connect

    where = address(settings)
    options: dict[str, Any] = {} if settings.key is None else {"key": settings.key}
    client = f"gaitway {verb} (process {os.getpid()})"
    try:
        robot = connect(where, client=client, **options)
    except DaemonError as error:
        hint = _NO_ROBOT_HINT if error.message.startswith("no running gaitwayd") else error.hint
        raise DaemonError(error.message, hint=hint) from error
    with robot:
        assert isinstance(robot, ConnectedRobot), "a socket and tcp: lead to nothing else"
        yield robot


def address(settings: ConnectionSettings) -> str | None:
    """Where the robot is, as `gaitway.connect` takes it; None for the usual socket."""
    if settings.socket is not None and settings.on is not None:
        raise UsageError("--socket and --on exclude each other", hint="--on is for a robot elsewhere")
    if settings.key is not None and settings.on is None:
        raise UsageError("--key: expected --on as well", hint="a robot on this machine needs no key")
    if settings.on is None:
        return None if settings.socket is None else str(settings.socket.absolute())
    scheme, colon, rest = settings.on.partition("://")
    if not colon:
        return f"tcp://{settings.on}"
    if scheme != "tcp" or not rest:
        message = f"--on: expected tcp://HOST or tcp://HOST:PORT, found {settings.on!r}"
        raise UsageError(message, hint="as in --on tcp://duck.local; gaitwayd --listen serves it there")
    return settings.on


def stopped_error() -> RefusedError:
    """The emergency stop is set."""
    hint = "look at the robot; c at the terminal of gaitwayd or gaitway run clears it: gaitway clear says more"
    return RefusedError("the emergency stop is set", hint=hint, code="stopped")


def not_as_asked(title: str, asked: str, seen: "RobotState") -> DaemonError:
    """It is in another state than was asked for, and why."""
    message = f"{title}: expected {asked}, found {seen.state}"
    if seen.fault is not None:
        return DaemonError(f"{message}, with the fault {seen.fault}", hint=seen.fault_hint)
    return DaemonError(message, hint="gaitwayd's log says what it waits for; gaitway doctor looks for the cause")
