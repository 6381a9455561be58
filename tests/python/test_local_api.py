"""The local API of a robot that runs: who sees it, who commands it, and what bad clients get."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from daemon_bench import Bench

import gaitway
from gaitway.api import Connection
from gaitway.bench.local_api.bad_clients import KINDS, be_bad
from gaitway.errors import DaemonError, RefusedError, UsageError

ROOT = Path(__file__).resolve().parents[2]
HELLO = b'{"kind": "hello", "protocol": 1, "client": "test"}\n'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, binary: None) -> Iterator[tuple[Bench, Path]]:
    """A robot that runs on the emulated bus, and the socket of its local API."""
    folder = tmp_path_factory.mktemp("api")
    bench, path = Bench(folder), folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    try:
        wait_for(path)
        yield bench, path
    finally:
        process.terminate()
        process.communicate(timeout=30)
        bench.close()


def wait_for(path: Path) -> None:
    """Until the robot runs; a generous limit against hanging."""
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        with contextlib.suppress(DaemonError), gaitway.connect(path) as robot:
            while robot.observe().state != "running":
                assert time.monotonic() < end_s
            return
        time.sleep(0.05)
    raise AssertionError("it never runs")


class Raw:
    """A client that says what it likes."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(20)
        self.line.connect(str(path))
        self._file = self.line.makefile("rb")

    def say(self, *lines: bytes) -> None:
        self.line.sendall(b"".join(lines))

    def hear(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line, "the robot closed the connection"
        return dict(json.loads(line))

    def is_closed(self) -> bool:
        try:
            while self._file.readline():
                pass
        except ConnectionResetError:
            pass
        return True

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.line.close()


def test_every_answer_is_as_the_published_schema_says(running: tuple[Bench, Path]) -> None:
    schema = json.loads((ROOT / "docs/protocol.schema.json").read_text())
    reply = schema["properties"]["reply"] | {"$defs": schema["$defs"]}
    requests = [
        {"kind": "hello", "protocol": 1, "client": "test"},
        {"kind": "clock"},
        {"kind": "lease", "source": "agent", "seconds": 1},
        {"kind": "command", "lease": 10**6, "sequence": 1, "deadline_ns": 1, "axes": {}},
        {"kind": "subscribe", "topics": ["joints", "status"], "rate_hz": 50},
    ]
    with Raw(running[1]) as client:
        for number, request in enumerate(requests):
            client.say(json.dumps({"id": number, **request}).encode() + b"\n")
            answer = client.hear()
            jsonschema.validate(answer, reply)
            assert answer["id"] == number
        kinds = set()
        for _ in range(4):
            message = client.hear()
            jsonschema.validate(message, reply)
            kinds.add(message["kind"])
        assert kinds == {"status", "joints"}


def test_three_lines_walk_and_the_robot_stands_again(running: tuple[Bench, Path]) -> None:
    _, path = running
    with gaitway.connect(path) as robot:
        assert robot.name == "open_duck_mini_v2" and robot.command_axes["vx"] == "m/s"
        robot.walk(vx=0.1, wz=0.2)
        while (seen := robot.observe()).owner != "network":
            pass
        assert seen.state == "running"
        assert seen.command["vx"] == pytest.approx(0.1) and seen.command["wz"] == pytest.approx(0.2)
        assert set(seen.joints) == set(robot.joint_names) and seen.joints["left_knee"].position_rad is not None
        robot.look(yaw=0.3)
        while robot.observe().command["head_yaw"] == 0.0:
            pass
        robot.walk(vx=0.1, seconds=0.2)
        while robot.observe().command["vx"] != 0.0:
            pass
    # Its lease was given up: the next one need not wait.
    with gaitway.connect(path, source="agent") as other:
        other.walk(vx=0.05)
        while other.observe().owner != "agent":
            pass


def test_who_falls_silent_has_asked_for_no_more_than_its_deadline(running: tuple[Bench, Path]) -> None:
    client = Connection(running[1])
    try:
        lease = client.request("lease", source="network", seconds=10)["lease"]
        now_ns = client.request("clock")["clock_ns"]
        order = {"lease": lease, "sequence": 1, "axes": {"vx": 0.1}}
        fate = client.request("command", **order, deadline_ns=now_ns + 300_000_000)
        assert (fate["fate"], fate["limits"]) == ("followed", [])
        client.request("subscribe", topics=["status"], rate_hz=50)
        count, status = client.newest("status")
        end_s = time.monotonic() + 20
        # Nobody weaker commands it: what was asked eases to zero.
        for cause in ("owner", "expired"):
            while status["cause"] != cause:
                assert time.monotonic() < end_s
                count, status = client.newest("status", after=count)
        assert status["clock_ns"] >= now_ns + 300_000_000
        while status["command"]["vx"] != 0.0:
            assert time.monotonic() < end_s
            count, status = client.newest("status", after=count)
        again = {"sequence": 2, "deadline_ns": client.request("clock")["clock_ns"] + 10**8}
        too_much = client.request("command", **order | again | {"axes": {"vx": 9.0}})
        (limit,) = too_much["limits"]
        assert (limit["rule"], limit["axis"], limit["asked"]) == ("range", "vx", 9.0) and 0 < limit["allowed"] < 1
    finally:
        client.close()


def test_two_who_want_the_same_lease_never_both_have_it(running: tuple[Bench, Path]) -> None:
    _, path = running
    holders: list[int] = []
    won: set[int] = set()

    def fight(number: int) -> None:
        client = Connection(path, client=f"fighter {number}")
        for _ in range(100):
            try:
                lease = client.request("lease", source="network", seconds=1)["lease"]
            except RefusedError as error:
                assert error.code == "lease_held" and "has control for another" in error.message
                continue
            holders.append(number)
            assert holders == [number], "one at a time"
            won.add(number)
            holders.remove(number)
            client.request("release", lease=lease)
        client.close()

    threads = [threading.Thread(target=fight, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == {0, 1}


def test_the_weaker_source_is_told_that_it_is_overridden(running: tuple[Bench, Path]) -> None:
    with gaitway.connect(running[1]) as person:
        person.walk(vx=0.1)
        agent = Connection(running[1])
        lease = agent.request("lease", source="agent", seconds=1)["lease"]
        deadline_ns = agent.request("clock")["clock_ns"] + 10**8
        fate = agent.request("command", lease=lease, sequence=1, deadline_ns=deadline_ns, axes={"vx": 0.05})
        assert fate["fate"] == "overridden"
        assert person.observe().command["vx"] == pytest.approx(0.1)
        agent.close()


def test_errors_say_what_to_do(running: tuple[Bench, Path], tmp_path: Path) -> None:
    with gaitway.connect(running[1]) as robot, pytest.raises(UsageError, match="no command axis 'jump'"):
        robot.walk(jump=1.0)
    with pytest.raises(DaemonError, match="no running gaitwayd found"):
        gaitway.connect(tmp_path / "nobody.sock")
    client = Connection(running[1])
    with pytest.raises(RefusedError, match="expected a lease, found none") as refused:
        client.request("mode", mode="run")
    assert refused.value.code == "no_lease"
    with pytest.raises(RefusedError, match="expected somebody at the robot"):
        client.request("clear_stop")
    with pytest.raises(RefusedError, match=r"axes\.jump: expected one of vx, vy"):
        client.request("command", lease=1, sequence=1, deadline_ns=1, axes={"jump": 1.0})
    client.close()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"\x00\xff\n", "bad_message"),
        (b"GET / HTTP/1.1\n", "bad_message"),
        (b"[" * 9000 + b"\n", "bad_message"),
        (b"x" * 100_000 + b"\n", "bad_message"),
        (b'{"kind": "fly"}\n', "unknown_kind"),
        (b'{"kind": "lease", "source": "pad", "seconds": 1}\n', "bad_field"),
        (b'{"kind": "clock"}\n', "no_hello"),
        (b'{"kind": "hello", "protocol": 99, "client": "x"}\n', "other_version"),
    ],
)
def test_a_bad_line_is_refused_and_the_next_is_heard(running: tuple[Bench, Path], said: bytes, code: str) -> None:
    with Raw(running[1]) as client:
        client.say(said, HELLO.replace(b"{", b'{"id": 1, '))
        assert client.hear()["code"] == code
        assert client.hear()["kind"] == "hello"


