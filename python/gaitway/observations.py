"""What a policy saw, row by row: NumPy's `.npy`, and the pickles of the robot's published runtime.

`robot_saved_obs.pkl` is a list of vectors. A pickle is a program; nothing of it is run (`gaitway.inert`).
"""

import io
import json
import math
import pickle
from array import array
from pathlib import Path
from typing import Any

from gaitway import extras, files, inert
from gaitway.errors import RecordingError, UsageError
from gaitway.inert import Array, Scalar
from gaitway.policy import Policy

ENDINGS = (".npy", ".pkl")
_HINT = "expected a list of vectors of numbers, as the published runtime saves it, or a .npy of gaitwayd"


def load(path: Path) -> list["array[float]"]:
    """The rows [observation] of a `.npy` or `.pkl` file, all as long. Raises RecordingError for what is none."""
    data = files.read_bytes(path, "observations")
    kind = "npy" if path.suffix == ".npy" else "pickle"
    files.refuse_other_kinds(data, kind, "observations", path, RecordingError)
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


def replay(policy: Policy, rows: list["array[float]"], path: Path | None = None) -> list[float]:
    """Runs a policy on what it saw: for every row but the last the largest difference between its action and the one
    that the following row remembers. `path` names the rows' file in errors.

    Raises UsageError where rows are not as long as the policy's, or it remembers none.
    """
    width, expected = len(rows[0]), policy.contract.observation_len
    if width != expected:
        message = f"{path or 'observations'}: rows of {width} numbers, and {policy.contract.name} takes {expected}"
        raise UsageError(f"{message}: another policy saw them", hint="name the policy that did: --policy FILE")
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
        found = inert.load(data)
        if not isinstance(found, list | tuple) or not found:
            raise ValueError(f"expected a list of vectors, found {type(found).__name__}")
        return [_row(vector) for vector in found]
    except RecursionError as error:
        raise RecordingError(f"{path}: nested too deeply", hint=_HINT) from error
    # Whatever a broken pickle makes the machine stumble over.
    except Exception as error:
        raise RecordingError(f"{path}: {error}", hint=_HINT) from error


def _row(vector: Any) -> "array[float]":
    if isinstance(vector, Array):
        return vector.numbers()
    return array("f", [_number(one) for one in vector])


def _number(one: object) -> float:
    if isinstance(one, Scalar):
        return one.number()
    if not isinstance(one, int | float):
        raise ValueError(f"expected rows of numbers, found {type(one).__name__} in one")
    return float(one)
