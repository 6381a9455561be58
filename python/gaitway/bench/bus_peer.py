"""The peer: the published Python runtime's three transactions a tick through rustypot. A program without Gaitway.

Usage: bus_peer.py PORT RATE_HZ TICKS ID=GOAL_RAD... With rate 0 each tick follows the one before at once.
"""

import json
import sys
import time

import rustypot


def ticks(path: str, rate_hz: int, count: int, goals: dict[int, float]) -> dict[str, list[int]]:
    """Reads positions, reads velocities, writes goals, `count` times, and sleeps for what is left of each period.

    Returns when each tick began, when its velocities were there and when it was over, ns of the monotonic clock.
    """
    # Rate 0 is rustypot's word for a pseudo-terminal.
    io = rustypot.feetech(path, 0)
    ids, goal_rad = list(goals), list(goals.values())
    clock = time.monotonic_ns
    start_ns, read_ns, end_ns = [], [], []
    for _ in range(count):
        start_ns.append(clock())
        io.read_present_position(ids)
        io.read_present_velocity(ids)
        read_ns.append(clock())
        io.write_goal_position(ids, goal_rad)
        end_ns.append(clock())
        if rate_hz:
            time.sleep(max(0.0, 1 / rate_hz - (clock() - start_ns[-1]) / 1e9))
    # A port that is closed drops what the wire has not carried; who answers has heard all that was said before.
    io.read_present_position(ids)
    return {"start_ns": start_ns, "read_ns": read_ns, "told_ns": end_ns, "end_ns": end_ns}


if __name__ == "__main__":
    port, rate, number = sys.argv[1:4]
    pairs = (text.split("=") for text in sys.argv[4:])
    found = ticks(port, int(rate), int(number), {int(servo): float(goal) for servo, goal in pairs})
    print(json.dumps(found), flush=True)
