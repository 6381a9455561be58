"""Who commands: two clients that want the same lease, one that is stronger, and one that is killed while it walks."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gaitway.api import Connection
from gaitway.bench.account import quantiles
from gaitway.bench.clock import Progress
from gaitway.bench.local_api.running_robot import PATIENCE_S, RunningRobot
from gaitway.bench.local_api.walker import take_lease
from gaitway.command import VELOCITY_AXES
from gaitway.errors import DaemonError, RefusedError
from gaitway.robot import Robot

#: What a program of `gaitway.connect` declares: a command holds for so long, a lease for so long, s.
DECLARED_S = {"deadline": 0.3, "lease": 1.0}
#: How it dies: its connection ends, or stays open and silent.
KILLS = {"SIGKILL": signal.SIGKILL, "SIGSTOP": signal.SIGSTOP}
#: The command is looked at so often, Hz.
_RATE_HZ = 200.0
#: Between a command that holds and the kill, s.
_WALKS_S = (0.1, 0.3)
_AXIS, _VALUE = VELOCITY_AXES[0], 0.1
_SILENT_LEASE_S = 0.5
#: Nearly as long as a command may hold: on a busy machine the other one's comes late.
_HOLDS_NS = 900_000_000


def measure_fight(robot: Robot, tries: int, progress: Progress) -> dict[str, Any]:
    """What becomes of two clients: of the same source, of a stronger and a weaker one, and after one falls silent.

    `both` must be 0: how often both held the lease of one source, as they saw it.
    """
    with RunningRobot(robot) as running:
        progress("fight: the same source", 0, 3)
        same = _same_source(running, tries)
        progress("fight: agent and network", 1, 3)
        stronger = _stronger(running, tries)
        progress("fight: silent holder", 2, 3)
        return {"same_source": same, "agent_beside_network": stronger, "silent_holder": _silent_holder(running)}


def _same_source(running: RunningRobot, tries: int) -> dict[str, int]:
    """Each takes and releases the lease over and over, and commands while it has it."""
    counts: Counter[str] = Counter()
    holders: set[int] = set()

    def fight(number: int) -> None:
        client = Connection(running.socket, client=f"fighter {number}")
        try:
            for _ in range(tries):
                # Within what a client may ask: it would be refused for that, and not for the lease.
                time.sleep(0.005)
                try:
                    lease = client.request("lease", source="network", seconds=1.0)["lease"]
                except RefusedError as error:
                    counts[error.code] += 1
                    continue
                holders.add(number)
                counts["both"] += len(holders) > 1
                counts[f"granted to {number + 1}"] += 1
                counts[_command(client, lease, 1)] += 1
                holders.discard(number)
                client.request("release", lease=lease)
        finally:
            client.close()

    threads = [threading.Thread(target=fight, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"both": 0, **counts}


def _stronger(running: RunningRobot, tries: int) -> dict[str, int]:
    """An agent and a person's program have a lease each, and both command."""
    agent, person = (Connection(running.socket, client=name) for name in ("agent", "person"))
    counts: Counter[str] = Counter()
    try:
        leases = {name: take_lease(client, name, 10.0) for name, client in (("agent", agent), ("network", person))}
        for sequence in range(1, tries + 1):
            counts[f"network {_command(person, leases['network'], sequence)}"] += 1
            counts[f"agent {_command(agent, leases['agent'], sequence)}"] += 1
            time.sleep(0.01)
            if sequence % 100 == 0:
                for name, client in (("agent", agent), ("network", person)):
                    client.request("lease", source=name, seconds=10.0, lease=leases[name])
    finally:
        agent.close()
        person.close()
    return dict(counts)


def _silent_holder(running: RunningRobot) -> dict[str, float]:
    """One takes a lease and says no more: when the other one gets it."""
    silent, other = (Connection(running.socket, client=name) for name in ("silent", "other"))
    try:
        take_lease(silent, "network", _SILENT_LEASE_S)
        began_ns = time.monotonic_ns()
        take_lease(other, "network", _SILENT_LEASE_S)
        return {"declared_s": _SILENT_LEASE_S, "granted_after_s": (time.monotonic_ns() - began_ns) * 1e-9}
    finally:
        silent.close()
        other.close()


def _command(client: Connection, lease: int, sequence: int) -> str:
    deadline_ns = client.request("clock")["clock_ns"] + _HOLDS_NS
    order = {"lease": lease, "sequence": sequence, "deadline_ns": deadline_ns}
    try:
        return str(client.request("command", **order, axes={_AXIS: _VALUE})["fate"])
    except RefusedError as error:
        return error.code


def measure_killed(robot: Robot, count: int, progress: Progress) -> dict[str, Any]:
    """A program of `gaitway.connect` that walks is killed, or stopped as a frozen one is: how long its command lives.

    `asked_ns` until nobody asks for its velocity any more, `zero_ns` until the command is zero, eased; both as seen
    200 times a second.
    """
    found: dict[str, Any] = {"declared_s": DECLARED_S, "unsure_ns": round(1e9 / _RATE_HZ)}
    chance = random.Random(0)
    with RunningRobot(robot) as running:
        watch = _Watch(running)
        try:
            for name, number in KILLS.items():
                asked, zero = [], []
                for turn in range(count):
                    progress(f"killed: {name}", turn, count)
                    with _doomed(running) as doomed:
                        watch.until_it_walks()
                        time.sleep(chance.uniform(*_WALKS_S))
                        began_ns = time.monotonic_ns()
                        doomed.send_signal(number)
                        asked.append(watch.until_it_slows(began_ns))
                        zero.append(watch.until_zero(began_ns))
                found[name] = {"count": count, "asked_ns": quantiles(asked), "zero_ns": quantiles(zero)}
        finally:
            watch.close()
    return found


@contextmanager
def _doomed(running: RunningRobot) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "gaitway.bench.local_api.doomed", str(running.socket), _AXIS, str(_VALUE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


class _Watch:
    """Somebody who only looks at the command."""

    def __init__(self, running: RunningRobot) -> None:
        self._connection = Connection(running.socket, client="watch")
        self._connection.request("subscribe", topics=["status"], rate_hz=_RATE_HZ)
        self._seen = 0

    def until_it_walks(self) -> None:
        """Until the whole velocity is commanded."""
        self._until(lambda speed: speed >= 0.99 * _VALUE)

    def until_it_slows(self, began_ns: int) -> int:
        """Time until the command goes down, ns."""
        return self._until(lambda speed: speed < 0.99 * _VALUE) - began_ns

    def until_zero(self, began_ns: int) -> int:
        """Time until the command is zero, ns."""
        return self._until(lambda speed: speed == 0.0) - began_ns

    def close(self) -> None:
        """Looks no more."""
        self._connection.close()

    def _until(self, is_so: Callable[[float], bool]) -> int:
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            self._seen, status = self._connection.newest("status", after=self._seen)
            if is_so(status["command"][_AXIS]):
                return time.monotonic_ns()
        raise DaemonError("the command never came to what it should be", hint="is the machine too busy? try again")
