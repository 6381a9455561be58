"""`gaitway run --port`: a robot on its servo bus, watched by a person, and limp on every way out."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import flight
from program import children, has_ended, parse, run_gaitway, wait_until

import gaitway
from gaitway.recording import Recording

PATIENCE_S = 60


def command_line(bench: Bench, *arguments: str, before: tuple[str, ...] = ()) -> list[str]:
    own = ("--port", str(bench.link), "--no-config", "--on-stand", *before, *arguments)
    return [sys.executable, "-m", "gaitway.cli", "run", *own, "--", *bench.imu]


class Running:
    """`gaitway run --port` on the emulated bus, its words on stderr and its report on stdout."""

    def __init__(self, bench: Bench, *arguments: str) -> None:
        socket = ("--socket", str(bench.folder / "api.sock"))
        self.process = subprocess.Popen(
            command_line(bench, *arguments, before=socket), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said: list[str] = []

    def until(self, words: str) -> None:
        """Until a line has these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(f"never {words!r} in {self.said}")

    def ended(self) -> tuple[int, str]:
        out, err = self.process.communicate(timeout=PATIENCE_S)
        self.said += err.splitlines(keepends=True)
        return self.process.returncode, out


@contextmanager
def running(bench: Bench, *arguments: str) -> Iterator[Running]:
    run = Running(bench, *arguments)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.communicate()


def test_without_a_command_it_stands_and_other_programs_command_it(bench: Bench) -> None:
    with running(bench, "--no-record") as run:
        run.until("running")
        with gaitway.connect(bench.folder / "api.sock") as robot:
            seen = robot.observe()
            assert seen.state == "running" and not any(seen.command.values())
            robot.walk(vx=0.1)
            wait_until(lambda: robot.observe().command["vx"] == pytest.approx(0.1), "the command never comes")
        run.process.send_signal(signal.SIGINT)
        code, report = run.ended()
    assert code == 0 and "ran its policy for" in report and "ended as asked" in report
    assert "gaitwayd:" in report and "lowest supply 7.4 V" in report
    bench.wait_for(0)


