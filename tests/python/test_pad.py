"""A pad in somebody's hands: input events through a pipe, as the kernel writes them, and a duck that follows."""

import json
import os
import socket
import struct
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import BINARY, Bench

from gaitway.recording import Recording

KEY, AXIS, REPORT = 1, 3, 0
LEFT_X, LEFT_Y, RIGHT_X = 0, 1, 2
A, B, Y, MENU = 0x130, 0x131, 0x134, 0x13B
MIDDLE, FORWARD = 32768, 0


class Hands:
    """Writes what a pad writes."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.pipe = -1

    def hold(self) -> None:
        self.pipe = os.open(self.path, os.O_WRONLY)

    def let_go(self) -> None:
        os.close(self.pipe)

    def move(self, code: int, value: int) -> None:
        self._write(AXIS, code, value)

    def tap(self, code: int) -> None:
        self._write(KEY, code, 1)
        self._write(KEY, code, 0)

    def _write(self, kind: int, code: int, value: int) -> None:
        for event in ((kind, code, value), (REPORT, 0, 0)):
            os.write(self.pipe, struct.pack("llHHi", 0, 0, *event))


def events_of(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def test_a_duck_follows_the_pad_and_eases_to_a_stand_without_it(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    folder = bench.folder / "recordings"
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth")
    process = bench.start("--seconds", "14", *pad, "--record", str(folder))
    bench.wait_for(14)
    hands.hold()
    time.sleep(2.5)
    hands.move(LEFT_Y, FORWARD)
    time.sleep(1)
    hands.tap(Y)
    time.sleep(0.5)
    hands.tap(Y)
    time.sleep(0.5)
    hands.let_go()
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    events = events_of(said)
    assert [event["layout"] for event in events if event["event"] == "pad"] == ["xbox_bluetooth"]
    assert [event["button"] for event in events if event["event"] == "pad button"] == ["head", "head"]
    assert {"pad gone", "no pad: standing"} <= {event["event"] for event in events}
    (path,) = folder.glob("*Z.mcap")
    recording = Recording.load(path)
    forward = list(recording.column("tick.command[0]"))
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
    last = max(row for row, speed in enumerate(forward) if speed > 0.1)
    eased = forward[last : last + 30]
    assert all(before - after < 0.03 for before, after in pairwise(eased)), eased
    states = [event["to"] for event in events if event["event"] == "state"]
    assert states.count("running") == 1 and states[-1] == "limp"
    assert recording.verify().different == 0


def test_pause_stands_and_walks_and_the_motors_button_is_limp(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    process = bench.start("--seconds", "15", "--pad", str(hands.path), "--pad-layout", "xbox_bluetooth", "--no-record")
    bench.wait_for(14)
    hands.hold()
    time.sleep(3)
    hands.tap(A)
    time.sleep(2.5)
    hands.tap(A)
    time.sleep(2)
    hands.tap(MENU)
    bench.wait_for(0)
    hands.tap(MENU)
    bench.wait_for(14)
    said, errors = process.communicate(timeout=60)
    hands.let_go()
    assert process.returncode == 0, errors
    states = [event["to"] for event in events_of(said) if event["event"] == "state"]
    assert states.count("running") == 2 and states.count("limp") >= 2, states


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
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth", "--sounds", str(sounds), "--no-record")
    # Nothing else is on its path.
    process = bench.start("--seconds", "6", *pad, prefix=("/usr/bin/env", f"PATH={tools}"))
    bench.wait_for(14)
    hands.hold()
    for _ in range(12):
        hands.tap(B)
        time.sleep(0.2)
    said, errors = process.communicate(timeout=60)
    hands.let_go()
    assert process.returncode == 0, errors
    warnings = [event for event in events_of(said) if event["event"] == "no sound"]
    if player == "plays":
        assert warnings == []
        files = played.read_text().split()
        assert len(files) == 12 and set(files) == {str(sounds / "happy.wav"), str(sounds / "beep.WAV")}
    else:
        assert len(warnings) == 1 and ("card" if player == "fails" else "alsa-utils") in warnings[0]["hint"]


def test_a_pad_elsewhere_is_the_first_senders_until_it_is_silent(bench: Bench) -> None:
    process = bench.start("--seconds", "9", "--pad-listen", "127.0.0.1:0", "--record", str(bench.folder / "far"))
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["event"] == "listening for a pad":
            host, port = json.loads(line)["address"].split(":")
            break
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        bench.wait_for(14)
        time.sleep(2.5)
        for number in range(100):
            # Forward; the other one would go back.
            first.sendto(struct.pack("<4sI6hH", b"GWP1", number, 0, 32767, 0, 0, 0, 0, 0), (host, int(port)))
            second.sendto(struct.pack("<4sI6hH", b"GWP1", number, 0, -32767, 0, 0, 0, 0, 0), (host, int(port)))
            second.sendto(b"nonsense", (host, int(port)))
            time.sleep(0.02)
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [event["event"] for event in events_of(said) if "pad" in event["event"]] == ["pad", "pad gone"]
    (path,) = (bench.folder / "far").glob("*Z.mcap")
    forward = Recording.load(path).column("tick.command[0]")
    assert max(forward) == pytest.approx(0.15) and min(forward) == 0.0 and forward[-1] == 0.0


def test_a_pipe_nobody_writes_to_is_no_pad_and_costs_nothing(bench: Bench) -> None:
    hands = Hands(bench.folder / "pad")
    process = bench.start("--seconds", "2", "--pad", str(hands.path), "--no-record")
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "pad" not in {event["event"] for event in events_of(said)}


def test_what_is_no_layout_is_refused_with_a_remedy(tmp_path: Path, binary: None) -> None:
    (tmp_path / "mine.toml").write_text('schema = "gaitway.pad/1"\nnames = []\n[sticks]\nup = [0, 0, 1]\n[buttons]\n')
    for layout, words in (("xbx", "dualsense"), (tmp_path / "mine.toml", "left_x")):
        arguments = ["--commands", "--pad-layout", layout, "--serial-port", tmp_path / "none"]
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
        assert done.returncode != 0 and words in done.stderr + done.stdout, done
    done = subprocess.run([BINARY, "--commands", "--command", "vx=0.1"], capture_output=True, text=True)
    assert done.returncode == 2 and "--commands" in done.stderr + done.stdout
