"""Ordinary clients, many at once: each hears status and joints, and asks for the clock, so many times a second.

Usage: crowd.py SOCKET CLIENTS HZ. Prints "ready" once all are there; when stdin ends, what they have heard and asked.
"""

import json
import select
import socket
import sys
import time

_REQUEST = b'{"kind": "clock", "id": 1}\n'


def main() -> None:
    """Comes, asks and hears, goes."""
    path, clients, rate_hz = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    lines = [_greeted(path, number, rate_hz) for number in range(clients)]
    print("ready", flush=True)
    heard, asked, began_s = _serve(lines, 1 / rate_hz)
    print(json.dumps({"heard": heard, "asked": asked, "seconds": time.monotonic() - began_s}))


def _greeted(path: str, number: int, rate_hz: float) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.connect(path)
    subscribe = {"kind": "subscribe", "topics": ["status", "joints"], "rate_hz": rate_hz}
    hello = {"kind": "hello", "protocol": 1, "client": f"crowd {number}"}
    line.sendall(b"".join(json.dumps(row).encode() + b"\n" for row in (hello, subscribe)))
    return line


def _serve(lines: list[socket.socket], period_s: float) -> tuple[int, int, float]:
    """Messages heard and asked until stdin ends, and since when."""
    heard = asked = 0
    began_s = next_s = time.monotonic()
    while True:
        ready, _, _ = select.select([sys.stdin, *lines], [], [], max(0.0, next_s - time.monotonic()))
        if sys.stdin in ready:
            return heard, asked, began_s
        for line in lines:
            if line not in ready:
                continue
            heard += line.recv(65536).count(b"\n")
        if time.monotonic() >= next_s:
            next_s = max(next_s + period_s, time.monotonic())
            for line in lines:
                line.sendall(_REQUEST)
                asked += 1


if __name__ == "__main__":
    main()
