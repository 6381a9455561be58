"""Round trips of a message: the local API's beside echo servers, in turns."""

import http.client
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gaitway.api import Connection
from gaitway.bench.account import quantiles
from gaitway.bench.clock import Progress

#: As long as a command on the local API.
_MESSAGE = json.dumps(
    {"kind": "command", "id": 1000, "lease": 1, "sequence": 1000, "deadline_ns": 10**15, "axes": {"vx": 0.1}}
)
#: The local API refuses more than 400 requests a second.
_PAUSE_S = 0.004

Trip = Callable[[], object]


def round_trips(path: Path, count: int, progress: Progress) -> dict[str, dict[str, int]]:
    """Quantiles of request and answer, ns: the local API at `path`, a WebSocket's echo, HTTP with kept connections.

    The WebSocket is left out where `websockets` is not installed.
    """
    with _peers() as (web_port, socket_port), ExitStack() as stack:
        connection = Connection(path, client="round trips")
        stack.callback(connection.close)
        trips: dict[str, Trip] = {"local API": lambda: connection.request("clock")}
        if socket_port is not None:
            trips["WebSocket, websockets"] = _echo(socket_port, stack)
        trips["HTTP, http.server"] = _post(web_port)
        return _measured(trips, count, progress)


def _measured(trips: dict[str, Trip], count: int, progress: Progress) -> dict[str, dict[str, int]]:
    times: dict[str, list[int]] = {name: [] for name in trips}
    for number in range(count + count // 10):
        if number % 50 == 0:
            progress("round trips", number, count + count // 10)
        for name, trip in trips.items():
            began_ns = time.monotonic_ns()
            trip()
            times[name].append(time.monotonic_ns() - began_ns)
        time.sleep(_PAUSE_S)
    # The first tenth warms up.
    return {name: quantiles(row[count // 10 :]) for name, row in times.items()}


def _post(port: int) -> Trip:
    web = http.client.HTTPConnection("127.0.0.1", port)
    web.connect()

    def post() -> None:
        web.request("POST", "/", _MESSAGE)
        web.getresponse().read()

    return post


def _echo(port: int, stack: ExitStack) -> Trip:
    from websockets.sync.client import connect

    line = stack.enter_context(connect(f"ws://127.0.0.1:{port}", compression=None))

    def echo() -> None:
        line.send(_MESSAGE)
        line.recv()

    return echo


@contextmanager
def _peers() -> Iterator[tuple[int, int | None]]:
    """Ports of the echo servers: of HTTP, and of the WebSocket where there is one."""
    has_sockets = importlib.util.find_spec("websockets") is not None
    command = [sys.executable, "-m", "gaitway.bench.local_api.peer", *(["websockets"] if has_sockets else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        web, *others = map(int, process.stdout.readline().split())
        try:
            yield web, others[0] if others else None
        finally:
            process.stdin.close()
