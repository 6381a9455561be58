"""Files of something else, places that are taken, and what the system refuses: words and a remedy, never a bug."""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import flight
from program import run_gaitway, wait_until

import gaitway
from gaitway import files, printable
from gaitway.errors import UsageError
from gaitway.recording import Recording

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "gaitway.cli")
ESCAPES = "\x1b]0;PWN\x07\x1b[31mred\u202e\x9b2J"


def gaitwayd(*arguments: str | bytes, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [os.fsencode(BINARY), *(os.fsencode(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, errors="surrogateescape", **options)


def is_mere_text(said: str) -> bool:
    """Nothing in it that a terminal would obey."""
    return all(character in "\n\t" or printable.printable(character) == character for character in said)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--seconds", "1.85e10"),
        ("--seconds", "1e300"),
        ("--control-freq", "18446744073709551616"),
        ("--command", "vx=1e400"),
        ("--cpu", "-1"),
        ("--pitch-bias", "1e99"),
        ("--cutoff-frequency", "1e99"),
    ],
)
def test_a_number_nobody_means_is_refused(flag: str, value: str) -> None:
    done = gaitwayd(flag, value)
    assert done.returncode == 2, done.stderr
    assert "expected" in done.stderr and "panicked" not in done.stderr


@pytest.mark.parametrize("flag", ["--onnx-model-path", "--duck-config-path", "--robot", "--poly-coefficients"])
def test_what_is_no_ordinary_file_is_not_read(flag: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe"), str(tmp_path)):
        done = gaitwayd(flag, path)
        assert done.returncode == 2 and "expected a file" in done.stderr, done.stderr


def test_paths_that_are_no_text_and_rows_as_they_come(bench: Bench) -> None:
    """A run over its whole life, with names that are not UTF-8."""
    folder = bench.folder / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    observed = folder / os.fsdecode(b"o\xff.npy")
    arguments = ["--seconds", "3", "--record", str(folder), "--save-obs", str(observed)]
    process = bench.start(*arguments, "--socket", str(folder / "s"))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "panicked" not in errors, errors
    said = [json.loads(line) for line in output.splitlines()]
    (rows,) = [line["rows"] for line in said if line["event"] == "observations"]
    assert rows == bench.stats()["policy_ticks"] > 0
    assert observed.is_file() and flight(folder).is_file()


def test_observations_of_a_killed_run_can_be_read(bench: Bench) -> None:
    np = pytest.importorskip("numpy")
    path = bench.folder / "obs.npy"
    victim = bench.folder / "victim"
    victim.write_text("precious")
    # Somebody has planted a link where the rows go first.
    (bench.folder / "obs.npy.part").symlink_to(victim)
    process = bench.start("--save-obs", str(path), "--no-record")
    bench.wait_for(14)
    part = bench.folder / "obs.npy.1.part"
    wait_until(lambda: part.exists() and len(np.load(part)) > 50, "no rows in the file")
    process.kill()
    process.communicate(timeout=60)
    rows = np.load(part)
    assert rows.shape[1] == 101 and np.isfinite(rows).all()
    assert victim.read_text() == "precious" and not path.exists()


@pytest.mark.parametrize("flag", ["--save-obs", "--stats-json"])
def test_nothing_but_an_ordinary_file_is_replaced(bench: Bench, flag: str) -> None:
    device = bench.folder / "device"
    device.symlink_to("/dev/null")
    process = bench.start("--seconds", "1", "--no-record", flag, str(device))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "ordinary file" in errors, errors
    assert device.is_symlink() and Path("/dev/null").is_char_device()


def test_a_file_that_may_not_grow_ends_the_file_and_not_the_walk(bench: Bench) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    folder = bench.folder / "recordings"
    process = subprocess.Popen(
        [
            str(BINARY),
            "--on-stand",
            "--no-config",
            "--serial-port",
            str(bench.link),
            *bench.imu,
            "--seconds",
            "3",
            "--record",
            str(folder),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    stopped = [line for line in map(json.loads, output.splitlines()) if line["event"] == "recording stopped"]
    assert stopped and "File too large" in stopped[0]["why"], output[-500:]


def test_a_port_that_is_taken_has_its_own_remedy(bench: Bench) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{other.getsockname()[1]}"
        process = bench.start("--seconds", "1", "--no-record", "--pad-listen", address)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert address in errors and "ss -tulpn" in errors, errors


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"# A text\n", "text"),
        (b"\xff\x00" * 9, "data of an unknown kind"),
        (b"\x89MCAP0\r\n", "an MCAP file without a robot's notes"),
        ((ROOT / "python/gaitway/robots/open_duck_mini_v2/walk.onnx").read_bytes(), "an ONNX network"),
    ],
)
def test_a_file_of_something_else_is_no_recording(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "flight.mcap"
    path.write_bytes(content)
    for command in (["record", "info"], ["replay"]):
        done = run_gaitway(*command, path)
        said = " ".join(done.stderr.split())
        assert done.returncode == 1 and f"found {found}" in said and "expected a recording" in said, said


def test_nothing_in_a_file_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    assert is_mere_text(printable.printable(ESCAPES)) and is_mere_text(printable.message(ESCAPES))
    assert printable.printable("plain “text” é\n") == "plain “text” é\n"
    assert len(printable.message("x" * 10_000)) == 200
    assert len(printable.message("word " * 10_000)) == 600
    script = tmp_path / "script.toml"
    script.write_text(
        f'[["{ESCAPES.encode("unicode_escape").decode().replace(chr(92) + "x", chr(92) + "u00")}"]]\nx = 1'
    )
    done = run_gaitway("run", "--fast", "--script", script)
    assert done.returncode == 2 and is_mere_text(done.stderr) and "PWN" in done.stderr
    for path in (tmp_path / f"no{ESCAPES}.onnx", tmp_path / ("no" + "x" * 250)):
        said = gaitwayd("--onnx-model-path", str(path)).stderr + gaitwayd(str(path)).stderr
        assert is_mere_text(said), said


def test_words_in_a_recording_are_shown_as_text(shared_data: Path) -> None:
    """Its states and faults are commands of a terminal."""
    done = run_gaitway("record", "info", shared_data / "cases" / "breaking" / "text_esc.mcap")
    assert done.returncode == 0, done.stderr
    assert is_mere_text(done.stdout) and "\\x1b[31mrun" in done.stdout and "\\x1b[2J" in done.stdout


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: gaitway.Robot.load(None), "robot"),  # type: ignore[arg-type]
        (lambda: gaitway.Policy.load(None), "policy"),  # type: ignore[arg-type]
        (lambda: Recording.load(None), "recording"),  # type: ignore[arg-type]
        (lambda: files.write_bytes(None, b"", "table"), "table"),  # type: ignore[arg-type]
    ],
)
def test_none_is_no_path(call: Callable[[], object], what: str) -> None:
    with pytest.raises(UsageError, match=f"{what}: expected a path, found NoneType"):
        call()


