"""`RobotConnection`: what a program can do with a robot, whichever robot it is."""

import atexit
import contextlib
import math
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from gaitway.api.info import PolicyInfo, RobotInfo
from gaitway.api.motion import Motion
from gaitway.api.state import RobotState
from gaitway.api.state_log import StateLog
from gaitway.errors import GaitwayError, UsageError

#: Longest time one call may take, s: a day.
_MOST_S = 86_400.0
#: Head axes begin so in a profile.
_HEAD = "head_"
#: How often the state may be asked for, Hz.
_LEAST_HZ, _MOST_HZ = 0.1, 200.0
#: A log has so many rows a second: one a tick of most robots.
_LOG_HZ = 50.0

#: What a robot can be told to do beside running its policy.
Mode = Literal["off", "limp", "stand"]


class RobotConnection(ABC):
    """A robot in a program's hands. `gaitway.connect` makes one; `close`, or the end of `with`, lets go of it.

    May be used from several threads. A newer motion takes the place of the one before it: a `walk` for some seconds
    that another thread waits for returns then.
    """

    def __init__(self, info: RobotInfo) -> None:
        #: Which robot it is.
        self.info = info
        self._motion = Motion()
        self._motion_lock = threading.Lock()
        self._process = os.getpid()
        self._is_closed = False
        # A program may forget to close it, and ends all the same.
        atexit.register(self.close)

    @property
    def name(self) -> str:
        """Name of the robot's profile."""
        return self.info.name

    @property
    def title(self) -> str:
        """The robot's name for people."""
        return self.info.title

    @property
    def contract(self) -> str:
        """Name of the contract of the policy that runs."""
        return self.info.contract

    @property
    def joint_names(self) -> list[str]:
        """Joints, in the robot's order."""
        return self.info.joint_names

    @property
    def command_axes(self) -> dict[str, str]:
        """Unit of each command axis by name."""
        return self.info.command_axes

    @property
    def command_ranges(self) -> dict[str, tuple[float, float]]:
        """Least and most of each command axis that the policy was trained for, in the axis's unit."""
        return self.info.command_ranges

    @property
    @abstractmethod
    def status(self) -> RobotState:
        """The newest state that is known, without waiting for another. Raises DaemonError where the robot has gone."""

    @abstractmethod
    def observe(self) -> RobotState:
        """The next state: waits for it, some 20 ms. Raises DaemonError where the robot has gone."""

    def states(self, rate_hz: float = 20.0) -> Iterator[RobotState]:
        """The state, so often (0.1 to 200 Hz), until `close`; always the newest, nothing is queued.

            for state in robot.states(rate_hz=20):
                print(state.joints["left_knee"].position_rad)

        Raises DaemonError where the robot has gone.
        """
        if not _LEAST_HZ <= rate_hz <= _MOST_HZ:
            message = f"rate_hz: expected {_LEAST_HZ:g} to {_MOST_HZ:g}, found {rate_hz}"
            raise UsageError(message, hint="a robot has some 50 ticks a second")
        return self._states(rate_hz)

    def walk(self, *, seconds: float | None = None, **axes: float) -> None:
        """Runs the policy with this command: `walk(vx=0.1)` in the units of `command_axes`; the rest is zero.

        It first waits until the robot is up. With `seconds` it returns after them, and the robot stands; it also
        stands where an exception such as Ctrl-C ends the wait. Else the command holds until the next one, or `close`.
        Raises RefusedError where another client has control, or a stronger one has it at the end of `seconds` (code
        "overridden"), or the emergency stop is set; UsageError for an axis the robot lacks, DaemonError where it does
        not get up.
        """
        self.carry_out(self.begin(seconds, axes))

    def look(self, *, seconds: float | None = None, **angles: float) -> None:
        """Stands and turns the head, rad: `look(yaw=0.4)`, for axes that are called head_yaw and so on.

        To look aside on the way: `walk(vx=0.1, head_yaw=0.4)`. Raises as `walk` does.
        """
        self.carry_out(self.begin(seconds, head_axes(angles)))

    def wait(self, seconds: float, *, until: Motion | None = None) -> None:
        """Lets so much time pass on the robot's clock, while it goes on as it was told; less if `until` is over.

        Raises RefusedError or DaemonError where a robot that walks loses control or its feet meanwhile.
        """
        _check_seconds(seconds)
        self._pass(seconds, until or Motion())

    def stand(self) -> None:
        """Holds the default pose, without the policy."""
        self._replace(Motion())
        self._enter("stand")

    def limp(self) -> None:
        """Gives the torque up softly. It needs no control."""
        self._replace(Motion())
        self._enter("limp")

    def off(self) -> None:
        """Gives the torque up at once, from any pose: the robot drops."""
        self._replace(Motion())
        self._enter("off")

    def stop(self) -> None:
        """Emergency stop: limp at once. It needs no control; only somebody at the robot clears it."""
        self._replace(Motion())
        self._stop()

    @property
    @abstractmethod
    def policies(self) -> list[PolicyInfo]:
        """The policies this robot has at hand."""

    def use(self, policy: str) -> None:
        """Runs another policy, by its name in `policies`; returns when the robot has it. What it did before is over: a
        robot under gaitwayd goes limp for that, so hold it or have it hang; the next `walk` gets it up.

        Raises RefusedError or PolicyError for one that the robot lacks or that does not fit it.
        """
        self._replace(Motion())
        self._use(policy)

    def switch(self, policy: str) -> None:
        """Runs another policy, by its name in `policies`, on a robot that is up; what the robot does goes on.

        It takes over at a phase of the gait at which the one before may be left. Returns when it has.

        Raises RefusedError or PolicyError for one that the robot lacks or that does not fit it, and for a robot that is
        limp; nothing is changed then.
        """
        self._switch(policy)

    def trim(self, *, gait_speed: float = 0.0, **axes: float) -> None:
        """Adds this to every command that moves, in the units of `command_axes`: `trim(vx=0.01)` for a robot that
        lags. It takes the place of the trim before it; `trim()` takes that away.

        `gait_speed` is added to the speed of the gait, -0.5 to 0.5: 0.1 is ten percent faster.
        """
        self.info.check(axes)
        self._trim(axes, gait_speed)

    @abstractmethod
    def mark(self, text: str = "") -> None:
        """Keeps the last minute as a recording of its own, with this text for who reads it, 200 bytes at most."""

    def record(self, path: str | Path, *, rate_hz: float = _LOG_HZ) -> StateLog:
        """Writes the states into a .csv file until the log's `close`, or the end of `with`.

            with robot.record("walk.csv"):
                robot.walk(vx=0.1, seconds=3)

        The first line names the columns, with units. This is for tables and plots: what `gaitway replay` runs again is
        the recording that `gaitwayd` writes of every tick. Raises UsageError for another ending, RecordingError where
        the file cannot be written.
        """
        return StateLog(Path(path), self.info, lambda see: self._watch(see, rate_hz))

    def close(self) -> None:
        """Lets go of the robot: one that walked stands. Called again it does nothing."""
        # A process that was forked off has none of the threads, and the robot is still the parent's.
        if self._is_closed or os.getpid() != self._process:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        self._replace(Motion())
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, seconds: float | None, axes: Mapping[str, float]) -> Motion:
        """The first half of `walk`, which does not wait: what the robot did until now is over.

        For programs that wait elsewhere: `carry_out` is the rest, and `interrupt` of what is returned ends it early.
        """
        self.info.check(axes)
        for axis, value in axes.items():
            if not math.isfinite(value):
                raise UsageError(f"{axis}: expected a number of {self.command_axes[axis]}, found {value}")
        if seconds is not None:
            _check_seconds(seconds)
        return self._replace(Motion(axes, seconds))

    def carry_out(self, motion: Motion) -> None:
        """The second half of `walk`. A motion that was interrupted leaves a robot that stands."""
        try:
            self._run(motion)
            # Checked and said in one: a motion that takes its place meanwhile comes after.
            with self._motion_lock:
                if not motion.is_over:
                    self._command(motion.axes)
            if motion.seconds is not None:
                self._pass(motion.seconds, motion)
        except BaseException:
            # What went wrong is told, not that the robot cannot be told to stand.
            with contextlib.suppress(GaitwayError):
                self._command_nothing(motion)
            raise
        if motion.seconds is not None or motion.is_over:
            self._command_nothing(motion)

    def _replace(self, motion: Motion) -> Motion:
        """What the robot did until now is over."""
        with self._motion_lock:
            self._motion.replace()
            self._motion = motion
        return motion

    def _command_nothing(self, motion: Motion) -> None:
        """The robot stands, unless another motion has begun."""
        with self._motion_lock:
            if not motion.is_replaced:
                self._command({})

    @abstractmethod
    def _run(self, motion: Motion) -> None:
        """Gets the robot up and its policy running; returns when it does, or when the motion is over."""

    @abstractmethod
    def _command(self, axes: Mapping[str, float]) -> None:
        """The command from now on, where this program has control."""

    @abstractmethod
    def _pass(self, seconds: float, motion: Motion) -> None:
        """Waits for so much of the robot's time, or until the motion is over. Raises where control is lost."""

    @abstractmethod
    def _enter(self, mode: Mode) -> None: ...

    @abstractmethod
    def _stop(self) -> None: ...

    @abstractmethod
    def _use(self, policy: str) -> None: ...

    @abstractmethod
    def _switch(self, policy: str) -> None: ...

    @abstractmethod
    def _trim(self, axes: Mapping[str, float], gait_speed: float) -> None: ...

    @abstractmethod
    def _states(self, rate_hz: float) -> Iterator[RobotState]: ...

    @abstractmethod
    def _watch(self, see: Callable[[RobotState], None], rate_hz: float) -> Callable[[], None]:
        """Shows every state to `see`, at this rate at most, until the function that is returned is called."""

    @abstractmethod
    def _close(self) -> None: ...


def head_axes(angles: Mapping[str, float]) -> dict[str, float]:
    """The command axes of these angles of the head, by name."""
    return {f"{_HEAD}{name}": value for name, value in angles.items()}


def _check_seconds(seconds: float) -> None:
    if not (math.isfinite(seconds) and 0 < seconds <= _MOST_S):
        raise UsageError(f"seconds: expected more than 0, at most {_MOST_S:g}, found {seconds}", hint="as in seconds=3")
