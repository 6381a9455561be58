"""What a policy saw, row by row: NumPy's `.npy`, and the pickles of the robot's published runtime.

`robot_saved_obs.pkl` is a list of vectors. A pickle is a program; here nothing of it is run: the few names such a list
needs stand for classes that keep bytes, and every other name is refused.
"""

import io
import json
import math
import pickle
import sys
from array import array
from pathlib import Path
from typing import Any

from gaitway import extras, files
from gaitway.errors import RecordingError, UsageError
from gaitway.policy import Policy

ENDINGS = (".npy", ".pkl")
_HINT = "expected a list of vectors of numbers, as the published runtime saves it, or a .npy of gaitwayd"
#: NumPy's names for numbers, and array's.
_CODES = {"f4": "f", "f8": "d"}


def load(path: Path) -> list["array[float]"]:
    """The rows [observation] of a `.npy` or `.pkl` file, all as long. Raises RecordingError for what is none."""
    data = files.read_bytes(path, "observations")
    rows = _read_npy(path, data) if path.suffix == ".npy" else _read_pickle(path, data)
    widths = sorted({len(row) for row in rows})
    if len(widths) != 1 or widths[0] == 0:
        raise RecordingError(f"{path}: expected rows of one length, found lengths {widths}", hint=_HINT)
    return rows


def save(path: Path, rows: Any) -> None:
    """Writes rows [rows, observation] as the ending says."""
    np = extras.load("numpy", "sim")
    table = np.asarray(rows, dtype=np.float32)
    if path.suffix == ".pkl":
        # Of the protocol that the robot's Python reads too.
        files.write_bytes(path, pickle.dumps(list(table), protocol=4), "observations")
        return
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    files.write_bytes(path, buffer.getvalue(), "observations")


def replay(policy: Policy, rows: list["array[float]"]) -> list[float]:
    """Runs a policy on what it saw: for every row but the last the largest difference between its action and the one
    that the following row remembers. Raises UsageError where rows are not as long as the policy's, or it remembers
    none.
    """
    start = _place_of_last_action(policy)
    np = extras.load("numpy", "sim")
    table = np.array(rows, dtype=np.float32)
    actions = policy.infer(table)[:-1]
    remembered = table[1:, start : start + policy.contract.action_len]
    differences: list[float] = np.abs(actions - remembered).max(axis=1, initial=0.0).tolist()
    # What is no number differs by all there is.
    return [difference if math.isfinite(difference) else math.inf for difference in differences]


def _place_of_last_action(policy: Policy) -> int:
    """Where in an observation the newest action stands, as the network gave it."""
    start = 0
    for term in json.loads(policy.contract.to_json())["observation"]:
        if (term["source"], term["lag"], term["scale"], term["offset"]) == ("action", 1, 1, 0):
            return start
        start += term["width"]
    raise UsageError(
        f"{policy.contract.name}: its observation does not hold its last action",
        hint="only a policy that is fed its own actions can be compared with them",
    )


def _read_npy(path: Path, data: bytes) -> list["array[float]"]:
    np = extras.load("numpy", "sim")
    try:
        table = np.load(io.BytesIO(data), allow_pickle=False)
        return [array("f", row) for row in table.astype(np.float32)]
    except (ValueError, TypeError, EOFError) as error:
        raise RecordingError(f"{path}: {error}", hint=_HINT) from error


def _read_pickle(path: Path, data: bytes) -> list["array[float]"]:
    try:
        found = _InertUnpickler(io.BytesIO(data)).load()
        if not isinstance(found, list | tuple) or not found:
            raise ValueError(f"expected a list of vectors, found {type(found).__name__}")
        return [_row(vector) for vector in found]
    except RecursionError as error:
        raise RecordingError(f"{path}: nested too deeply", hint=_HINT) from error
    # Whatever a broken pickle makes the machine stumble over.
    except Exception as error:
        raise RecordingError(f"{path}: {error}", hint=_HINT) from error


def _row(vector: Any) -> "array[float]":
    if isinstance(vector, _Array):
        return vector.numbers()
    return array("f", [one.number() if isinstance(one, _Scalar) else float(one) for one in vector])


class _Dtype:
    """Stands for numpy.dtype."""

    def __init__(self, code: str = "", *_: Any) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def read(self, data: Any) -> "array[float]":
        """The numbers in `data`."""
        if self.code not in _CODES:
            raise ValueError(f"expected numbers of 4 or 8 bytes, found {self.code!r}")
        numbers = array(_CODES[self.code], bytes(data))
        if (self.order == ">") != (sys.byteorder == "big") and self.order in "<>":
            numbers.byteswap()
        return array("f", numbers)


class _Array:
    """Stands for numpy.ndarray."""

    def __init__(self, *_: Any) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype, self.data = _Dtype(), b""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, _, self.data = state

    def numbers(self) -> "array[float]":
        """Its numbers; a row of one is a row too."""
        if math.prod(self.shape) != max(self.shape, default=0):
            raise ValueError(f"expected a vector, found shape {self.shape}")
        return self.dtype.read(self.data)


class _Scalar:
    """Stands for a number of numpy."""

    def __init__(self, dtype: _Dtype, data: bytes) -> None:
        self.dtype, self.data = dtype, data

    def number(self) -> float:
        """Itself."""
        return self.dtype.read(self.data)[0]


def _from_buffer(data: Any, dtype: _Dtype, shape: tuple[int, ...], *_: Any) -> _Array:
    made = _Array()
    made.__setstate__((1, shape, dtype, False, data))
    return made


def _encode(text: str, _: str = "latin1") -> bytes:
    return text.encode("latin1")


_STANDS_FOR: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}
for _package in ("numpy.core", "numpy._core"):
    _STANDS_FOR[_package + ".multiarray", "_reconstruct"] = _Array
    _STANDS_FOR[_package + ".multiarray", "scalar"] = _Scalar
    _STANDS_FOR[_package + ".numeric", "_frombuffer"] = _from_buffer


class _InertUnpickler(pickle.Unpickler):
    """Knows what stands for arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        found = _STANDS_FOR.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no list of vectors needs: nothing was run")
        return found