def test_a_command_has_a_lease_and_the_report_is_one_json_object(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    arguments = command_line(
        bench, "--command", "vx=0.1", "--seconds", "3", "--record", str(folder), "--json",
        before=("--socket", str(tmp_path / "api.sock")),
    )  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S)
    told = parse(done)
    assert done.returncode == 0 and told["falls"] == 0 and told["seconds"] > 1 and told["command_ended"] is None
    assert told["recording"] == str(flight(folder)) and told["gaitwayd"]["loop_allocations"] == 0
    states = [event["to"] for event in told["log"] if event["event"] == "state"]
    assert "running" in states and states[-1] == "limp"
    recording = Recording.load(flight(folder))
    # The program itself, which nobody could stop commanding, asks for nothing.
    assert "agent" in {owner for _, _, owner in recording.spans("tick.owner")}
    assert max(recording.column("tick.command[0]")) == pytest.approx(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_softly_with_its_report(bench: Bench, number: signal.Signals) -> None:
    with running(bench, "--no-record", "--command", "vx=0.1") as run:
        run.until("running")
        run.process.send_signal(number)
        code, report = run.ended()
    assert code == 0 and "ended as asked" in report
    told = "".join(run.said)
    assert told.index("stopping") < told.index("holding") < told.rindex("limp")
    bench.wait_for(0)


def test_a_second_signal_ends_it_at_once(bench: Bench) -> None:
    with running(bench, "--no-record") as run:
        run.until("running")
        run.process.send_signal(signal.SIGINT)
        run.until("stopping")
        # One within 0.3 s is taken for the same one.
        time.sleep(0.5)
        run.process.send_signal(signal.SIGINT)
        code, _ = run.ended()
    assert code == 0 and "limp (asked at once)" in "".join(run.said)
    bench.wait_for(0)


def test_killed_it_leaves_no_robot_that_runs_on_and_no_page(bench: Bench) -> None:
    with running(bench, "--no-record", "--command", "vx=0.1", "--view", "web") as run:
        run.until("running")
        wait_until(lambda: len(children(run.process.pid)) == 2, "there is no page")
        daemon, page = children(run.process.pid)
        family = [daemon, page, *children(daemon)]
        run.process.kill()
        # Nothing happens to the robot that gaitwayd would have to say.
        wait_until(lambda: all(map(has_ended, family)), "gaitwayd or the page runs on")
    bench.wait_for(0)


def test_the_emergency_stop_ends_a_command_for_good(bench: Bench) -> None:
    with running(bench, "--no-record", "--command", "vx=0.1") as run:
        run.until("running")
        with gaitway.connect(bench.folder / "api.sock", client="a phone") as robot:
            wait_until(lambda: robot.observe().command["vx"] != 0, "the command never comes")
            robot.stop()
        run.until("the command ended: emergency stop")
        bench.wait_for(0)
        run.process.send_signal(signal.SIGINT)
        code, report = run.ended()
    assert code == 1 and "its command ended before: emergency stop" in report
    assert "emergency stop by a phone" in report


def test_a_command_that_cannot_be_given_ends_the_run_softly(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(bench.folder / "api.sock"))
        other.listen()
        with running(bench, "--no-record", "--command", "vx=0.1", "--json") as run:
            code, out = run.ended()
    told = json.loads(out)
    assert code == 1 and "no command can be given" in told["error"] and "--socket" in told["hint"]
    bench.wait_for(0)


class Terminal:
    """A person in front of the terminal in which the program runs."""

    def __init__(self, arguments: list[str]) -> None:
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm", "COLUMNS": "120", "LINES": "60"}
            os.execv(arguments[0], arguments)
        os.set_blocking(self.master, False)

    def read(self) -> bytes:
        try:
            self.seen += os.read(self.master, 65536)
        except BlockingIOError:
            pass
        except OSError:
            # It has ended.
            return self.seen
        return self.seen

    def until(self, *words: str) -> None:
        wait_until(
            lambda: all(word.encode() in self.read() for word in words), lambda: f"never {words} in {self.seen!r}"
        )

    def press(self, keys: bytes) -> None:
        self.seen = b""
        os.write(self.master, keys)

    def ended(self) -> int:
        def is_over() -> bool:
            self.read()
            self.code = os.waitpid(self.pid, os.WNOHANG)
            return self.code[0] != 0

        wait_until(is_over, "it does not end")
        return os.waitstatus_to_exitcode(self.code[1])


@contextmanager
def terminal(arguments: list[str]) -> Iterator[Terminal]:
    made = Terminal(arguments)
    try:
        yield made
    finally:
        try:
            os.kill(made.pid, signal.SIGKILL)
            os.waitpid(made.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(made.master)


def test_at_a_terminal_it_shows_the_joints_and_space_stops_and_ctrl_c_ends(bench: Bench) -> None:
    arguments = command_line(bench, "--no-record", before=("--socket", str(bench.folder / "api.sock")))
    with terminal(arguments) as person:
        person.until("running", "left_knee", "emergency stop", "timing")
        person.press(b" ")
        person.until("limp")
        bench.wait_for(0)
        person.press(b"\x03")
        assert person.ended() == 0
        assert b"ran its policy for" in person.seen


def test_the_keys_of_the_terminal_drive_with_keyboard(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    more = ("--keyboard", "--record", str(folder))
    with terminal(command_line(bench, *more, before=("--socket", str(tmp_path / "api.sock")))) as person:
        person.until("running", "left_knee")
        end = bench.writes() + 200
        while bench.writes() < end:
            person.press(b"w")
            time.sleep(0.03)
            person.read()
        person.press(b"\x03")
        assert person.ended() == 0
    assert max(Recording.load(flight(folder)).column("tick.command[0]")) == pytest.approx(0.15, abs=1e-3)


def test_the_keys_drive_the_twin_too(binary: None, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "gaitway.cli", "run", "--twin", "--keyboard", "--record", str(tmp_path)]
    with terminal(arguments) as person:
        person.until("running")
        for _ in range(60):
            person.press(b"w")
            time.sleep(0.03)
            person.read()
        person.press(b"\x03")
        assert person.ended() in (0, 1)
    assert max(Recording.load(flight(tmp_path)).column("tick.command[0]")) == pytest.approx(0.15, abs=1e-3)


def test_a_bus_that_is_not_there_is_said_with_a_hint(binary: None, tmp_path: Path) -> None:
    done = run_gaitway("run", "--port", tmp_path / "nowhere", "--no-config", "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 1 and str(tmp_path / "nowhere") in told["error"] and told["hint"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "x", "--sim"], "--port and --sim exclude each other"),
        (["--port", "x", "--twin", "--fast"], "--port and --twin, --fast exclude each other"),
        (["--port", "x", "--seed", "3", "--no-backlash"], "--port and --seed, --no-backlash exclude each other"),
        (["--port", "x", "--keyboard", "--command", "vx=0.1"], "--keyboard and --command exclude each other"),
        (["--port", "x", "--stand", "--command", "vx=0.1"], "--stand and --command or --script exclude"),
        (["--port", "x", "--config", "c.json", "--no-config"], "--config and --no-config exclude each other"),
        (["--imu", "/dev/i2c-1", "--stand"], "--imu, --stand: expected --port as well"),
        (["--twin", "--dry-run"], "--dry-run: expected --port as well"),
        (["walk.onnx"], "expected options, found 'walk.onnx'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(arguments: list[str], words: str) -> None:
    done = run_gaitway("run", *arguments, "--json")
    told = parse(done)
    assert done.returncode == 2 and words in told["error"] and told["hint"]


def test_without_a_terminal_the_keyboard_is_refused(bench: Bench) -> None:
    done = subprocess.run(
        command_line(bench, "--keyboard", "--json"), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S
    )
    told = json.loads(done.stdout)
    assert done.returncode == 1 and "--keyboard" in told["error"] and "ssh -t" in told["hint"]
