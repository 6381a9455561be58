"""`Recording`: what a robot did, tick by tick, as its flight recorder wrote it down."""

import json
from array import array
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gaitway import _native, files
from gaitway.errors import GaitwayError, RecordingError
from gaitway.printable import printable

#: Longest recording that is read, bytes: days of it.
_MAX_BYTES = 16 << 30
_MAGIC = b"\x89MCAP0\r\n"
_NO_RECORDING = "gaitwayd and gaitway run write recordings, .mcap; gaitway record list shows them"


@dataclass(frozen=True)
class Difference:
    """The first value of a tick that is not as recorded, in the order in which they are computed."""

    tick: int
    place: str
    recorded: str
    replayed: str


@dataclass(frozen=True)
class Verification:
    """What came of a recording that was run again."""

    #: Ticks that gave the same bits, that did not, and that there was nothing to run from.
    same: int
    different: int
    skipped: int
    #: The first difference.
    first: Difference | None
    #: Instructions the network ran on, here.
    cpu_path: str


class Recording:
    """A recording in memory.

    Raises RecordingError for what is none, or is damaged. One that was cut is read as far as it goes: `cut` says why
    it ends.
    """

    def __init__(self, native: _native.Recording, path: Path) -> None:
        self._native, self.path = native, path

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Reads a file of `gaitwayd`."""
        found = _native.Recording.read(_read(path))
        # Without a profile nobody knows what robot it is of.
        if not found.profile and found.ticks == 0:
            raise RecordingError(
                f"{path}: expected a recording of Gaitway, found an MCAP file without one", hint=_NO_RECORDING
            )
        return cls(found, Path(path))

    @property
    def notes(self) -> dict[str, str]:
        """Robot, contract and its hash, version, machine, CPU path."""
        return {printable(name): printable(note) for name, note in self._native.notes.items()}

    @property
    def ticks(self) -> int:
        """How many ticks it has."""
        return self._native.ticks

    @property
    def cut(self) -> str | None:
        """Why it ends too early; None for a whole file."""
        return self._native.cut

    @property
    def joint_names(self) -> list[str]:
        """The robot's joints, in the order of every row."""
        return [printable(joint["name"]) for joint in json.loads(self._native.profile)["joints"]]

    @property
    def command_axes(self) -> dict[str, str]:
        """Unit of each axis of `tick.command`, by name. Every robot had the same ones before schema 2."""
        return {printable(axis): printable(unit) for axis, unit in self._native.command_axes}

    @property
    def policy(self) -> bytes:
        """The ONNX file that walked."""
        return self._native.policy

    def verify(self) -> Verification:
        """Runs every tick again, and compares every bit."""
        found = self._native.verify()
        first = found["first"]
        return Verification(
            found["same"],
            found["different"],
            found["skipped"],
            Difference(**first) if first else None,
            found["cpu_path"],
        )

    @cached_property
    def columns(self) -> "dict[str, array[float] | list[str]]":
        """Every value over the ticks, by its place in the record: tick.goal_rad[3], servo.voltage_v[0], tick.state."""
        return {name: _values(column) for name, column in self._native.columns().items()}

    def column(self, name: str) -> "array[float]":
        """A column of numbers; empty where the recording has none of that name."""
        found: Any = self.columns.get(name, array("d"))
        return found  # type: ignore[no-any-return]

    def spans(self, name: str) -> list[tuple[int, int, str]]:
        """First and last tick of each stretch in which a column of words says the same, and what."""
        words, spans, begin = list(map(str, self.columns.get(name, []))), [], 0
        for index in range(1, len(words) + 1):
            if index == len(words) or words[index] != words[begin]:
                spans.append((begin, index - 1, words[begin]))
                begin = index
        return spans

    @cached_property
    def seconds(self) -> "array[float]":
        """When each tick was woken, s after the first."""
        woken = self.column("tick.woken_ns")
        return array("d", [(at - woken[0]) * 1e-9 for at in woken])


@dataclass(frozen=True)
class Listed:
    """A recording of a folder, at a glance."""

    path: Path
    size_bytes: int
    #: When its first tick was, s since 1970.
    begun_s: float
    seconds: float
    ticks: int
    robot: str
    policy: str
    faults: list[str]
    #: Why it cannot be read, or why it ends too early; None for a whole one.
    problem: str | None


def recordings(folder: Path | None = None) -> list[Path]:
    """Recordings in a folder, the newest first; in the one where `gaitwayd` and `gaitway run` put them."""
    found = []
    for path in (folder or default_folder()).glob("*.mcap"):
        try:
            found.append((path.stat().st_mtime_ns, path))
        except OSError:
            # The recorder makes room.
            continue
    return [path for _, path in sorted(found, reverse=True)]


def newest() -> Path:
    """The recording that was written last. Raises RecordingError where there is none."""
    found = recordings()
    if not found:
        hint = "gaitwayd and gaitway run record; or name a file"
        raise RecordingError(f"{default_folder()}: no recording", hint=hint)
    return found[0]


def default_folder() -> Path:
    """Where recordings go unless another folder is named."""
    return Path(_native.recordings_folder())


def glance(path: Path) -> Listed:
    """A recording at a glance; one that cannot be read says why."""
    size = path.stat().st_size
    try:
        found = _native.summarise(_read(path))
    except GaitwayError as error:
        problem = error.message.removeprefix(f"{path}: ")
        return Listed(path, size, path.stat().st_mtime, 0.0, 0, "", "", [], problem)
    notes = found["notes"]
    if not notes:
        return Listed(path, size, path.stat().st_mtime, 0.0, 0, "", "", [], "an MCAP file without a recording")
    return Listed(
        path,
        size,
        found["begun_ns"] * 1e-9,
        found["seconds"],
        found["ticks"],
        notes.get("robot", ""),
        notes.get("contract", ""),
        found["faults"],
        found["cut"],
    )


def repair(path: Path, output: Path) -> int:
    """Closes a recording that was cut: what is whole is written to `output`. Returns how many messages that is.

    Raises RecordingError for what is no recording.
    """
    data, messages = _native.repair(_read(path))
    files.write_bytes(output, data, "recording")
    return messages


def cut(path: Path, output: Path, begin_s: float, end_s: float) -> None:
    """Writes what is between two times after the first tick, and what is before it up to a keyframe.

    Raises RecordingError where no tick is.
    """
    data = _native.cut(_read(path), begin_s, end_s)
    files.write_bytes(output, data, "recording")


def _read(path: Path) -> bytes:
    """The file's bytes. Raises RecordingError for what is no MCAP file."""
    data = files.read_bytes(path, "recording", _MAX_BYTES)
    # One that was cut within its first bytes is none yet, either.
    if not data.startswith(_MAGIC):
        raise RecordingError(f"{path}: expected a recording, found {files.describe(data)}", hint=_NO_RECORDING)
    return data


def _values(column: bytes | list[str]) -> "array[float] | list[str]":
    if isinstance(column, list):
        # Words repeat from tick to tick.
        shown = {word: printable(word) for word in set(column)}
        return [shown[word] for word in column]
    numbers = array("d")
    numbers.frombytes(column)
    return numbers
