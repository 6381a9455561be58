"""gaitwayd as a whole program, over a pseudo-terminal, against emulated servos whose joints follow their goals."""

import json
import re
import shutil
import signal
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from daemon_session import Keyboard, Session, states

ROOT = Path(__file__).parents[2]
#: No calls where the kernel lets programs read the clock by themselves, and what resumes a sleep after a signal.
CLOCK_SYSCALLS = {"clock_gettime", "restart_syscall"}


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_it_walks_through_every_state_and_ends_limp(bench: Bench) -> None:
    process = bench.start("--seconds", "4", "--command", "vx=0.1", "--save-obs", str(bench.folder / "obs.npy"))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert states(events(output)) == ["limp", "aligning", "ready", "running", "holding", "limp"]
    stats = bench.stats()
    assert stats["loop_allocations"] == 0
    # Two networks, each with a huge page of 2.1 MB for 0.9 MB of weights, the files of both, which a recording keeps,
    # and the program itself, which is locked into memory: 6.7 MB of text, of which the local API and its encryption
    # are 0.8.
    assert stats["memory_kb"]["resident"] < 17_500
    assert stats["policy_ticks"] > 50
    bench.wait_for(0)
    np = pytest.importorskip("numpy")
    rows = np.load(bench.folder / "obs.npy")
    assert rows.shape == (stats["policy_ticks"], 101)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGKILL])
def test_torque_is_cut_on_every_way_out(bench: Bench, signum: signal.Signals) -> None:
    process = bench.start()
    bench.wait_for(14)
    process.send_signal(signum)
    output, _ = process.communicate(timeout=60)
    bench.wait_for(0)
    if signum == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 0
        assert states(events(output))[-1] == "limp"


def test_what_is_wrong_with_the_line_to_the_servos_is_said_at_the_start(bench: Bench) -> None:
    bench.host.inject("echo")
    output, _ = bench.start("--audit").communicate(timeout=60)
    told = {event["event"]: event for event in events(output)}
    assert "RX and TX" in told["adaptor echoes"]["hint"] and told["audited"]["findings"] == 0
    # It walks all the same, and what is read is what there is.
    process = bench.start("--stand")
    bench.wait_for(14)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    bench.host.inject("bulk-first")
    output, _ = bench.start("--seconds", "2").communicate(timeout=60)
    told = {event["event"]: event for event in events(output)}
    assert told["bulk reads fail"]["level"] == "error" and "firmware" in told["bulk reads fail"]["hint"]
    assert bench.driven == 0 and states(events(output)) == ["limp"]


def test_without_an_imu_it_stays_limp_and_says_so(bench: Bench) -> None:
    bench.has_imu = False
    output, _ = bench.start("--seconds", "1").communicate(timeout=60)
    reasons = [event["why"] for event in events(output) if event["event"] == "stays limp"]
    assert "waiting for the IMU (no fresh sample yet)" in reasons
    assert states(events(output)) == ["limp"]
    assert bench.driven == 0


def test_a_dry_run_shows_targets_and_writes_nothing(bench: Bench) -> None:
    output, _ = bench.start("--seconds", "1.5", "--dry-run").communicate(timeout=60)
    targets = [event["rad"] for event in events(output) if event["event"] == "targets"]
    assert targets and set(targets[0]) == set(bench.duck.joint_names)
    assert bench.driven == 0


def test_two_programs_never_drive_one_bus(bench: Bench) -> None:
    first = bench.start("--seconds", "3")
    bench.wait_for(14)
    second = bench.start("--seconds", "1")
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"process {first.pid}" in errors and "hint:" in errors
    first.communicate(timeout=60)


@pytest.fixture
def keyboard(bench: Bench) -> Iterator[Keyboard]:
    with Keyboard(bench) as made:
        yield made


