"""Files a person names, read with errors that say which and why."""

from pathlib import Path

from gaitway.errors import UsageError

_MAX_BYTES = 64 * 1024 * 1024


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of `path`, or a UsageError that names `what` it should have been."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {what} {path}: {reason}", hint="check the path") from error
    if len(data) > _MAX_BYTES:
        message = f"{what} {path}: expected at most {_MAX_BYTES} bytes, found more"
        raise UsageError(message, hint=f"is this really a {what}?")
    return data


def read_text(path: Path, what: str) -> str:
    """The text of `path`, or a UsageError that names `what` it should have been."""
    try:
        return read_bytes(path, what).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{what} {path}: expected UTF-8 text, found byte {error.object[error.start]:#x} at {error.start}"
        raise UsageError(message, hint=f"is this really a {what}?") from error


def write_bytes(path: Path, data: bytes, what: str) -> None:
    """Writes `data` to `path`, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or error
        raise UsageError(f"cannot write {what} {path}: {reason}", hint="check folder and permissions") from error
