"""What goes wrong, said so that a person can act on it: one small tree, every error with a hint."""


class GaitwayError(Exception):
    """An error with a message that says what, where, expected and found, and a hint that says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(GaitwayError):
    """An argument that cannot be right: a name, a file, a row of the wrong length."""


class ProfileError(GaitwayError):
    """A robot profile or a duck_config.json that cannot be used."""


class ContractError(GaitwayError):
    """A contract that cannot be read, contradicts itself, or does not fit the robot."""


class PolicyError(GaitwayError):
    """A policy file that cannot be used."""


class UnsupportedOperatorError(PolicyError):
    """A network with an operator the native engine does not run; `gaitway[onnxruntime]` runs it."""


class ControlError(GaitwayError):
    """A policy and a robot that cannot run together as asked, or a controller used wrongly."""


class SimulationError(GaitwayError):
    """The simulator, its model or its pictures."""


class TrainingError(GaitwayError):
    """A training that cannot begin, or cannot go on: its configuration, its numbers, its checkpoint."""


class RecordingError(GaitwayError):
    """A recording that cannot be read, or cannot be run again."""


class BusError(GaitwayError):
    """A servo bus that cannot be opened, a servo that does not answer or does not do what it is told."""


class CameraError(GaitwayError):
    """No camera, nobody who takes pictures, or no picture."""


class DaemonError(GaitwayError):
    """gaitwayd cannot be found, or ended badly."""


class MissingExtraError(GaitwayError):
    """An optional part of Gaitway that is not installed."""
