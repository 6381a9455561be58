"""`gaitwayd --keyboard`: the keys of a terminal drive the duck as a pad does."""

import subprocess
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import Keyboard, asked, flight, states

from gaitway.recording import Recording


def test_a_held_key_walks_and_let_go_it_stops_and_space_stops_at_once(bench: Bench) -> None:
    folder = bench.folder / "recordings"
    with Keyboard(bench, "--keyboard", "--record", str(folder)) as keyboard:
        (shown,) = keyboard.until("keys")[-1:]
        # Keys of the bench that would drive are the pad's here; those that stop, clear and help are what they are.
        assert {"space", "c", "h", "w", "z", "enter", "ctrl-c"} <= shown["keys"].keys()
        assert "forward" in shown["keys"]["w"] and "left" in shown["keys"]["q"]
        keyboard.until("state", to="running")
        keyboard.hold(b"w", bench, writes=150)
        keyboard.hold(b"q", bench, writes=150)
        bench.wait_writes(150)
        keyboard.tap(b"z", "pause")
        keyboard.until("state", to="ready")
        keyboard.tap(b"z", "pause")
        keyboard.until("state", to="running")
        keyboard.press(b"w ")
        assert keyboard.until("key", key="space")[-1]["by"] == "terminal"
        said = keyboard.until("state", to="limp")
        assert states(said) == ["limp"] and said[-1]["reason"] == "emergency stop"
        bench.wait_for(0)
        # Latched: no key that drives gets it up.
        keyboard.tap(b"\n", "motors")
        keyboard.tap(b"\n", "motors")
        assert "emergency stop" in keyboard.until("stays limp")[-1]["why"]
        keyboard.press(b"w")
        bench.wait_writes(100)
        assert bench.driven == 0
        keyboard.press(b"c")
        keyboard.until("key", key="c")
        keyboard.tap(b"\n", "motors")
        keyboard.until("state", to="ready")
        keyboard.tap(b"\n", "motors")
        keyboard.until("state", to="limp")
        keyboard.stop()
        assert keyboard.is_cooked()
    recording = Recording.load(flight(folder))
    forward, leftward = asked(recording, 0), asked(recording, 1)
    assert max(forward) == pytest.approx(0.15) and min(forward) == 0.0 and forward[-1] == 0.0
    assert max(leftward) == pytest.approx(0.2) and min(leftward) == 0.0 and leftward[-1] == 0.0
    assert {owner for _, _, owner in recording.spans("tick.owner")} - {""} == {"terminal"}
    # It is on its way there and back, never at once.
    for way in (forward, leftward):
        assert sum(0.05 * max(way) < each < 0.95 * max(way) for each in way) > 8
    assert recording.verify().different == 0


def test_a_lost_terminal_eases_to_a_stand_and_ends(bench: Bench) -> None:
    with Keyboard(bench, "--keyboard", "--no-record") as keyboard:
        keyboard.until("state", to="running")
        keyboard.hold(b"w", bench, writes=100)
        keyboard.hang_up()
        said = keyboard.ended()
    assert [event["why"] for event in said if event["event"] == "stopping"] == ["terminal lost"]
    # What a busy computer makes it do before is no matter here.
    assert states(said)[-2:] == ["holding", "limp"]
    bench.wait_for(0)


def test_without_a_terminal_it_is_refused_with_a_remedy(bench: Bench) -> None:
    process = bench.start("--keyboard", "--no-record")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "--keyboard" in errors and "ssh -t" in errors
    assert bench.driven == 0


def test_it_excludes_a_command_of_the_command_line(tmp_path: Path, binary: None) -> None:
    done = subprocess.run([BINARY, "--keyboard", "--command", "vx=0.1"], capture_output=True, text=True)
    assert done.returncode == 2 and "--command" in done.stderr + done.stdout


def test_a_command_that_is_pasted_into_a_running_robot_stops_it_and_gets_nothing_up(bench: Bench) -> None:
    """In its letters are a space, a c and an Enter: stop, clear, motors."""
    with Keyboard(bench, "--keyboard", "--no-record") as keyboard:
        keyboard.until("state", to="running")
        keyboard.press(b"gaitwayd --keyboard --no-config\n")
        assert keyboard.until("state", to="limp")[-1]["reason"] == "emergency stop"
        bench.wait_for(0)
        bench.wait_writes(100)
        assert bench.driven == 0
        keyboard.stop()
