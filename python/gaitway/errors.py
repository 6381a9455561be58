"""What goes wrong, said so that a person can act on it: one small tree, every error with a hint.

Each is also of the built-in kind that Python's own library would raise there. Where code catches a built-in kind around
code of ours, it catches or lets through `GaitwayError` first.
"""

import errno
import os


class GaitwayError(Exception):
    """An error with a message that says what, where, expected and found, and a hint that says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(GaitwayError, ValueError):
    """An argument that cannot be right: a name, a file, a row of the wrong length."""


class MissingFileError(UsageError, FileNotFoundError):
    """A file that is not there."""

    def __init__(self, message: str, *, hint: str = "", path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.errno = errno.ENOENT
        self.strerror = os.strerror(errno.ENOENT)
        self.filename = None if path is None else os.fspath(path)


class ProfileError(GaitwayError, ValueError):
    """A robot profile or a duck_config.json that cannot be used."""


class ContractError(GaitwayError, ValueError):
    """A contract that cannot be read, contradicts itself, or does not fit the robot."""


class PolicyError(GaitwayError, ValueError):
    """A policy file that cannot be used."""


class UnsupportedOperatorError(PolicyError):
    """A network with an operator the native engine does not run; `gaitway[onnxruntime]` runs it."""


class ControlError(GaitwayError, ValueError):
    """A policy and a robot that cannot run together as asked, or a controller used wrongly."""


class SimulationError(GaitwayError, RuntimeError):
    """The simulator, its model or its pictures."""


class TrainingError(GaitwayError, RuntimeError):
    """A training that cannot begin, or cannot go on: its configuration, its numbers, its checkpoint."""


class TrainingConfigError(TrainingError, ValueError):
    """A configuration of a training that cannot be read, or names what there is not."""


class RecordingError(GaitwayError, ValueError):
    """A recording that cannot be read, or cannot be run again."""


class BusError(GaitwayError, OSError):
    """A servo bus that cannot be opened, a servo that does not answer or does not do what it is told."""


class CameraError(GaitwayError, OSError):
    """No camera, nobody who takes pictures, or no picture."""


class DaemonError(GaitwayError, ConnectionError):
    """gaitwayd cannot be found, or ended badly."""


class RefusedError(GaitwayError, PermissionError):
    """A running robot that does not do what it was asked: `code` says why, `field` where in the request."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", field: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.field = field


class MissingExtraError(GaitwayError, ImportError):
    """An optional part of Gaitway that is not installed."""
