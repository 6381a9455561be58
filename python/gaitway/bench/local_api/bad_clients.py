"""Clients that do what no client should, each kind for a while: a process of its own, so that it takes no time of ours.

Usage: bad_clients.py SOCKET KIND SECONDS. Prints as JSON how often it tried, and what it was answered how often.
"""

import contextlib
import json
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HELLO = b'{"kind": "hello", "protocol": 1, "client": "bad"}\n'
_CLOCK = b'{"kind": "clock", "id": 1}\n'
_SUBSCRIBE = b'{"kind": "subscribe", "topics": ["status", "joints"], "rate_hz": 200}\n'
#: More than the daemon takes at once.
_CROWD = 40
#: Until the daemon gives up who says no hello, it takes 5 s.
_SILENCE_S = 6.0
#: What a subscription says without end is heard for so long, s.
_ENOUGH_S = 0.5
#: A line that never ends, bytes; the longest that is read is 16 KiB.
_LONG_BYTES = 1 << 20


class GoneError(Exception):
    """The robot has ended the connection."""


class Client:
    """A connection whose answers are counted: by code where it was refused, else by kind."""

    def __init__(self, path: Path, heard: Counter[str]) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(5.0)
        self.line.connect(str(path))
        self._heard, self._unread = heard, b""

    def say(self, *lines: bytes) -> None:
        """Writes; raises GoneError where nobody reads any more."""
        try:
            self.line.sendall(b"".join(lines))
        except TimeoutError:
            self._heard["not read"] += 1
            raise GoneError from None
        except OSError:
            self._leave()

    def hear(self, seconds: float = 0.05) -> list[dict[str, object]]:
        """What comes until nothing has for so long; raises GoneError at the end of the connection."""
        messages: list[dict[str, object]] = []
        self.line.settimeout(seconds)
        end_s = time.monotonic() + seconds + _ENOUGH_S
        try:
            while chunk := self._receive():
                *lines, self._unread = (self._unread + chunk).split(b"\n")
                messages += map(json.loads, lines)
                if time.monotonic() > end_s:
                    return messages
        except TimeoutError:
            return messages
        finally:
            self.line.settimeout(5.0)
            self._heard.update(str(row.get("code") or row["kind"]) for row in messages)
        self._leave()
        return messages

    def lease(self, source: str) -> int:
        """A lease of this source."""
        self.say(HELLO, b'{"kind": "lease", "source": "%s", "seconds": 10}\n' % source.encode())
        answers = [row for row in self.hear() if row["kind"] == "lease"]
        return int(str(answers[0]["lease"])) if answers else 0

    def clock_ns(self) -> int:
        """The robot's clock."""
        self.say(_CLOCK)
        answers = [row for row in self.hear() if row["kind"] == "clock"]
        return int(str(answers[0]["clock_ns"])) if answers else 0

    def _receive(self) -> bytes:
        try:
            return self.line.recv(65536)
        except ConnectionResetError:
            return b""

    def _leave(self) -> None:
        self._heard["disconnected"] += 1
        raise GoneError


def _command(lease: int, sequence: int, deadline_ns: int, axes: str = '{"vx": 0.1}') -> bytes:
    order = f'"lease": {lease}, "sequence": {sequence}, "deadline_ns": {deadline_ns}, "axes": {axes}'
    return f'{{"kind": "command", "id": {sequence}, {order}}}\n'.encode()


def _flood(client: Client) -> None:
    client.say(HELLO)
    for _ in range(50):
        client.say(_CLOCK * 1000)
        client.hear(0.001)


def _half_closed(client: Client) -> None:
    client.say(HELLO, _SUBSCRIBE)
    client.line.shutdown(socket.SHUT_WR)
    client.hear(1.0)


def _never_reads(client: Client) -> None:
    client.say(HELLO, _SUBSCRIBE)
    end_s = time.monotonic() + 1.0
    while time.monotonic() < end_s:
        client.say(_CLOCK * 10)
        time.sleep(0.02)
    # What there is room for in the socket waits; the rest was left out.
    client.hear()


