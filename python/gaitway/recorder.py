"""`Recorder`: writes down what a controller does, tick by tick, for whoever steps it."""

from array import array
from pathlib import Path
from types import TracebackType
from typing import Any

from gaitway import _native, files
from gaitway.controller import Controller
from gaitway.errors import RecordingError, UsageError
from gaitway.sensors import Sensors


class Recorder:
    """Steps a controller, and writes every tick into a file of `folder`; `gaitway replay` runs it again.

        with gaitway.Recorder(controller) as recorder:
            goals = recorder.step(sensors, command)

    The folder is that of gaitwayd where none is named, with its bounds: 64 MiB a file, 1 GiB and 30 days in all.
    Raises RecordingError where no file can be begun; one that fails later stops the recording and not the robot:
    `failure` says why, and so does the end. Raises UsageError for another engine than the native one, whose sums
    nothing can repeat.
    """

    def __init__(self, controller: Controller, folder: Path | None = None) -> None:
        policy = controller.policy
        if not policy.native.native:
            raise UsageError("a recording needs the native engine", hint="another one's sums differ between machines")
        self.controller = controller
        self.failure: RecordingError | None = None
        self._native = _native.StepRecorder(
            folder or Path(_native.recordings_folder()),
            controller.robot.native,
            policy.native,
            files.read_policy(policy.path),
            controller.native,
        )

    @property
    def path(self) -> Path:
        """The file that is written."""
        return Path(self._native.path)

    def step(
        self, sensors: Sensors | Any, command: Any, truth: Any = None, *, phase_factor_offset: float = 0.0
    ) -> "array[float]":
        """`Controller.step`, recorded.

        `truth` is what a simulator knows of the trunk, a row [9] float32: position in the world 3, m; velocity in the
        trunk frame 3, m/s; turning rate, rad/s; heading, rad; tilt, rad.
        """
        self._native.begin(self.controller.native)
        goals = self.controller.step(sensors, command, phase_factor_offset=phase_factor_offset)
        if self.failure is None:
            try:
                self._native.end(self.controller.native, truth)
            except RecordingError as error:
                self.failure = error
        return goals

    def close(self) -> None:
        """Ends the file. Raises RecordingError where not all of it could be written, then or before."""
        if self.failure is not None:
            raise self.failure
        self._native.finish()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif self.failure is None:
            self._native.finish()
