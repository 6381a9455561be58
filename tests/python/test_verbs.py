"""`gaitway walk`, `stand`, `limp`, `stop`, `clear`, `status` and so on, on a robot that runs on the emulated bus."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import Session
from program import parse, run_gaitway, wait_until

import gaitway
from gaitway import _native
from gaitway.api import Connection
from gaitway.errors import DaemonError

PATIENCE_S = 60


@pytest.fixture(scope="module")
def robot_bench(tmp_path_factory: pytest.TempPathFactory, binary: None) -> Iterator[Bench]:
    """The emulated bus of all tests here."""
    bench = Bench(tmp_path_factory.mktemp("verbs"))
    yield bench
    bench.close()


@pytest.fixture
def path(robot_bench: Bench, tmp_path: Path) -> Iterator[Path]:
    """The socket of a robot that runs."""
    socket = robot_bench.folder / "api.sock"
    process = robot_bench.start("--record", str(tmp_path / "recordings"), "--socket", str(socket))
    try:
        with contextlib.ExitStack() as stack:
            end_s = time.monotonic() + PATIENCE_S
            robot = None
            while robot is None:
                assert time.monotonic() < end_s and process.poll() is None
                with contextlib.suppress(DaemonError):
                    robot = stack.enter_context(gaitway.connect(socket))
            wait_until(lambda: robot.observe().state == "running", "it never runs")
        yield socket
    finally:
        process.terminate()
        process.communicate(timeout=30)


def verb(path: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return run_gaitway(*arguments, "--socket", path)


def told(path: Path, *arguments: object) -> dict[str, Any]:
    """What a verb prints for programs."""
    done = verb(path, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return parse(done)


def refused(path: Path, *arguments: object) -> tuple[int, str, str]:
    """Exit code, message and hint of a verb that is refused."""
    done = verb(path, *arguments, "--json")
    error = parse(done)
    return done.returncode, error["error"], error["hint"]


def test_walk_walks_for_its_seconds_and_stands_and_says_what_is_limited(path: Path) -> None:
    walked = told(path, "walk", "vx=0.1", "wz=9", "--seconds", 1)
    assert walked["seconds"] == pytest.approx(1.0, abs=0.5) and not walked["interrupted"]
    assert walked["command"] == {"vx": 0.1, "wz": 9.0}
    assert [(limit["axis"], limit["asked"]) for limit in walked["limits"]] == [("wz", 9.0)]
    with gaitway.connect(path) as robot:
        wait_until(lambda: not any(robot.observe().command.values()), "it walks on")
    people = verb(path, "walk", "--command", "0.05 0 0", "--seconds", "0.5")
    assert people.returncode == 0 and "vx +0.05 m/s" in people.stdout and "stands" in people.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_walk_that_is_interrupted_leaves_a_robot_that_stands(path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "walk", "vx=0.1", "--json", "--socket", str(path)]
    with (
        gaitway.connect(path) as robot,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            wait_until(lambda: (robot.observe().command["vx"] or 0) > 0.09, "it never walks")
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
        wait_until(lambda: robot.observe().command["vx"] == 0, "it walks on")
        assert robot.observe().state == "running"
    if number != signal.SIGKILL:
        assert process.returncode == 0 and json.loads(out)["interrupted"], err


def test_stand_limp_and_status_say_what_the_robot_does(path: Path) -> None:
    assert told(path, "stand")["state"] == "ready"
    row = told(path, "status")
    assert row["state"] == "ready" and row["contract"] == "gaitway_walk" and len(row["joints"]) == 14
    assert told(path, "limp")["state"] == "limp"
    people = verb(path, "status")
    assert people.returncode == 0
    for words in ("state", "limp", "fault", "none", "7.4 V", "25 °C", "late", "control"):
        assert words in people.stdout, words
    # It gets up again.
    assert told(path, "walk", "vx=0.1", "--seconds", 0.5)["seconds"] == pytest.approx(0.5, abs=0.5)


def test_stop_needs_no_control_and_is_cleared_at_the_robot_alone(path: Path, robot_bench: Bench) -> None:
    people = verb(path, "clear")
    assert people.returncode == 0 and "nothing to clear: it is running" in people.stdout
    with gaitway.connect(path) as other:
        other.walk(vx=0.1)
        stopped = verb(path, "stop")
    assert stopped.returncode == 0 and "emergency stop" in stopped.stdout and "c at the terminal" in stopped.stdout
    robot_bench.wait_for(0)
    code, message, hint = refused(path, "clear")
    assert code == 1 and "the emergency stop is set" in message and "at the robot" in message
    assert "c at the terminal" in hint
    for arguments in (("walk", "vx=0.1"), ("stand",)):
        code, message, hint = refused(path, *arguments)
        assert code == 1 and "emergency stop" in message and hint, arguments
    assert "emergency stop" in verb(path, "status").stdout
    # Once more is no error.
    assert told(path, "stop")["stopped"]


def test_who_has_control_is_said_to_the_one_who_wants_it(path: Path) -> None:
    client = Connection(path, client="anna")
    try:
        wanted = {"source": "network", "seconds": 10}
        lease = client.request("lease", **wanted)["lease"]
        assert told(path, "status")["lease_holder"] == "anna"
        # Another 10 s: this machine may be busy.
        client.request("lease", lease=lease, **wanted)
        code, message, hint = refused(path, "walk", "vx=0.1")
        assert code == 1 and "anna has control" in message and hint
    finally:
        client.close()


def test_policies_are_listed_and_another_one_is_used(path: Path) -> None:
    listed = {each["name"]: each["runs"] for each in told(path, "policies")["policies"]}
    assert listed == {"walk": True, "stand": False}
    code, message, hint = refused(path, "use", "stand")
    assert code == 1 and "expected the robot limp, found it running" in message and hint
    told(path, "limp")
    code, message, hint = refused(path, "use", "dance")
    assert code == 2 and "dance" in message and "walk" in hint
    used = told(path, "use", "stand")
    assert used == {"policy": "stand", "contract": "gaitway_stand"}
    assert "→" in next(line for line in verb(path, "policies").stdout.splitlines() if "stand" in line)


def test_a_mark_keeps_the_last_minute_with_its_text(path: Path, tmp_path: Path) -> None:
    before = set((tmp_path / "recordings").glob("*.mcap"))
    assert told(path, "mark", "slipped", "on", "the", "carpet") == {"text": "slipped on the carpet"}
    wait_until(lambda: len(set((tmp_path / "recordings").glob("*.mcap")) - before) == 1, "no recording of its own")


def test_a_trim_is_added_and_taken_away(path: Path) -> None:
    assert told(path, "trim", "vx=0.02", "--gait-speed", 0.1) == {"axes": {"vx": 0.02}, "gait_speed": 0.1}
    with gaitway.connect(path) as robot:
        robot.walk(vx=0.05)
        wait_until(lambda: robot.observe().command["vx"] == pytest.approx(0.07), "it is not added")
    assert told(path, "trim", "--reset") == {"axes": {}, "gait_speed": 0.0}
    with gaitway.connect(path) as robot:
        robot.walk(vx=0.05)
        wait_until(lambda: robot.observe().command["vx"] == pytest.approx(0.05), "it is not taken away")


WRONG_USE: list[tuple[tuple[object, ...], str]] = [
    (("walk",), "expected AXIS=VALUE of vx (m/s)"),
    (("walk", "reach=0.1"), "has no command axis 'reach'"),
    (("walk", "vx=fast"), "gaitway walk: expected axis=value"),
    (("walk", "vx=0.1", "--command", "vx=0.1"), "exclude each other"),
    (("walk", "vx=0.1", "--seconds", -1), "--seconds: expected more than 0"),
    (("trim",), "expected AXIS=VALUE or --gait-speed"),
    (("trim", "vx=0.1", "--reset"), "expected AXIS=VALUE or --gait-speed"),
    (("stop", "--on", "tcp://x:1"), "--socket and --on exclude each other"),
    (("stop", "--key", "x"), "--key: expected --on as well"),
    (("use",), "NAME"),
]


def test_wrong_use_is_said_with_a_hint(path: Path) -> None:
    for arguments, words in WRONG_USE:
        code, message, hint = refused(path, *arguments)
        assert code == 2 and words in message and hint, arguments


def test_an_address_that_is_none_is_refused_before_anything_is_opened() -> None:
    for found in ("sim://so101", "tcp://"):
        error = parse(run_gaitway("status", "--on", found, "--json"))
        assert "--on: expected tcp://HOST" in error["error"] and "gaitwayd --listen" in error["hint"]


def test_a_robot_elsewhere_is_told_with_its_key(robot_bench: Bench, tmp_path: Path) -> None:
    key = tmp_path / "pad.key"
    _native.make_pad_key(key)
    near = ("--no-record", "--socket", str(robot_bench.folder / "far.sock"))
    with Session(robot_bench.start(*near, "--listen", "127.0.0.1:0", "--key", str(key))) as session:
        where = session.until("local API over the network")[-1]["address"]
        session.until("state", to="running")
        far = ("--on", f"tcp://{where}", "--key", key, "--json")
        assert parse(run_gaitway("status", *far))["state"] == "running"
        walked = run_gaitway("walk", "vx=0.1", "--seconds", 0.5, *far)
        assert walked.returncode == 0, walked.stdout
        assert parse(run_gaitway("stop", *far))["stopped"]


VERBS = ("status", "walk vx=0.1", "stand", "limp", "stop", "clear", "policies", "use stand", "mark", "trim vx=0.01")


@pytest.mark.parametrize("words", VERBS)
def test_without_a_robot_each_says_how_to_start_one(tmp_path: Path, words: str) -> None:
    done = run_gaitway(*words.split(), "--socket", tmp_path / "none.sock", "--json")
    error = parse(done)
    assert done.returncode == 1 and "no running gaitwayd found at" in error["error"]
    assert "gaitway run --port" in error["hint"]


def test_the_help_shows_the_verbs_under_a_heading_of_their_own() -> None:
    shown = run_gaitway("--help", COLUMNS="100", **{key: os.environ[key] for key in ("HOME",) if key in os.environ})
    headings = [line for line in shown.stdout.splitlines() if "Drive a running robot" in line]
    assert len(headings) == 1
    after = shown.stdout.partition("Drive a running robot")[2].partition("╰")[0]
    for words in VERBS:
        assert f" {words.split()[0]} " in after
