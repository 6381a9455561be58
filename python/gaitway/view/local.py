"""`LocalSource`: a robot that runs under gaitwayd, real or the twin, seen and steered through its local API."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gaitway.api import Connection
from gaitway.api.address import transport_to
from gaitway.errors import DaemonError, GaitwayError, ProfileError
from gaitway.robot import Robot
from gaitway.view.control import CLIENT, Control
from gaitway.view.source import State, Steering

#: Messages of each topic a second: what the page is sent.
_RATE_HZ = 30.0
#: Between two tries to find the robot again, s.
_RETRY_S = 0.5
#: A robot that answers, but whose ticks do not go on for so long, stands still, s.
_STANDS_STILL_S = 0.5
_MODES = ("run", "stand", "limp")
#: Those who are at the robot, and stronger than every client, as the status names them.
_AT_THE_ROBOT = {"terminal": "the keyboard of the robot", "pad": "a gamepad"}
_CLEARING = (
    "Only somebody at the robot clears it: look at the robot, then press c at the terminal of gaitwayd, or use the "
    "robot's own gamepad. Under gaitway run --twin: start it again."
)


class LocalSource:
    """The robot behind a socket, or at tcp://HOST:PORT; found again whenever it was lost, control is never resumed.

    `robot` is its profile, where the robot is none that ships; `key` the file of the pairing key for tcp. Raises
    DaemonError where no robot answers now, ProfileError for a robot with other joints than its profile.
    """

    def __init__(self, where: Path | str, robot: Robot | None = None, *, key: Path | None = None) -> None:
        self.where = where
        self._key = key
        self._latest: State | None = None
        self._lost: str | None = None
        self._ended: str | None = None
        self._closing = threading.Event()
        self._control: Control | None = None
        self._ranges: dict[str, tuple[float, float]] = {}
        self._robot = robot
        first = self._open()
        self._thread = threading.Thread(target=self._run, args=(first,), name="local API source", daemon=True)
        self._thread.start()

    @property
    def robot(self) -> Robot:
        """The robot it is."""
        assert self._robot is not None
        return self._robot

    @property
    def steering(self) -> Steering:
        """What the policy follows, stop, and the modes; a stop is cleared at the robot only."""
        modes: dict[str, Callable[[], None]] = {mode: lambda mode=mode: self._asked().mode(mode) for mode in _MODES}  # type: ignore[misc]
        command = self.command if self._ranges else None
        return Steering(self._ranges, command, lambda: self._asked().stop(), None, modes)

    def command(self, values: Mapping[str, float]) -> str | None:
        """Commands these axes; why the robot does not follow. Raises RefusedError, and DaemonError while it is gone."""
        return self._asked().command(values)

    def latest(self) -> State | None:
        """The newest state."""
        return self._latest

    @property
    def lost(self) -> str | None:
        """Why nothing comes at the moment."""
        return self._lost

    @property
    def ended(self) -> str | None:
        """Why nothing more will come: `close` was called."""
        return self._ended

    def close(self) -> None:
        """Ends the connection, and gives control up."""
        self._closing.set()
        self._thread.join()

    def _asked(self) -> Control:
        if self._control is None:
            raise DaemonError(self._lost or "the robot is not there", hint="the view goes on looking for it")
        return self._control

    def _open(self) -> Connection:
        connection = Connection(transport_to(self.where, self._key), client=CLIENT)
        try:
            hello = connection.hello
            robot = self._robot if self._robot is not None else _shipped(str(hello.get("robot")))
            if list(hello["joints"]) != robot.joint_names:
                found = f"expected the joints of {robot.name}, found those of {hello.get('robot')}"
                raise ProfileError(f"{self.where}: {found}", hint="name the robot's profile: --robot PATH/profile.toml")
            ranges = {
                str(axis["name"]): (float(axis["min"]), float(axis["max"]))
                for axis in hello["axes"]
                if axis.get("min") is not None and axis.get("max") is not None and axis["min"] < axis["max"]
            }
            connection.request("subscribe", topics=["status", "joints"], rate_hz=_RATE_HZ)
            control = Control(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, KeyError | TypeError | ValueError) and not isinstance(error, GaitwayError):
                raise _unreadable(error) from error
            raise
        self._robot, self._ranges, self._control, self._lost = robot, ranges, control, None
        return connection

    def _run(self, connection: Connection | None) -> None:
        while not self._closing.is_set():
            if connection is not None:
                self._follow(connection)
                self._control = None
                connection.close()
            connection = self._again()
        if connection is not None:
            connection.close()
        self._ended = "gaitway view has ended"

    def _again(self) -> Connection | None:
        """Another try to find the robot; None where it failed, which `lost` tells."""
        if self._closing.wait(_RETRY_S):
            return None
        try:
            return self._open()
        except DaemonError:
            # A socket that is gone was taken away in order; one that nobody serves was left behind.
            has_ended = isinstance(self.where, Path) and not self.where.exists()
            self._lost = "gaitwayd has ended" if has_ended else "gaitwayd has died, or does not answer"
        except GaitwayError as error:
            self._lost = error.message
        return None

    def _follow(self, connection: Connection) -> None:
        """Shows what the robot says, until the connection ends."""
        count, tick, moved_s = 0, -1, time.monotonic()
        while not self._closing.is_set():
            try:
                count, joints = connection.newest("joints", after=count, timeout_s=1.0)
                _, status = connection.newest("status")
                state = _state_of(self.robot, connection.hello, status, joints, is_held=self._asked().is_held)
                self._asked().give_up_when_idle()
            except GaitwayError as error:
                self._lost = error.message
                if connection.has_ended:
                    return
                continue
            now_s = time.monotonic()
            if joints["tick"] != tick:
                tick, moved_s, self._latest, self._lost = joints["tick"], now_s, state, None
            elif now_s - moved_s > _STANDS_STILL_S:
                self._lost = "gaitwayd answers, but its control loop stands still"


def _shipped(name: str) -> Robot:
    if name not in Robot.names():
        hint = "name the robot's profile: --robot PATH/profile.toml"
        raise ProfileError(f"expected a robot that ships, {' or '.join(Robot.names())}, found {name}", hint=hint)
    return Robot.load(name)


def _state_of(
    robot: Robot, hello: dict[str, Any], status: dict[str, Any], joints: dict[str, Any], *, is_held: bool
) -> State:
    """From messages of both topics. Raises DaemonError for messages that lack something."""
    try:
        rows = joints["joints"]
        fault = status["fault"] or {}
        command = status["command"]
        # A robot without an IMU does not know which way is up.
        gravity = None if status["imu_age_s"] is None else status.get("projected_gravity")
        up = None if gravity is None else [-float(part) for part in gravity]
        joint = fault.get("joint")
        return State(
            time_s=int(joints["tick"]) / int(hello["loop_hz"]),
            joint_rad=[_number(row["position_rad"]) for row in rows],
            goal_rad=[_number(row["goal_rad"]) for row in rows],
            state=str(status["state"]),
            up=up,
            contacts=[None if touches is None else bool(touches) for touches in status.get("contacts") or ()],
            tilt_rad=None if up is None else math.acos(max(-1.0, min(1.0, up[2]))),
            command=[_number(command.get(axis)) for axis in robot.command_axes],
            fault=f"{fault['kind']} at {joint}" if joint else fault.get("kind"),
            fault_hint=str(fault.get("hint", "")),
            tick_ms=int(status["tick_ns"]) / 1e6,
            owner=_owner(status, is_held=is_held),
            held_by=_held_by(status, is_held=is_held),
            stopped_hint=_CLEARING if status["stopped"] else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(error) from error


def _owner(status: dict[str, Any], *, is_held: bool) -> str | None:
    """Who commands now, in words; None for nobody."""
    owner = status["owner"]
    if status["cause"] != "owner" or owner is None:
        return None
    if owner == "network":
        return "this view" if is_held else str(status.get("lease_holder") or "another client of the local API")
    if owner == "agent":
        return str(status.get("lease_holder") or "an agent")
    return _AT_THE_ROBOT.get(owner, "the arguments of gaitwayd" if owner == "program" else str(owner))


def _held_by(status: dict[str, Any], *, is_held: bool) -> str | None:
    """Who has control that no lease of the view's takes over."""
    is_stronger = status["owner"] in _AT_THE_ROBOT or (status["owner"] == "network" and not is_held)
    return _owner(status, is_held=is_held) if is_stronger else None


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _unreadable(error: Exception) -> DaemonError:
    message = f"expected the messages of a robot, found one without a usable {error}"
    return DaemonError(message, hint="update the older of the two, gaitwayd or this package")
