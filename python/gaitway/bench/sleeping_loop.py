"""The peer: the published Python runtime's way of keeping time. A program of its own, without Gaitway.

Usage: sleeping_loop.py RATE_HZ TICKS WORK_NS [busy]. With `busy` a thread that never rests runs beside it.
"""

import json
import sys
import threading
import time


def sleeping_loop(rate_hz: int, ticks: int, work_ns: int) -> tuple[list[int], int]:
    """Works, then sleeps for what is left of the period, `ticks` times.

    Returns the lateness of each wake-up in ns, against the wake-up that was asked for: the start of the sleep and
    the time requested. And the time from the first tick to the last, ns.
    """
    lateness_ns = []
    clock = time.perf_counter_ns
    first_ns = began_ns = clock()
    for _ in range(ticks - 1):
        began_ns = clock()
        while clock() - began_ns < work_ns:
            pass
        remainder_s = max(0.0, 1 / rate_hz - (clock() - began_ns) / 1e9)
        asleep_ns = clock()
        time.sleep(remainder_s)
        began_ns = clock()
        lateness_ns.append(max(0, began_ns - asleep_ns - round(remainder_s * 1e9)))
    return lateness_ns, began_ns - first_ns


def keep_busy() -> None:
    """Python code that never waits for anything."""
    while True:
        pass


if __name__ == "__main__":
    if sys.argv[4:] == ["busy"]:
        threading.Thread(target=keep_busy, daemon=True).start()
    rate_hz, ticks, work_ns = map(int, sys.argv[1:4])
    lateness_ns, elapsed_ns = sleeping_loop(rate_hz, ticks, work_ns)
    print(json.dumps({"lateness_ns": lateness_ns, "elapsed_ns": elapsed_ns}), flush=True)
