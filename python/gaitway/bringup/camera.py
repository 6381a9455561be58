"""A picture, taken by a program that the board has for it."""

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaitway import files
from gaitway.errors import CameraError, UsageError

#: What is asked for; a camera that cannot takes what it can. Enough to see a room by, and little to keep or to send.
_WIDTH, _HEIGHT = 1280, 960
_ENDINGS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
_PNG = b"\x89PNG\r\n\x1a\n"
#: Markers of a JPEG behind which its size stands: frames of every coding.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: The same program under its name of today and under its older one, for a camera on the ribbon.
_RIBBON = ("rpicam-still", "libcamera-still")
_USB = "fswebcam"


@dataclass(frozen=True)
class Picture:
    """A picture in a file: JPEG or PNG, its size in pixels, and who took it."""

    file: Path
    format: str
    width: int
    height: int
    program: str


def take(path: Path, *, device: Path | None = None, timeout_s: float = 20.0) -> Picture:
    """Takes one picture into `path`, .jpg or .png, whole or not at all.

    A camera on the ribbon is asked first, then one on USB; with `device` only that one, /dev/video2 perhaps. Each
    has `timeout_s`. Raises CameraError where there is no camera, no program, or no picture; UsageError for a path.
    """
    kind = _ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: expected a picture's ending, .jpg or .png", hint="as in picture.jpg")
    programs = list(_programs(device))
    if not programs:
        expected = _USB if device else f"{_RIBBON[0]} or {_USB}"
        raise CameraError(f"nobody takes pictures: expected {expected} on the path, found none", hint=_install(device))
    failures = []
    with files.written_whole(path, "picture") as beside:
        for program in programs:
            failure = _run([program, *_arguments(program, kind, device), beside.name], beside.parent, timeout_s)
            size = measure(beside.read_bytes(), kind)
            if size is not None:
                return Picture(path, kind, *size, program)
            failures.append(f"{program} {failure}")
        raise CameraError(f"no picture: {'; '.join(failures)}", hint=_remedy(programs))


def measure(data: bytes, kind: str) -> tuple[int, int] | None:
    """Width and height of a whole picture, pixels; None where the bytes are no such JPEG or PNG."""
    size = _png_size(data) if kind == "PNG" else _jpeg_size(data)
    return size if size is not None and min(size) > 0 else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[:8] != _PNG or data[12:16] != b"IHDR" or data[-8:-4] != b"IEND":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        length, _, height, width = struct.unpack_from(">HBHH", data, at + 2)
        if data[at + 1] in _FRAMES:
            # One that was cut has no end.
            return (width, height) if data.rfind(b"\xff\xd9") > at else None
        at += 2 + length
    return None


def _programs(device: Path | None) -> Iterator[str]:
    """What this board has, a camera on the ribbon first."""
    if device is None:
        yield from [name for name in _RIBBON if shutil.which(name)][:1]
    if shutil.which(_USB):
        yield _USB


def _arguments(program: str, kind: str, device: Path | None) -> list[str]:
    """All but the file, which comes last."""
    if program == _USB:
        # It tells of errors alone, writes no date across, and lets the camera find its exposure.
        quality = ["--png", "9"] if kind == "PNG" else ["--jpeg", "90"]
        where = ["--device", str(device)] if device else []
        return ["--quiet", "--no-banner", *where, "--resolution", f"{_WIDTH}x{_HEIGHT}", "--skip", "20", *quality]
    size = ["--width", str(_WIDTH), "--height", str(_HEIGHT)]
    encoding = "png" if kind == "PNG" else "jpg"
    return ["--nopreview", "--timeout", "1000", *size, "--encoding", encoding, "--output"]


def _run(command: list[str], folder: Path, timeout_s: float) -> str:
    """Runs it in the folder of its file, whose path it might misread; why there may be no picture.

    fswebcam ends with 0 where there was no camera: what counts is the file.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {timeout_s:g} s"
    except OSError as error:
        return f"does not start: {error.strerror}"
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr.decode(errors="replace")).strip().splitlines()
    # Among what the ribbon's driver tells of itself, what went wrong.
    telling = [line for line in said if "ERROR" in line] or said
    if telling:
        return f"says {telling[-1].strip()}"
    return f"ended with {done.returncode} and wrote no picture"


def _install(device: Path | None) -> str:
    usb = f"a camera on USB: sudo apt-get install {_USB}"
    return usb if device else f"a camera on the ribbon: sudo apt-get install rpicam-apps; {usb}"


def _remedy(programs: list[str]) -> str:
    remedies = []
    if programs[0] != _USB:
        remedies.append(f"on the ribbon: power off, seat it at both ends, then {programs[0]} --list-cameras")
    if _USB in programs:
        remedies.append("on USB: ls /dev/video*, and sudo usermod -aG video $USER")
    else:
        remedies.append(f"on USB: sudo apt-get install {_USB}")
    return "; ".join(remedies)
