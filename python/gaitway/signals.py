"""Signals that ask a program to end."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Linux's prctl: a signal for when the parent has died.
_PR_SET_PDEATHSIG = 1


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


def bound_to_this_process() -> Callable[[], None] | None:
    """A `preexec_fn` of `subprocess`: the child is asked to end when this process has died, however that was."""
    if sys.platform != "linux":
        return None
    # Loaded here: between fork and exec as little as possible happens.
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            # It died before it was asked.
            os._exit(1)

    return bind