def test_pythons_files_are_ordinary_ones_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/full")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path, tmp_path / "link"):
        with pytest.raises(UsageError, match=r"ordinary file|Is a directory"):
            files.read_bytes(path, "table")
        with pytest.raises(UsageError, match="ordinary file"):
            files.write_bytes(path, b"", "table")
    with pytest.raises(UsageError) as caught:
        files.write_bytes(Path("/proc/nowhere/table"), b"", "table")
    assert caught.value.hint


def test_a_full_disk_behind_stdout_and_a_terminal_of_few_characters_are_no_bugs() -> None:
    arguments = ["run", "--fast", "--seconds", "1"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, env=os.environ
        )
    assert done.returncode == 1 and "No space left" in done.stderr and "bug" not in done.stderr, done.stderr
    assert "the disk is full" in done.stderr
    ascii_only = os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=120, env=ascii_only)
    assert done.returncode == 0 and "\\u" in done.stdout + done.stderr, done.stderr


HELLO = {
    "kind": "hello",
    "robot": "duck",
    "title": "Duck",
    "contract": "walk",
    "joints": [],
    "contacts": [],
    "axes": [{"name": "vx", "unit": "m/s", "min": None, "max": None}],
    "loop_hz": 50,
    "clock_ns": 0,
}
STATUS = {
    "kind": "status",
    "tick": 1,
    "clock_ns": 1,
    "state": "limp",
    "stopped": False,
    "fault": None,
    "owner": None,
    "lease_holder": None,
    "cause": "x",
    "command": {"vx": 0},
    "trim": {"axes": {}, "gait_speed": 0},
    "projected_gravity": None,
    "angular_velocity_rps": None,
    "contacts": [],
    "imu_age_s": 0,
    "lateness_ns": 1,
    "tick_ns": 1,
    "compute_ns": 1,
    "skipped": 0,
    "implausible": {"imu": 0, "servo": 0},
}
JOINTS = {"kind": "joints", "tick": 1, "joints": []}