def test_who_floods_or_never_reads_goes_and_the_robot_walks_on(running: tuple[Bench, Path]) -> None:
    _, path = running
    with gaitway.connect(path) as robot, Raw(path) as flood, Raw(path) as lazy:
        robot.walk(vx=0.1)
        lazy.say(HELLO, b'{"kind": "subscribe", "topics": ["status", "joints"], "rate_hz": 200}\n')
        flood.say(HELLO)
        before = robot.observe()
        refused = b'{"id": 1, "kind": "clock"}\n' * 1000
        with contextlib.suppress(OSError):
            for _ in range(100):
                flood.say(refused)
        codes = set()
        with contextlib.suppress(AssertionError, OSError):
            for _ in range(2000):
                codes.add(flood.hear().get("code"))
                if "too_fast" in codes:
                    break
        assert "too_fast" in codes
        after = robot.observe()
        assert after.tick > before.tick and after.state == "running"
        assert after.command["vx"] == pytest.approx(0.1)


#: What each bad client is told; one that only comes and goes is told nothing.
TOLD = {
    "flood": {"too_fast"},
    "half-closed": {"disconnected"},
    "never reads": {"status", "joints"},
    "byte by byte": {"disconnected"},
    "silent": {"disconnected"},
    "no hello": {"no_hello"},
    "other version": {"other_version"},
    "garbage": {"bad_message"},
    "line of 1 MiB": {"bad_message"},
    "deep JSON": {"bad_message"},
    "odd numbers": {"bad_message", "bad_field"},
    "lying clock": {"too_late", "bad_field"},
    "another's lease": {"no_lease"},
    "another's source": {"lease_held", "bad_field"},
    "connects and goes": set(),
    "40 clients": {"too_many_clients"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_client_is_told_why_and_the_robot_walks_on(running: tuple[Bench, Path], kind: str) -> None:
    bench, path = running
    with gaitway.connect(path) as robot:
        robot.walk(vx=0.1)
        before, heard = robot.observe(), set[str]()
        # A machine that halts may let an answer come too late for one try.
        for _ in range(20):
            heard |= set(be_bad(path, kind, 0.0).heard)
            if heard >= TOLD[kind]:
                break
        assert heard >= TOLD[kind]
        assert not {"fate", "accepted"} & heard, "none of them commands anything"
        bench.wait_writes(10)
        while (seen := robot.observe()).command["vx"] == 0.0:
            pass
        assert seen.tick > before.tick and seen.state == "running" and seen.owner == "network"
        assert seen.command["vx"] == pytest.approx(0.1)


def test_who_says_nothing_goes(running: tuple[Bench, Path]) -> None:
    with Raw(running[1]) as silent:
        assert silent.is_closed()


def test_there_are_no_more_than_so_many_clients(running: tuple[Bench, Path]) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(running[1])) for _ in range(40)]
        for client in clients[:8]:
            client.say(HELLO)
            assert client.hear()["kind"] == "hello"
        assert clients[-1].hear()["code"] == "too_many_clients"
    end_s = time.monotonic() + 20
    while time.monotonic() < end_s:
        with contextlib.suppress(DaemonError), gaitway.connect(running[1]) as robot:
            assert robot.observe().state == "running"
            return
    raise AssertionError("there is room again")


def test_stop_is_heard_from_anybody_and_stays(tmp_path: Path, binary: None) -> None:
    bench, path = Bench(tmp_path), tmp_path / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    try:
        wait_for(path)
        with gaitway.connect(path) as robot:
            robot.walk(vx=0.1)
            with Raw(path) as stranger:
                # Without hello, and at the end of a flood.
                stranger.say(b'{"kind": "clock"}\n' * 500, b'{"kind": "stop"}\n')
                while not robot.observe().stopped:
                    pass
            while robot.observe().state != "limp":
                pass
            with pytest.raises(RefusedError, match="emergency stop is set"):
                robot.walk(vx=0.1)
            with pytest.raises(RefusedError, match="emergency stop is set"):
                robot.stand()
            robot.limp()
    finally:
        process.terminate()
        process.communicate(timeout=30)
        bench.close()
    assert not path.exists()
