"""Files a person names, read and written with errors that say which and why."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gaitway import _native
from gaitway.errors import GaitwayError, UsageError

_MAX_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
#: So many first bytes say what a file is.
_HEAD_BYTES = 512


def read_bytes(path: Path, what: str, most: int = _MAX_BYTES) -> bytes:
    """The bytes of `path`, or a UsageError that names `what` it should have been."""
    try:
        with path.open("rb") as file:
            data = b"".join(_chunks(file, most + 1))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {what} {path}: {_reason(error)}", hint="check the path") from error
    if len(data) > most:
        message = f"{what} {path}: expected at most {most} bytes, found more"
        raise UsageError(message, hint=f"is this really a {what}?")
    return data


def refuse_other_kinds(data: bytes, kind: str, what: str, path: Path, error: type[GaitwayError] = UsageError) -> None:
    """Raises `error` where `data` is known to be of another kind than `kind`: a Git-LFS pointer, a web page."""
    found, words, remedy = _native.file_kind(data[:_HEAD_BYTES])
    # Python's oldest pickles are text.
    is_as_expected = found in (kind, "unknown") or (kind, found) == ("pickle", "text")
    if not is_as_expected:
        raise error(f"{what} {path}: found {words}", hint=remedy or f"is this really a {what}?")


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
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise UsageError(f"cannot write {what} {path}: it is no ordinary file", hint="name another file")
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
        beside.replace(target)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot write {what} {path}: {_reason(error)}", hint="check folder and permissions"
        ) from error
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error
