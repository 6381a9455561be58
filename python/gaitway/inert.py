"""Pickles without running them: the few names that arrays need stand for classes that keep bytes, and every other is
refused.
"""

import io
import math
import pickle
import pickletools
import sys
from array import array
from typing import Any

#: NumPy's names for numbers, and array's.
_CODES = {"f4": "f", "f8": "d"}
_MOST_DIMENSIONS = 32
#: Opcodes that remember a value under a number of the file's choosing.
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")


class _Dtype:
    """Stands for numpy.dtype."""

    def __init__(self, code: object = "", *_: Any) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])

    def read(self, data: object) -> "array[float]":
        """The numbers in `data`."""
        if not isinstance(self.code, str) or self.code not in _CODES:
            raise ValueError("expected numbers of 4 or 8 bytes, found others")
        # Python makes as many bytes of a whole number as it says.
        if not isinstance(data, bytes | bytearray):
            raise ValueError(f"expected the bytes of numbers, found {type(data).__name__}")
        numbers = array(_CODES[self.code], data)
        if (self.order == ">") != (sys.byteorder == "big") and self.order in "<>":
            numbers.byteswap()
        return array("f", numbers)


def _no_state(*_: object) -> None:
    raise pickle.UnpicklingError("it wants to change what stands for numpy: nothing was changed")


class Array:
    """Stands for numpy.ndarray."""

    def __init__(self, *_: Any) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype = _Dtype()
        self.data: object = b""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, _, self.data = state
        is_shape = isinstance(shape, tuple) and len(shape) <= _MOST_DIMENSIONS
        if not is_shape or not all(isinstance(size, int) for size in shape) or not isinstance(dtype, _Dtype):
            raise ValueError("expected the shape and the type of an array, found something else")
        self.shape, self.dtype = shape, dtype

    def numbers(self) -> "array[float]":
        """Its numbers; a row of one is a row too."""
        if math.prod(self.shape) != max(self.shape, default=0):
            raise ValueError(f"expected a vector, found shape {self.shape}")
        return self.dtype.read(self.data)


class Scalar:
    """Stands for a number of numpy."""

    def __init__(self, dtype: object, data: object) -> None:
        if not isinstance(dtype, _Dtype):
            raise ValueError("expected the type of a number, found something else")
        self.dtype, self.data = dtype, data

    __setstate__ = _no_state

    def number(self) -> float:
        """Itself."""
        return self.dtype.read(self.data)[0]


class _FromBuffer:
    """Stands for the function that makes an array of bytes."""

    def __new__(cls, data: object, dtype: object, shape: object, *_: Any) -> Any:
        made = Array()
        made.__setstate__((1, shape, dtype, False, data))
        return made

    __setstate__ = _no_state


class _Encode:
    """Stands for the function that makes bytes of text."""

    def __new__(cls, text: str, *_: Any) -> Any:
        return text.encode("latin1")

    __setstate__ = _no_state


_STANDS_FOR: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _Encode,
}
for _package in ("numpy.core", "numpy._core"):
    _STANDS_FOR[_package + ".multiarray", "_reconstruct"] = Array
    _STANDS_FOR[_package + ".multiarray", "scalar"] = Scalar
    _STANDS_FOR[_package + ".numeric", "_frombuffer"] = _FromBuffer


def load(data: bytes) -> Any:
    """What a pickle holds. Raises whatever a broken one makes the machine stumble over."""
    _check(data)
    return _InertUnpickler(io.BytesIO(data)).load()


def _check(data: bytes) -> None:
    """Refuses what asks for more memory than it has bytes: lengths beyond its end, and places in the memory of the
    machine, which has room for all up to the highest.
    """
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in _PUTS and isinstance(argument, int) and argument > len(data):
            raise ValueError(f"expected at most {len(data)} values to be remembered, found number {argument}")


class _InertUnpickler(pickle.Unpickler):
    """Knows what stands for arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name. Raises UnpicklingError for one that is not known."""
        found = _STANDS_FOR.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which plain numbers do not need: nothing was run")
        return found
