"""The local API over a network: who has the pairing key drives, and nobody else gets a word."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import Session

import gaitway
from gaitway import _native
from gaitway.errors import DaemonError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, binary: None) -> Iterator[tuple[str, Path, Path]]:
    """Address of a robot that runs on the emulated bus, the key, and its socket on this machine."""
    folder = tmp_path_factory.mktemp("far")
    bench, key, path = Bench(folder), folder / "pairing.key", folder / "api.sock"
    _native.make_pad_key(key)
    arguments = ["--no-record", "--socket", str(path), "--listen", "127.0.0.1:0", "--key", str(key)]
    with Session(bench.start(*arguments)) as session:
        address = session.until("local API over the network")[-1]["address"]
        session.until("state", to="running")
        yield address, key, path
        session.process.terminate()
        session.ended()
    bench.close()


def call(address: str) -> socket.socket:
    host, port = address.split(":")
    line = socket.create_connection((host, int(port)), timeout=20)
    line.settimeout(20)
    return line


def is_ended(line: socket.socket) -> bytes:
    """What it says until it ends the call."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while part := line.recv(4096):
            said += part
    return said


def test_who_has_the_key_drives_as_on_the_robot_itself(far: tuple[str, Path, Path]) -> None:
    address, key, path = far
    with gaitway.connect(f"tcp://{address}", key=key, client="far") as robot, gaitway.connect(path) as near:
        robot.walk(vx=0.05, seconds=0.2)
        assert near.observe().owner == "network" and robot.observe().state == "running"
        assert near.connection.newest("status")[1]["lease_holder"] == "far"
        with pytest.raises(gaitway.GaitwayError, match="far has control"):
            near.walk(vx=0.01)
    with gaitway.connect(path) as near:
        near.walk(vx=0.01, seconds=0.05)


def test_another_key_gets_no_word(far: tuple[str, Path, Path], tmp_path: Path) -> None:
    address, _, _ = far
    other = tmp_path / "other.key"
    _native.make_pad_key(other)
    with pytest.raises(DaemonError, match="another key") as caught:
        gaitway.connect(f"tcp://{address}", key=other)
    assert "copy the robot's key file" in caught.value.hint
    with pytest.raises(UsageError, match="found no file"):
        gaitway.connect(f"tcp://{address}", key=tmp_path / "none")


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: duck\r\n\r\n",
        b'{"kind": "stop"}\n',
        b'{"kind": "hello", "protocol": 1, "client": "x"}\n',
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x30" + b"\x00" * 48,
        b"\x00\x00" * 100,
        b"\xff\xff" + b"\xff" * 70000,
    ],
    ids=["http", "stop", "hello", "tls", "zeros", "empty frames", "long"],
)
def test_who_says_something_else_is_let_go_and_stops_nothing(far: tuple[str, Path, Path], said: bytes) -> None:
    address, _, path = far
    with call(address) as line:
        with contextlib.suppress(OSError):
            line.sendall(said)
        assert is_ended(line) == b""
    with gaitway.connect(path) as robot:
        assert not robot.observe().stopped


def test_what_was_recorded_and_is_sent_again_does_nothing(far: tuple[str, Path, Path]) -> None:
    address, key, path = far
    channel = _native.SecureChannel(key)
    said = [channel.first()]
    with call(address) as line:
        line.sendall(said[0])
        while not channel.is_open:
            assert channel.take(line.recv(4096)) == b""
        said.append(channel.seal(b'{"kind": "hello", "protocol": 1, "client": "far", "id": 1}\n'))
        line.sendall(said[1])
        assert json.loads(hear(line, channel))["kind"] == "hello"
        said.append(channel.seal(b'{"id": 2, "kind": "mode", "mode": "limp"}\n'))
    with call(address) as line:
        line.sendall(said[0])
        answer = line.recv(4096)
        assert answer and answer != said[0], "the handshake has a secret of its own each time"
        line.sendall(said[1] + said[2])
        assert is_ended(line) == b""
    with gaitway.connect(path) as robot:
        assert robot.observe().state == "running"


def hear(line: socket.socket, channel: Any) -> bytes:
    content = b""
    while not content:
        content = channel.take(line.recv(4096))
    return content


def test_who_calls_and_says_nothing_keeps_nobody_out(far: tuple[str, Path, Path]) -> None:
    address, key, path = far
    with contextlib.ExitStack() as calls:
        for _ in range(40):
            calls.enter_context(call(address))
        with gaitway.connect(path) as robot:
            assert robot.observe().state == "running", "the socket on the robot itself has room"
        # Those that said nothing are let go after five seconds.
        end_s = time.monotonic() + 60
        while True:
            try:
                gaitway.connect(f"tcp://{address}", key=key).close()
                break
            except DaemonError:
                assert time.monotonic() < end_s
                time.sleep(0.2)


@pytest.mark.parametrize("address", ["", "duck:port", "duck:0", "duck:70000", ":9872", "[::1"])
def test_what_is_no_address_is_said(address: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, DaemonError)) as caught:
        gaitway.connect(f"tcp://{address}", key=tmp_path / "none")
    assert caught.value.hint


def test_without_a_key_nobody_listens(tmp_path: Path, binary: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    bench = Bench(tmp_path)
    try:
        process = bench.start("--no-record", "--listen", "127.0.0.1:0")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1 and "gaitway pad pair" in errors
    finally:
        bench.close()
