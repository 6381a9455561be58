"""Torque and processes that freeze or die, alone and together: the whole program over a pseudo-terminal."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import Bench
from daemon_session import Keyboard, states
from program import children, wait_until

#: A loop that makes no progress for so long is frozen (ARCHITECTURE.md, "What cuts the torque").
LIMIT_S = 0.3


def guards(pid: int) -> list[int]:
    """The guards of a program, in the order of their start."""
    names = {child: Path(f"/proc/{child}/comm").read_text().strip() for child in children(pid)}
    return sorted(child for child, name in names.items() if name == "gaitway-guard")


@pytest.fixture
def walking(bench: Bench) -> Iterator[Keyboard]:
    """A robot that walks, and somebody at its terminal."""
    with Keyboard(bench, "--no-record", "--command", "vx=0.1") as keyboard:
        keyboard.until("state", to="running")
        wait_until(lambda: len(guards(keyboard.process.pid)) == 2)
        yield keyboard
        # One that is stopped would never end.
        with contextlib.suppress(ProcessLookupError):
            os.kill(keyboard.process.pid, signal.SIGCONT)


def test_a_frozen_daemon_is_limp_and_stays_so_until_it_is_asked(bench: Bench, walking: Keyboard) -> None:
    os.kill(walking.process.pid, signal.SIGSTOP)
    bench.wait_for(0)
    time.sleep(2 * LIMIT_S)
    assert bench.driven == 0
    os.kill(walking.process.pid, signal.SIGCONT)
    said = walking.until("state", to="limp")
    assert said[-1]["reason"] == "emergency stop"
    said += walking.until("stays limp")
    assert [event["event"] for event in said].count("watchdog: emergency stop") == 1
    # It does not walk on by itself, nor when it is only asked.
    walking.press(b"w")
    walking.until("key", key="w")
    bench.wait_writes(100)
    assert bench.driven == 0 and bench.most_driven == 14
    walking.press(b"cw")
    assert states(walking.until("state", to="running"))[0] == "aligning"
    walking.stop()


def test_a_halt_that_is_shorter_changes_nothing(bench: Bench, walking: Keyboard) -> None:
    os.kill(walking.process.pid, signal.SIGSTOP)
    time.sleep(0.1)
    os.kill(walking.process.pid, signal.SIGCONT)
    bench.wait_writes(100)
    said = walking.stop()
    assert "watchdog: emergency stop" not in [event["event"] for event in said]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("daemon_first", [True, False])
def test_daemon_and_guard_killed_at_once_leave_nothing_driven(
    bench: Bench, walking: Keyboard, which: int, daemon_first: bool
) -> None:
    pair = [walking.process.pid, guards(walking.process.pid)[which]]
    for pid in pair if daemon_first else reversed(pair):
        os.kill(pid, signal.SIGKILL)
    bench.wait_for(0)


def test_a_frozen_daemon_that_is_killed_with_a_guard_leaves_nothing_driven(bench: Bench, walking: Keyboard) -> None:
    other = guards(walking.process.pid)[0]
    os.kill(walking.process.pid, signal.SIGSTOP)
    os.kill(other, signal.SIGKILL)
    bench.wait_for(0)
    os.kill(walking.process.pid, signal.SIGKILL)
    walking.process.wait()
    bench.wait_for(0)


@pytest.mark.parametrize("signum", [signal.SIGSTOP, signal.SIGKILL])
def test_without_a_guard_it_is_limp_until_there_are_others_and_it_is_asked(
    bench: Bench, walking: Keyboard, signum: signal.Signals
) -> None:
    before = guards(walking.process.pid)
    for guard in before:
        os.kill(guard, signum)
    assert walking.until("state", to="limp")[-1]["reason"] == "emergency stop"
    bench.wait_for(0)
    wait_until(lambda: len(guards(walking.process.pid)) == 2 and not set(before) & set(guards(walking.process.pid)))
    walking.press(b"cw")
    walking.until("state", to="running")
    walking.stop()


@pytest.mark.parametrize("signum", [signal.SIGSTOP, signal.SIGKILL])
def test_one_guard_is_replaced_while_it_walks(bench: Bench, walking: Keyboard, signum: signal.Signals) -> None:
    first, second = guards(walking.process.pid)
    os.kill(first, signum)
    said = walking.until("a guard is gone")
    wait_until(lambda: len(guards(walking.process.pid)) == 2)
    assert first not in guards(walking.process.pid) and second in guards(walking.process.pid)
    bench.wait_writes(50)
    assert bench.driven == 14 and states(said) == []
    walking.stop()


def test_space_waits_for_no_other_key_and_for_no_reader_of_the_log(bench: Bench) -> None:
    """A hundred thousand keys that each write a page of log, which nobody reads; then the one that stops."""
    with Keyboard(bench, "--no-record") as keyboard:
        keyboard.until("state", to="running")
        keys = b"h" * 100_000
        while keys:
            keys = keys[os.write(keyboard.master, keys[:2048]) :]
        begun_s = time.monotonic()
        keyboard.press(b" ")
        bench.wait_for(0)
        # It takes a tick. What is looked for is a stop that waits for all of that: 13 s before it had its own thread.
        assert time.monotonic() - begun_s < 2


def test_a_clear_that_was_typed_before_the_stop_clears_nothing(bench: Bench, walking: Keyboard) -> None:
    walking.press(b"hcw ")
    walking.until("state", to="limp")
    assert "emergency stop" in walking.until("stays limp")[-1]["why"]
    bench.wait_writes(100)
    assert bench.driven == 0
    walking.stop()


HOLDS = """
import sys
from pathlib import Path
from gaitway import Robot
from gaitway.errors import GaitwayError
from gaitway.bringup.motors import Motors
with Motors(Robot.load(), Path(sys.argv[1])) as motors:
    motors.hold(["left_knee"])
    print("holds", flush=True)
    try:
        while True:
            motors.step({})
    except GaitwayError as error:
        print(error, flush=True)
"""


def test_a_frozen_tool_is_limp_and_says_so(bench: Bench) -> None:
    tool = subprocess.Popen([sys.executable, "-c", HOLDS, bench.link], stdout=subprocess.PIPE, text=True)
    try:
        assert tool.stdout is not None and tool.stdout.readline() == "holds\n"
        bench.wait_for(1)
        os.kill(tool.pid, signal.SIGSTOP)
        bench.wait_for(0)
        os.kill(tool.pid, signal.SIGCONT)
        said = tool.stdout.readline()
        assert "halted" in said or "cut the torque" in said
        assert tool.wait(timeout=60) == 0
        assert bench.driven == 0
    finally:
        tool.kill()
        tool.communicate()
