"""Pickles without running them: the few names that arrays need stand for classes that keep bytes, and every other is
refused.
"""

import math
import pickle
import sys
from array import array
from typing import Any

#: NumPy's names for numbers, and array's.
_CODES = {"f4": "f", "f8": "d"}


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


class Array:
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


class Scalar:
    """Stands for a number of numpy."""

    def __init__(self, dtype: _Dtype, data: bytes) -> None:
        self.dtype, self.data = dtype, data

    def number(self) -> float:
        """Itself."""
        return self.dtype.read(self.data)[0]


def _from_buffer(data: Any, dtype: _Dtype, shape: tuple[int, ...], *_: Any) -> Array:
    made = Array()
    made.__setstate__((1, shape, dtype, False, data))
    return made


def _encode(text: str, _: str = "latin1") -> bytes:
    return text.encode("latin1")


_STANDS_FOR: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}
for _package in ("numpy.core", "numpy._core"):
    _STANDS_FOR[_package + ".multiarray", "_reconstruct"] = Array
    _STANDS_FOR[_package + ".multiarray", "scalar"] = Scalar
    _STANDS_FOR[_package + ".numeric", "_frombuffer"] = _from_buffer


class InertUnpickler(pickle.Unpickler):
    """Knows what stands for arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name. Raises UnpicklingError for one that is not known."""
        found = _STANDS_FOR.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which plain numbers do not need: nothing was run")
        return found
