"""`StateLog`: the states of a robot as a table in a file, for plots and spreadsheets."""

import csv
import threading
from collections.abc import Callable
from pathlib import Path

from gaitway.api.closing import Closing
from gaitway.api.info import RobotInfo
from gaitway.api.state import JointState, RobotState
from gaitway.errors import RecordingError, UsageError

_XYZ = "xyz"
#: What a joint does, a column each.
_JOINT = ("goal_rad", "position_rad", "target_rad", "age_s", "voltage_v", "temperature_c", "current_a")

#: Shows states to who is given, until what is returned is called.
Watch = Callable[[Callable[[RobotState], None]], Callable[[], None]]


class StateLog(Closing):
    """A .csv file that grows by a row a state until `close`; what is not known is an empty cell.

    Of a program that is killed the rows until then are there.
    """

    def __init__(self, path: Path, info: RobotInfo, watch: Watch) -> None:
        if path.suffix != ".csv":
            hint = "gaitwayd records every tick by itself, into its --record folder" if not path.suffix else ""
            raise UsageError(f"{path}: expected the name of a .csv file", hint=hint)
        #: The file.
        self.path = path
        #: Rows so far.
        self.rows = 0
        self._info = info
        self._failure: Exception | None = None
        self._writing = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise _unwritten(path, error) from error
        self._table = csv.writer(self._file)
        self._table.writerow(_names(info))
        self._stop_watching = watch(self._see)

    def close(self) -> None:
        """Ends the file. Raises RecordingError where not all of it could be written."""
        if self._file.closed:
            return
        self._stop_watching()
        with self._writing:
            try:
                self._file.close()
            except OSError as error:
                self._failure = self._failure or error
        if self._failure is not None:
            raise _unwritten(self.path, self._failure) from self._failure

    def _see(self, state: RobotState) -> None:
        with self._writing:
            if self._failure is not None or self._file.closed:
                return
            try:
                self._table.writerow(_row(self._info, state))
                self._file.flush()
            except OSError as error:
                self._failure = error
                return
            self.rows += 1


def _unwritten(path: Path, error: Exception) -> RecordingError:
    why = getattr(error, "strerror", None) or error
    return RecordingError(f"{path}: the states cannot be written: {why}", hint="make room there, or name another file")


def _names(info: RobotInfo) -> list[str]:
    return [
        "time_s",
        "tick",
        "state",
        "stopped",
        "fault",
        "owner",
        "lease_holder",
        *(f"command.{axis} ({unit})" for axis, unit in info.command_axes.items()),
        *(f"projected_gravity.{axis}" for axis in _XYZ),
        *(f"angular_velocity_rps.{axis}" for axis in _XYZ),
        *(f"contact.{name}" for name in info.contact_names),
        *(f"{joint}.{value}" for joint in info.joint_names for value in (*_JOINT, "limits")),
    ]


def _row(info: RobotInfo, state: RobotState) -> list[object]:
    nowhere = (None, None, None)
    return [
        f"{state.clock_ns * 1e-9:.6f}",
        state.tick,
        state.state,
        int(state.stopped),
        state.fault,
        state.owner,
        state.lease_holder,
        *(state.command.get(axis) for axis in info.command_axes),
        *(state.projected_gravity or nowhere),
        *(state.angular_velocity_rps or nowhere),
        *(None if (contact := state.contacts.get(name)) is None else int(contact) for name in info.contact_names),
        *(cell for name in info.joint_names for cell in _joint(state.joints[name])),
    ]


def _joint(joint: JointState) -> list[object]:
    return [*(getattr(joint, name) for name in _JOINT), " ".join(joint.limits)]