def said(hello: object = HELLO, status: object = STATUS, joints: object = JOINTS) -> tuple[bytes, bytes]:
    """What somebody says who is called a robot: to `hello`, and when they were subscribed to."""
    return json.dumps(hello).encode(), json.dumps(status).encode() + b"\n" + json.dumps(joints).encode()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (said(), 0),
        (said(HELLO | {"title": ESCAPES}, STATUS | {"state": ESCAPES, "owner": "[bold]", "cause": ESCAPES}), 0),
        ((b"A" * (1 << 20), b""), 1),
        ((b"hello", b""), 1),
        ((b"[]", b""), 1),
        ((b"{}", b""), 1),
        ((b"\xff\xfe", b""), 1),
        ((b"[" * 200_000, b""), 1),
        ((b'{"tick":' + b"9" * 5000 + b"}", b""), 1),
        (said(HELLO | {"joints": 3}), 1),
        (said(HELLO | {"joints": [["knee"]]}), 1),
        (said(status=STATUS | {"command": [], "tick": "x"}), 1),
        (said(joints=JOINTS | {"joints": 5}), 1),
        (said(HELLO | {"joints": ["knee"]}, joints=JOINTS | {"joints": [{"name": 3}]}), 1),
        (said(status=STATUS | {"fault": {}}), 1),
        (said(status=STATUS | {"implausible": {"imu": "many"}}), 1),
        (said(status=STATUS | {"command": {"vx": "fast"}}), 1),
        ((said()[0], b"\xff" * 400), 1),
    ],
)
def test_top_believes_no_socket(lines: tuple[bytes, bytes], code: int, tmp_path: Path) -> None:
    place = tmp_path / "status"
    with socket.socket(socket.AF_UNIX) as host:
        host.bind(str(place))
        host.listen(1)

        def serve() -> None:
            guest, _ = host.accept()
            with guest, contextlib.suppress(OSError):
                heard = guest.makefile("rb")
                for number, line in enumerate(lines, 1):
                    heard.readline()
                    answer = b'{"kind": "accepted", "id": 2}\n' if number == 2 else b""
                    guest.sendall(answer + line.replace(b'"kind": "hello"', b'"kind": "hello", "id": 1') + b"\n")
                guest.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        done = run_gaitway("top", "--once", "--socket", place)
        thread.join(timeout=60)
    assert done.returncode == code, done.stderr
    assert is_mere_text(done.stdout.replace("\x1b[0m", "")) and "bug" not in done.stderr
    if code:
        told = " ".join(done.stderr.split())
        assert "expected the status of a robot" in told or "the robot does not answer" in told


def test_ctrl_c_is_no_bug_while_a_twin_waits(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "twin", "--no-physics", "--link", str(tmp_path / "bus")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "on " in process.stdout.readline()
    second = run_gaitway("twin", "--no-physics", "--link", tmp_path / "bus", "--seconds", 1)
    assert second.returncode == 2 and f"process {process.pid}" in " ".join(second.stderr.split()), second.stderr
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
