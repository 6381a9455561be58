"""Files a person names, read and written with errors that say which and why."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gaitway import _native
from gaitway.errors import GaitwayError, MissingFileError, UsageError

_MAX_BYTES = 64 * 1024 * 1024
#: As much as the native engine takes.
_MAX_WEIGHTS_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
#: So many first bytes say what a file is.
_HEAD_BYTES = 512


def read_bytes(path: Path, what: str, most: int = _MAX_BYTES) -> bytes:
    """The bytes of `path`, an ordinary file, or a UsageError that names `what` it should have been.

    A file that is not there is a MissingFileError.
    """
    path = as_path(path, what)
    try:
        with open(path, "rb", opener=_open_ordinary) as file:
            data = b"".join(_chunks(file, most + 1))
    except FileNotFoundError as error:
        message = f"cannot read {what} {path}: {_reason(error)}"
        raise MissingFileError(message, hint=_remedy(error), path=path) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {what} {path}: {_reason(error)}", hint=_remedy(error)) from error
    if len(data) > most:
        message = f"{what} {path}: expected at most {most} bytes, found more"
        raise UsageError(message, hint=f"is this really a {what}?")
    return data


def read_policy(path: Path, what: str = "policy") -> bytes:
    """The bytes of an ONNX file, the weights of files beside it inside.

    Raises as `read_bytes` does, and PolicyError for weights that cannot be had, or whose file is not beside it.
    """
    path = as_path(path, what)
    return _native.inline_weights(read_bytes(path, what), lambda name: _read_beside(path, name))


def _read_beside(path: Path, name: str) -> bytes:
    folder = path.parent.resolve()
    file = (folder / name).resolve()
    if not file.is_relative_to(folder):
        raise ValueError(f"{name!r} leads out of {folder}")
    try:
        return read_bytes(file, "weights", _MAX_WEIGHTS_BYTES)
    except GaitwayError as error:
        # Why a tensor cannot be had: the hint is that of the whole file.
        raise ValueError(error.message) from error


def describe(data: bytes) -> str:
    """What a file is that begins so, for whoever expected something else."""
    return _native.file_kind(data[:_HEAD_BYTES])[1]


def refuse_other_kinds(
    data: bytes, kind: str, what: str, path: Path, error: type[GaitwayError] = UsageError, *, hint: str = ""
) -> None:
    """Raises `error` where `data` is known to be of another kind than `kind`: a Git-LFS pointer, a web page.

    `hint` says what to give instead, where the kind that was found has no remedy of its own.
    """
    found, words, remedy = _native.file_kind(data[:_HEAD_BYTES])
    # Python's oldest pickles are text.
    is_as_expected = found in (kind, "unknown") or (kind, found) == ("pickle", "text")
    if not is_as_expected:
        raise error(f"{what} {path}: found {words}", hint=remedy or hint or f"is this really a {what}?")


def as_path(path: object, what: str) -> Path:
    """`path` as one, or a UsageError that names `what` it should be of."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"{what}: expected a path, found {type(path).__name__}", hint="name a file")
    return Path(path)


def _open_ordinary(name: str, flags: int) -> int:
    # A pipe nobody writes to would never open, and a device never end.
    descriptor = os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("expected an ordinary file, found something else")
    return descriptor


def _chunks(file: BinaryIO, most: int) -> Iterator[bytes]:
    # Asked for all at once, Python makes room for `most` before it reads the first byte: more than a small board has.
    while most > 0 and (chunk := file.read(min(most, _CHUNK_BYTES))):
        most -= len(chunk)
        yield chunk


def read_text(path: Path, what: str) -> str:
    """The text of `path`, or a UsageError that names `what` it should have been."""
    try:
        return read_bytes(path, what).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{what} {path}: expected UTF-8 text, found byte {error.object[error.start]:#x} at {error.start}"
        raise UsageError(message, hint=f"is this really a {what}?") from error


def read_of_robot(path: Path, what: str) -> str:
    """The text of a file that belongs beside a robot's profile; where there is none, the error says to add it."""
    try:
        return read_text(path, what)
    except MissingFileError as error:
        hint = f"add {path.name} beside the robot's profile: docs/another-robot.md says what is in it"
        raise MissingFileError(error.message, hint=hint, path=path) from error


def write_bytes(path: Path, data: bytes, what: str) -> None:
    """Writes `data` to `path`, whole or not at all."""
    with written_whole(path, what) as beside:
        beside.write_bytes(data)


@contextlib.contextmanager
def written_whole(path: Path, what: str) -> Iterator[Path]:
    """A path to write to, which becomes `path` if all goes well and vanishes if not.

    A link is followed, a file's permissions are kept, and what is no ordinary file is left alone. Raises UsageError.
    """
    beside = None
    try:
        target = as_path(path, what).resolve()
        _check_ordinary(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, so that it can take the place of the file in one step; with its ending, which says
        # what is written.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".gaitway-", suffix=target.suffix)
        os.close(handle)
        beside = Path(name)
        yield beside
        if target.exists():
            shutil.copymode(target, beside)
        else:
            beside.chmod(0o666 & ~_umask())
        _sync(beside)
        _check_ordinary(target)
        beside.replace(target)
    except GaitwayError:
        # Of whoever writes, and of `as_path`.
        raise
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {what} {path}: {_reason(error)}", hint=_remedy(error)) from error
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def _check_ordinary(target: Path) -> None:
    """Nothing but an ordinary file is replaced."""
    if os.path.lexists(target) and not stat.S_ISREG(os.lstat(target).st_mode):
        raise ValueError("it is no ordinary file")


def _sync(path: Path) -> None:
    """Without this a power cut could leave the name on a file without content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remedy(error: Exception) -> str:
    return _native.remedy(getattr(error, "errno", None) or 0)


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error
