"""A pad in somebody's hands: input events through a pipe, as the kernel writes them, and a duck that follows."""

import fcntl
import signal
import subprocess
import time
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import Session, asked, flight, listen, states
from far_pad import FarPad
from hands import FORWARD, HAT_Y, LEFT_BUMPER, LEFT_X, LEFT_Y, MENU, MIDDLE, VIEW, A, B, Hands, Y
from program import wait_until

from gaitway.recording import Recording

PAUSE, SOUND, MOTORS = 1 << 0, 1 << 2, 1 << 7
XBOX = ("--pad-layout", "xbox_bluetooth")


def follow(bench: Bench, hands: Hands, *arguments: str) -> Session:
    """A duck that has got up and follows the pad."""
    session = Session(bench.start("--pad", str(hands.path), *XBOX, *arguments))
    hands.hold()
    hands.move(LEFT_Y, MIDDLE)
    session.until("state", to="running")
    return session


def test_a_duck_follows_the_pad_and_eases_to_a_stand_without_it(bench: Bench) -> None:
    hands, folder = Hands(bench.folder / "pad"), bench.folder / "recordings"
    with follow(bench, hands, "--record", str(folder)) as session:
        hands.move(LEFT_Y, FORWARD)
        bench.wait_writes(150)
        for _ in range(2):
            hands.tap(Y)
            session.until("pad button", button="head")
            bench.wait_writes(100)
        hands.let_go()
        session.until("pad gone")
        session.until("no pad: standing")
        session.until("state", to="ready")
        said = session.stop()
    assert [event["layout"] for event in said if event["event"] == "pad"] == ["xbox_bluetooth"]
    recording = Recording.load(flight(folder))
    forward = asked(recording, 0)
    owners = [owner for _, _, owner in recording.spans("tick.owner")]
    assert "pad" in owners and "program" not in owners
    assert max(forward) == pytest.approx(0.15) and min(forward) == 0.0
    # In head mode the same stick moves the head, and the duck stands.
    head = list(recording.column("tick.command[4]"))
    assert max(head) == pytest.approx(0.78)
    moved = [row for row, pitch in enumerate(head) if pitch > 0.5]
    # It stays where it was left, while the duck walks again.
    assert any(forward[row] > 0.1 for row in moved) and any(forward[row] == 0 for row in moved)
    # Without the pad it eases: no step from full to nothing.
    last = max(row for row, cause in enumerate(recording.columns["tick.cause"]) if cause == "owner")
    eased = recording.column("tick.command[0]")[last : last + 50]
    assert eased[0] > 0.05 and eased[-1] == 0.0
    assert all(before - after < 0.03 for before, after in pairwise(eased)), eased
    assert recording.verify().different == 0


def test_the_gait_sprints_while_it_is_held_is_trimmed_once_a_press_and_is_as_ever_without_the_pad(bench: Bench) -> None:
    hands, folder = Hands(bench.folder / "pad"), bench.folder / "recordings"
    with follow(bench, hands, "--record", str(folder)) as session:
        hands.move(LEFT_Y, FORWARD)
        bench.wait_writes(50)
        hands.move(HAT_Y, -1)
        session.until("pad button", button="phase_up")
        bench.wait_writes(50)
        hands.move(HAT_Y, 0)
        for _ in range(2):
            hands.press(LEFT_BUMPER)
            bench.wait_writes(100)
            hands.release(LEFT_BUMPER)
            bench.wait_writes(50)
        hands.let_go()
        session.until("pad gone")
        session.until("no pad: standing")
        session.stop()
    recording = Recording.load(flight(folder))
    added = recording.column("tick.phase_factor_offset")
    told = [round(offset, 6) for offset, _ in groupby(added)]
    # On top of each other, as the published runtime has it; held from one end to the other, not every other tick.
    assert told == [0, 0.05, 0.35, 0.05, 0.35, 0.05, 0]
    steps = recording.column("tick.policy.phase_step")
    walked = [row for row, ran in enumerate(recording.column("tick.policy.ran")) if ran == 1]
    assert {round(added[row], 6) for row in walked} == set(told)
    for row, following in pairwise(walked):
        assert (steps[following] - steps[row]) % 27 == pytest.approx(1 + added[row], abs=1e-6), row
    assert recording.verify().different == 0


