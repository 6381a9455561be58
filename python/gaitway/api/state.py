"""How a running robot is, in one look."""

from dataclasses import dataclass
from typing import Any

from gaitway.errors import DaemonError


@dataclass(frozen=True)
class JointState:
    """One joint; what is not known is None."""

    name: str
    goal_rad: float | None
    position_rad: float | None
    age_s: float | None
    voltage_v: float | None
    temperature_c: float | None
    current_a: float | None


@dataclass(frozen=True)
class RobotState:
    """One tick of a running robot."""

    tick: int
    #: The robot's clock, ns.
    clock_ns: int
    #: off, limp, aligning, ready, running or holding.
    state: str
    #: Whether the emergency stop is set.
    stopped: bool
    #: Kind of the gravest fault, and what can be done about it; None without one.
    fault: str | None
    fault_hint: str
    #: Who has control, or had it last.
    owner: str | None
    #: The command by axis, in the axes' units.
    command: dict[str, float | None]
    #: Joints by name.
    joints: dict[str, JointState]


#: What a status has, and of which kind.
_STATUS: dict[str, Any] = {
    "tick": int,
    "state": str,
    "stopped": bool,
    "fault": dict | None,
    "owner": str | None,
    "cause": str,
    "command": dict,
    "imu_age_s": float | int | None,
    "lateness_ns": int,
    "tick_ns": int,
    "compute_ns": int,
    "skipped": int,
    "implausible": dict,
}
_JOINT = ("goal_rad", "position_rad", "age_s", "voltage_v", "temperature_c", "current_a")


def checked(hello: dict[str, Any], status: dict[str, Any], joints: dict[str, Any]) -> dict[str, Any]:
    """Title, status and joints with their names as one row. Raises DaemonError for messages that lack something."""
    try:
        for key, kind in _STATUS.items():
            if not isinstance(status[key], kind):
                raise TypeError(key)
        rows = [
            {"name": str(name), **_numbers(row)} for name, row in zip(hello["joints"], joints["joints"], strict=True)
        ]
        for values in (status["implausible"], status["command"]):
            _expect_numbers(values)
        if status["fault"] is not None:
            str(status["fault"]["kind"]), str(status["fault"]["hint"])
        return {"robot": str(hello["title"]), **{key: status[key] for key in _STATUS}, "joints": rows}
    except (KeyError, TypeError, ValueError) as error:
        raise _no_status(error) from error


def _expect_numbers(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if not isinstance(value, float | int | None):
            raise TypeError(name)


def _no_status(error: Exception) -> DaemonError:
    message = f"expected the status of a robot, found a message without a usable {error}"
    return DaemonError(message, hint="update the older of the two, gaitwayd or this package")


def state_of(names: list[str], status: dict[str, Any], joints: dict[str, Any]) -> RobotState:
    """From messages of both topics. Raises DaemonError for messages that lack something."""
    try:
        fault = status["fault"]
        rows = zip(names, joints["joints"], strict=True)
        return RobotState(
            tick=int(status["tick"]),
            clock_ns=int(status["clock_ns"]),
            state=str(status["state"]),
            stopped=bool(status["stopped"]),
            fault=None if fault is None else str(fault["kind"]),
            fault_hint="" if fault is None else str(fault["hint"]),
            owner=status["owner"],
            command=dict(status["command"]),
            joints={name: JointState(name, **_numbers(row)) for name, row in rows},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_status(error) from error


def _numbers(row: dict[str, Any]) -> dict[str, float | None]:
    return {name: None if row[name] is None else float(row[name]) for name in _JOINT}