def _byte_by_byte(client: Client) -> None:
    end_s = time.monotonic() + _SILENCE_S
    while time.monotonic() < end_s:
        for byte in HELLO.replace(b"\n", b" "):
            client.say(bytes([byte]))
            time.sleep(0.02)
    client.hear()


def _silent(client: Client) -> None:
    client.hear(_SILENCE_S)


def _no_hello(client: Client) -> None:
    client.say(_CLOCK, _SUBSCRIBE, _command(1, 1, 1))
    client.hear()


def _other_version(client: Client) -> None:
    client.say(HELLO.replace(b": 1,", b": 99,"))
    client.hear()


def _garbage(client: Client) -> None:
    client.say(HELLO, random.Random(0).randbytes(100_000))
    client.hear()


def _endless_line(client: Client) -> None:
    client.say(HELLO, b'{"kind": "' + b"x" * _LONG_BYTES, b'"}\n')
    client.hear()


def _deep(client: Client) -> None:
    for opening in (b"[", b'{"kind": ', b'{"axes": '):
        client.say(HELLO, opening * (16_000 // len(opening)), b"\n")
        client.hear()


def _odd_numbers(client: Client) -> None:
    lease = client.lease("agent")
    for number, value in enumerate(("NaN", "Infinity", "-1e999", "1e308", "1" * 4000, '"fast"', "null"), start=1):
        client.say(_command(lease, number, client.clock_ns() + 10**8, f'{{"vx": {value}}}'))
    client.hear()


def _lying_clock(client: Client) -> None:
    lease = client.lease("agent")
    for number, deadline_ns in enumerate((0, 1, -1, 10**12, 2**63, 2**64 - 1, 2**64), start=1):
        client.say(_command(lease, number, deadline_ns))
    client.hear()


def _others_lease(client: Client) -> None:
    client.say(HELLO)
    for lease in range(1, 100):
        client.say(_command(lease, 10**6, 10**18), b'{"kind": "release", "id": 1, "lease": %d}\n' % lease)
    client.hear()


def _lease_of_another_source(client: Client) -> None:
    client.say(HELLO)
    for source in ("network", "pad", "terminal", "program"):
        client.say(b'{"kind": "lease", "id": 1, "source": "%s", "seconds": 10}\n' % source.encode())
    client.hear()


def _storm(client: Client) -> None:
    client.say(HELLO[:10])


def _crowd(client: Client) -> None:
    path, heard = Path(str(client.line.getpeername())), client._heard
    with contextlib.ExitStack() as stack:
        for _ in range(_CROWD):
            other = Client(path, heard)
            stack.callback(other.line.close)
            with contextlib.suppress(GoneError):
                other.say(HELLO)
                other.hear(0.01)


#: What each kind does until the connection has ended, over and over.
KINDS: dict[str, Callable[[Client], None]] = {
    "flood": _flood,
    "half-closed": _half_closed,
    "never reads": _never_reads,
    "byte by byte": _byte_by_byte,
    "silent": _silent,
    "no hello": _no_hello,
    "other version": _other_version,
    "garbage": _garbage,
    "line of 1 MiB": _endless_line,
    "deep JSON": _deep,
    "odd numbers": _odd_numbers,
    "lying clock": _lying_clock,
    "another's lease": _others_lease,
    "another's source": _lease_of_another_source,
    "connects and goes": _storm,
    f"{_CROWD} clients": _crowd,
}


@dataclass
class Told:
    """How often a bad client tried, and how often it heard what: codes of refusals, else kinds of messages."""

    tries: int
    heard: Counter[str]


def be_bad(path: Path, kind: str, seconds: float) -> Told:
    """One kind for so long, or once."""
    told = Told(0, Counter())
    end_s = time.monotonic() + seconds
    while told.tries == 0 or time.monotonic() < end_s:
        told.tries += 1
        with contextlib.suppress(GoneError, ConnectionRefusedError):
            client = Client(path, told.heard)
            with contextlib.closing(client.line):
                KINDS[kind](client)
        time.sleep(0.002)
    return told


if __name__ == "__main__":
    where, what, how_long = sys.argv[1:]
    said = be_bad(Path(where), what, float(how_long))
    print(json.dumps({"tries": said.tries, "heard": said.heard}))