def test_pause_stands_and_walks_and_the_motors_button_is_limp(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    with follow(bench, hands, "--no-record") as session:
        for button, state in ((A, "ready"), (A, "running"), (MENU, "limp")):
            hands.tap(button)
            session.until("state", to=state)
        bench.wait_for(0)
        hands.tap(MENU)
        session.until("state", to="ready")
        assert bench.driven == 14
        # What is about to end does not get up again.
        session.process.send_signal(signal.SIGINT)
        session.until("stopping")
        hands.tap(MENU)
        assert states(session.ended())[-1] == "limp"


def test_its_stop_button_is_the_emergency_stop_which_two_buttons_clear(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    with follow(bench, hands, "--no-record") as session:
        hands.tap(VIEW)
        stop = session.until("emergency stop")[-1]
        assert "hold stop (view, select) and press motors (menu)" in stop["hint"]
        bench.wait_for(0)
        # Limp, then up, which it is not allowed.
        for _ in range(2):
            hands.tap(MENU)
            session.until("pad button", button="motors")
        # Longer than it takes to align where it may.
        time.sleep(0.5)
        assert bench.driven == 0, "it gets up by no button as long as the stop is set"
        hands.press(VIEW)
        session.until("pad button", button="stop")
        hands.tap(MENU)
        session.until("pad button", button="motors")
        hands.release(VIEW)
        hands.tap(MENU)
        session.until("state", to="ready")
        assert bench.driven == 14
        session.stop()


@pytest.mark.parametrize("player", ["plays", "fails", "is missing"])
def test_its_sound_button_plays_and_no_card_is_a_warning(bench: Bench, player: str) -> None:
    sounds, tools, played = bench.folder / "sounds", bench.folder / "tools", bench.folder / "played"
    sounds.mkdir()
    tools.mkdir()
    for name in ("happy.wav", "beep.WAV", "notes.txt"):
        (sounds / name).touch()
    if player != "is missing":
        (tools / "aplay").write_text(f'#!/bin/sh\necho "$2" >> {played}\nexit {int(player == "fails")}\n')
        (tools / "aplay").chmod(0o755)
    hands = Hands(bench.folder / "pad")
    # Nothing else is on its path.
    arguments = ("--pad", str(hands.path), *XBOX, "--sounds", str(sounds), "--no-record")
    with Session(bench.start(*arguments, prefix=("/usr/bin/env", f"PATH={tools}"))) as session:
        hands.hold()
        for count in range(12):
            hands.tap(B)
            session.until("pad button", button="sound")
            if player == "plays":
                # The next one would end it.
                wait_until(lambda wanted=count + 1: played.exists() and len(played.read_text().split()) == wanted)
        said = session.stop()
    hands.let_go()
    warnings = [event for event in said if event["event"] == "no sound"]
    if player == "plays":
        assert warnings == []
        files = played.read_text().split()
        assert len(files) == 12 and set(files) == {str(sounds / "happy.wav"), str(sounds / "beep.WAV")}
    else:
        assert len(warnings) == 1 and ("card" if player == "fails" else "alsa-utils") in warnings[0]["hint"]


def test_a_pad_that_is_found_is_greeted(bench: Bench) -> None:
    sounds, tools, played = bench.folder / "sounds", bench.folder / "tools", bench.folder / "played"
    sounds.mkdir()
    tools.mkdir()
    for name in ("happy1.wav", "beep.wav"):
        (sounds / name).touch()
    (tools / "aplay").write_text(f'#!/bin/sh\necho "$2" >> {played}\n')
    (tools / "aplay").chmod(0o755)
    hands = Hands(bench.folder / "pad")
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth", "--sounds", str(sounds), "--no-record")
    with Session(bench.start(*pad, prefix=("/usr/bin/env", f"PATH={tools}"))) as session:
        session.until("state", to="running")
        assert not played.exists(), "nobody is there to be greeted"
        hands.hold()
        hands.move(LEFT_X, MIDDLE)
        greeting = session.until("sound")[-1]["file"]
        wait_until(played.exists)
        session.stop()
    hands.let_go()
    assert played.read_text().split() == [str(sounds / "happy1.wav")] == [greeting]


def test_a_pad_elsewhere_is_the_first_senders_until_it_is_silent(bench: Bench) -> None:
    folder = bench.folder / "far"
    session, address = listen(bench, "--record", str(folder))
    with session, FarPad(address).greet() as first, FarPad(address).greet() as second:
        end = bench.writes() + 200
        while bench.writes() < end:
            # Forward; the other one would go back.
            first.send((0, 32767, 0, 0, 0, 0))
            second.send((0, -32767, 0, 0, 0, 0))
            second.line.send(b"nonsense")
            time.sleep(0.02)
        session.until("pad gone")
        bench.wait_writes(150)
        said = session.stop()
    assert [event["event"] for event in said if "pad" in event["event"].split()[:1]] == ["pad", "pad gone"]
    recording = Recording.load(flight(folder))
    forward = asked(recording, 0)
    assert max(forward) == pytest.approx(0.15) and min(forward) == 0.0
    assert recording.column("tick.command[0]")[-1] == 0.0


def test_a_press_that_lasts_over_a_hole_is_one(bench: Bench) -> None:
    session, address = listen(bench, "--no-record")
    with session, FarPad(address) as pad:
        pad.greet().send(buttons=PAUSE)
        session.until("pad button", button="pause")
        session.until("pad gone")
        pad.greet().send(buttons=PAUSE)
        session.until("pad")
        pad.greet().send()
        pad.send(buttons=PAUSE)
        session.until("pad button", button="pause")
        said = session.stop()
    assert sum(event["event"] == "pad button" for event in said) == 2


def test_a_log_that_nobody_reads_keeps_it_neither_from_walking_nor_from_ending(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    with bench.start("--pad", str(hands.path), *XBOX, "--no-record") as process:
        # A pager, or a terminal that hangs, and little room before it.
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        hands.hold()
        bench.wait_for(14)
        for _ in range(60):
            hands.tap(B)
            bench.wait_writes(3)
        process.terminate()
        assert process.wait(60) == 0
    hands.let_go()
    bench.wait_for(0)


def test_a_pipe_nobody_writes_to_is_no_pad_and_costs_nothing(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    with Session(bench.start("--pad", str(hands.path), "--no-record")) as session:
        session.until("state", to="running")
        said = session.stop()
    assert "pad" not in {event["event"] for event in said}


def test_what_is_no_layout_is_refused_with_a_remedy(tmp_path: Path, binary: None) -> None:
    (tmp_path / "mine.toml").write_text('schema = "gaitway.pad/1"\nnames = []\n[sticks]\nup = [0, 0, 1]\n[buttons]\n')
    for layout, words in (("xbx", "dualsense"), (tmp_path / "mine.toml", "left_x")):
        arguments = ["--commands", "--pad-layout", layout, "--serial-port", tmp_path / "none"]
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
        assert done.returncode != 0 and words in done.stderr + done.stdout, done
    done = subprocess.run([BINARY, "--commands", "--command", "vx=0.1"], capture_output=True, text=True)
    assert done.returncode == 2 and "--commands" in done.stderr + done.stdout