def test_keys_stop_clear_stand_walk_and_quit(bench: Bench, keyboard: Keyboard) -> None:
    keyboard.until("keys")
    modes = termios.tcgetattr(keyboard.slave)[3]
    assert (modes & termios.ICANON, modes & termios.ECHO) == (0, 0)
    assert modes & termios.ISIG, "Ctrl-C stays a signal"
    keyboard.until("state", to="running")

    keyboard.press(b" ")
    assert keyboard.until("key", key="space")[-1]["by"] == "terminal"
    assert keyboard.until("state", to="limp")[-1]["reason"] == "emergency stop"
    bench.wait_for(0)
    assert "emergency stop" in keyboard.until("stays limp")[-1]["why"]
    keyboard.press(b"w")
    keyboard.until("key", key="w")

    keyboard.press(b"cx?")
    said = keyboard.until("keys")
    assert states(said) == [], "it is latched"
    assert [event["key"] for event in said if event["event"] == "key"] == ["c", "?"]
    assert bench.driven == 0, "limp until somebody asks for more"
    # Faster than any hand: it must not matter whether a tick came between.
    keyboard.press(b"cs")
    keyboard.until("state", to="ready")
    keyboard.press(b"h")
    assert states(keyboard.until("keys")) == []
    keyboard.press(b"w")
    keyboard.until("state", to="running")
    keyboard.press(b"l")
    assert states(keyboard.until("state", to="limp")) == ["holding", "limp"]
    bench.wait_for(0)

    keyboard.press(b"w")
    keyboard.until("state", to="running")
    keyboard.press(b"q")
    assert keyboard.until("stopping")[-1]["why"] == "asked at the terminal"
    assert states(keyboard.ended()) == ["holding", "limp"]
    assert keyboard.is_cooked()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_the_terminal_is_put_back_on_every_way_out(bench: Bench, keyboard: Keyboard, signum: signal.Signals) -> None:
    keyboard.until("state", to="aligning")
    assert not keyboard.is_cooked()
    keyboard.process.send_signal(signum)
    keyboard.process.communicate()
    bench.wait_for(0)
    end = time.monotonic() + 20
    while not keyboard.is_cooked():
        assert time.monotonic() < end, "the guard left the terminal raw"
        time.sleep(0.001)


def test_a_terminal_that_is_lost_ends_it_softly(bench: Bench, keyboard: Keyboard) -> None:
    keyboard.until("state", to="running")
    keyboard.hang_up()
    said = keyboard.ended()
    assert [event["why"] for event in said if event["event"] == "stopping"] == ["terminal lost"]
    assert states(said) == ["holding", "limp"]
    bench.wait_for(0)


def loop_calls(folder: Path) -> tuple[set[str], int]:
    """Names of the system calls of the loop's thread from its first tick to its last, and its common reads."""
    loops = []
    for path in folder.glob("trace.*"):
        lines = path.read_text().splitlines()
        # All servos at once: a frame to everybody, instruction 0x82. The main thread asks so before the loop begins.
        asks = re.compile(r'write\(\d+, "\\xff\\xff\\xfe\\x..\\x82')
        reads = [at for at, line in enumerate(lines) if asks.match(line)]
        loops += [(lines[reads[0] : reads[-1]], len(reads))] if reads else []
    lines, reads_of_all = max(loops, key=lambda loop: loop[1])
    calls = {line.split("(")[0] for line in lines if not line.startswith(("+++", "---"))}
    return calls, reads_of_all


def test_ten_thousand_ticks_only_read_write_and_sleep_and_allocate_nothing(tmp_path: Path, binary: None) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    # 200 Hz are what a bus with slow reads carries. Traced, a start now and then ends limp on a machine that is
    # busy with other things: what is proved here is what the loop calls while it walks, so it may start again.
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        bench = Bench(folder)
        prefix = ("strace", "-f", "-ff", "-x", "-s", "8", "-o", str(folder / "trace"))
        process = bench.start("--seconds", "52", "--control-freq", "200", "--command", "vx=0.1", prefix=prefix)
        try:
            said = process.communicate(timeout=180)
        finally:
            bench.close()
        assert process.returncode == 0, said
        calls, common_reads = loop_calls(folder)
        assert calls - CLOCK_SYSCALLS == {"read", "write", "clock_nanosleep"}
        stats = bench.stats()
        assert stats["loop_allocations"] == 0
        if stats["policy_ticks"] >= 500:
            break
    assert stats["ticks"] >= 10_000
    # It is the loop that was traced, and it walked.
    assert common_reads >= 0.8 * stats["ticks"] and stats["policy_ticks"] >= 500, (common_reads, stats, said)


def test_what_an_imu_cannot_measure_is_dropped_logged_and_counted(bench: Bench) -> None:
    with Session(bench.start("--command", "vx=0.1", "--no-record")) as session:
        session.until("state", to="running")
        bench.host.inject("imu-flip every=40ms for=4 seed=1")
        told = session.until("implausible value dropped")[-1]
        assert told["value"] in ("gyroscope", "accelerometer") and told["count"] >= 1, told
        bench.wait_writes(200)
        said = session.stop()
    counted = bench.stats()["implausible"]
    lines = [event for event in said if event["event"] == "implausible value dropped"]
    assert counted["imu"] >= sum(event["count"] for event in lines) >= 1 and counted["servo"] == 0, (counted, lines)
