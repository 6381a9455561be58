"""What a measured loop runs beside: priority, other processes, other threads, and the machine's own stalls."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gaitway import _native

#: Priority of the measured loop, and of the canary above it; as far as the system grants them.
LOOP_PRIORITY, CANARY_PRIORITY = 50, 90
#: Time between two looks of the canary, ns: no divisor of any period, so that it meets the loops at every phase.
LOOK_NS = 2_030_000

# Ends by itself when the bench does.
_BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def real_time(priority: int) -> Iterator[bool]:
    """Runs the calling thread, and threads it starts, under SCHED_FIFO; yields whether the system granted that."""
    # On Linux these calls mean the calling thread alone; elsewhere they do not exist.
    if not hasattr(os, "sched_setscheduler"):
        yield False
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, policy, parameters)


@contextmanager
def on_cpus(cpus: set[int]) -> Iterator[None]:
    """Keeps the calling thread, and threads and processes it starts, on these CPUs; on any where there are none."""
    if not cpus:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keeps `count` cores busy with ordinary processes that never wait."""
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-I", "-c", _BUSY]))
            stack.callback(process.kill)
        yield


@contextmanager
def busy_thread() -> Iterator[None]:
    """Runs Python code that never waits in a thread of this process: it wants the interpreter lock all the time."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            for _ in range(10_000):
                pass

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Canary:
    """Measures what the machine itself does to a loop nothing may interrupt.

    On each core a thread of higher priority than any other sleeps for two milliseconds, again and again. How late it
    is woken is what a sleeping loop on that core would have suffered: the host took the core away, or the kernel did
    not let go.
    """

    def __init__(self, seconds: float) -> None:
        self._looks = max(1, round(seconds * 1e9 / LOOK_NS))
        self._threads = [threading.Thread(target=self._watch, args=(cpu,)) for cpu in _cpus()]
        #: Lateness at every look of all cores, ns; complete when the canary has left its `with`.
        self.lateness_ns: list[int] = []

    def __enter__(self) -> "Canary":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def _watch(self, cpu: int | None) -> None:
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        with real_time(CANARY_PRIORITY):
            self.lateness_ns += _native.canary(LOOK_NS, self._looks)


def _cpus() -> list[int | None]:
    return [*sorted(os.sched_getaffinity(0))] if hasattr(os, "sched_getaffinity") else [None]
