"""Signals that ask a program to end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def caught(hear: Callable[[int], object]) -> Iterator[None]:
    """`hear` is told of SIGINT and SIGTERM meanwhile, in place of whoever was told before."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.signal(number, lambda number, _: hear(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
