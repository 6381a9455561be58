"""How a running robot is, in one look."""

from dataclasses import dataclass, field
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
    #: What the policy wants, before the safety filter, rad.
    target_rad: float | None = None
    #: What the safety filter changed of the target: range, velocity, non_finite, fallen.
    limits: tuple[str, ...] = ()


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
    #: Which source has control, or had it last: program, agent, network, keyboard, pad.
    owner: str | None
    #: The command by axis, in the axes' units.
    command: dict[str, float | None]
    #: Joints by name.
    joints: dict[str, JointState]
    #: Unit vector of gravity in the trunk's frame, (0, 0, -1) upright; None without an IMU.
    projected_gravity: tuple[float, float, float] | None = None
    #: Angular velocity in the trunk's frame, rad/s.
    angular_velocity_rps: tuple[float, float, float] | None = None
    #: Contacts by name: whether each is on the ground; None where that is not known.
    contacts: dict[str, bool | None] = field(default_factory=dict)
    #: Name of the client that has control.
    lease_holder: str | None = None


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


def state_of(hello: dict[str, Any], status: dict[str, Any], joints: dict[str, Any]) -> RobotState:
    """From messages of both topics. Raises DaemonError for messages that lack something.

    What an older robot does not say is None, or nothing.
    """
    try:
        fault = status["fault"]
        rows = zip(hello["joints"], joints["joints"], strict=True)
        # Empty of a robot that is not up yet, too.
        contacts = status.get("contacts") or [None] * len(hello["contacts"])
        return RobotState(
            tick=int(status["tick"]),
            clock_ns=int(status["clock_ns"]),
            state=str(status["state"]),
            stopped=bool(status["stopped"]),
            fault=None if fault is None else str(fault["kind"]),
            fault_hint="" if fault is None else str(fault["hint"]),
            owner=status["owner"],
            command=dict(status["command"]),
            joints={str(name): _joint(str(name), row) for name, row in rows},
            projected_gravity=_vector(status.get("projected_gravity")),
            angular_velocity_rps=_vector(status.get("angular_velocity_rps")),
            contacts=dict(zip(map(str, hello["contacts"]), contacts, strict=True)),
            lease_holder=status.get("lease_holder"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_status(error) from error


def _joint(name: str, row: dict[str, Any]) -> JointState:
    target_rad = row.get("target_rad")
    limits = tuple(str(limit) for limit in row.get("limits", ()))
    return JointState(
        name, **_numbers(row), target_rad=None if target_rad is None else float(target_rad), limits=limits
    )


def _vector(row: Any) -> tuple[float, float, float] | None:
    if row is None:
        return None
    x, y, z = row
    return float(x), float(y), float(z)


def _numbers(row: dict[str, Any]) -> dict[str, float | None]:
    return {name: None if row[name] is None else float(row[name]) for name in _JOINT}
