"""`gaitway pad`: a pad is tried, one that nobody knows is learned, and gaitwayd follows what was learned."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from daemon_bench import Bench
from daemon_session import Session, asked, flight
from hands import FORWARD, LEFT_Y, MIDDLE, A, Hands, Y
from program import parse, run_gaitway

from gaitway.bringup.pad import Learner, steps
from gaitway.errors import UsageError
from gaitway.recording import Recording

#: An axis whose numbers fall to the right, one that rises downward, a trigger, two buttons.
FALLING, RISING, TRIGGER, START, SELECT = 7, 8, 9, 0x2C0, 0x2C1


@contextmanager
def tool(*arguments: object) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "gaitway.cli", "pad", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        yield process


def test_a_pad_is_tried(tmp_path: Path) -> None:
    hands = Hands(tmp_path / "pad")
    for as_json in (True, False):
        flags = ("--json",) if as_json else ()
        with tool("test", "--pad", hands.path, "--layout", "xbox_bluetooth", *flags) as process:
            hands.hold()
            hands.move(LEFT_Y, MIDDLE)
            hands.move(LEFT_Y, FORWARD)
            hands.tap(A)
            hands.tap(Y)
            hands.tap(0x2FF)
            hands.let_go()
            said, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        if as_json:
            found = json.loads(said)
            assert (found["layout"], found["pressed"], found["held"]) == ("xbox_bluetooth", ["pause", "head"], [])
            assert found["moves"] == ["vx", "vy", "wz", "head_pitch", "head_yaw", "head_roll"]
            assert found["left"] == [0, 1] and found["moves_head"] and found["events"] == 8
            # The stick moves the head now.
            assert found["command"]["head_pitch"] == pytest.approx(0.78) and found["command"]["vx"] == 0
        else:
            # Every press, and every axis once.
            lines = [line.split(": ")[1] for line in said.splitlines() if ": " in line]
            assert "the sticks move vx, vy, wz, head_pitch" in lines[0]
            assert lines[1:] == ["left_y", "pause", "head", "nothing in this layout"]
            assert "the pad is gone" in said


def test_a_pad_is_tried_for_a_robot_of_other_axes(tmp_path: Path) -> None:
    hands, robots = Hands(tmp_path / "pad"), Path(__file__).parent / "robots"
    arm, quadruped = (robots / name / "profile.toml" for name in ("arm", "quadruped"))
    for as_json in (True, False):
        flags = ("--json",) if as_json else ()
        with tool("test", "--pad", hands.path, "--layout", "xbox_bluetooth", "--robot", arm, *flags) as process:
            hands.hold()
            hands.move(LEFT_Y, MIDDLE)
            hands.move(LEFT_Y, FORWARD)
            hands.let_go()
            said, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        if as_json:
            found = json.loads(said)
            assert (found["robot"], found["moves"], found["command"]) == ("test_arm", [], {})
        else:
            assert "test_arm: the sticks move none of its command axes" in said
    told = parse(run_gaitway("pad", "test", "--pad", hands.path, "--robot", quadruped, "--json"))
    assert "says how far vx, vy, wz go" in told["error"] and "--policy" in told["hint"]


def test_what_is_no_pad_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for arguments, error, hint in (
        (("test", "--pad", tmp_path / "none"), "No such file", "bluetoothctl"),
        (("test", "--layout", "xbx"), "pad layout xbx", "dualsense"),
        (("map", "-o", tmp_path / "none" / "mine.toml"), "folder", "first"),
    ):
        done = run_gaitway("pad", *arguments, "--json")
        said = parse(done)
        assert done.returncode == 2 and error in said["error"] and hint in said["hint"], said


def test_a_pad_nobody_knows_is_learned_and_followed(bench: Bench) -> None:
    hands, layout = Hands(bench.folder / "pad"), bench.folder / "mine.toml"
    moves = {
        "left_x": lambda: hands.swing(FALLING, rest=128, peak=0),
        "left_y": lambda: hands.swing(RISING, rest=128, peak=255),
        "left_trigger": lambda: hands.swing(TRIGGER, rest=0, peak=1023),
        "pause": lambda: hands.tap(START),
        "head": lambda: hands.tap(SELECT),
    }
    with tool("map", "-o", layout, "--pad", hands.path, "--json") as process:
        assert process.stdin and process.stdout and process.stderr
        hands.hold()
        for step in steps():
            assert step.ask in process.stderr.readline()
            if step.name == "right_x":
                # That stick is known already.
                hands.swing(RISING, rest=128, peak=255)
                assert "left_y already" in process.stderr.readline()
            if step.name in moves:
                moves[step.name]()
                assert step.name in process.stderr.readline()
            else:
                process.stdin.write("\n")
                process.stdin.flush()
        found = json.loads(process.stdout.read())
        hands.let_go()
    written = tomllib.loads(layout.read_text())
    assert written["sticks"] == {
        "left_x": [FALLING, 256, 0],
        "left_y": [RISING, 1, 255],
        "left_trigger": [TRIGGER, 0, 1023],
    }
    assert written["buttons"] == {"pause": START, "head": SELECT} == found["buttons"]
    folder = bench.folder / "recordings"
    arguments = ("--pad", str(hands.path), "--pad-layout", str(layout), "--record", str(folder))
    with Session(bench.start(*arguments)) as session:
        hands.hold()
        hands.move(RISING, 128)
        assert session.until("pad")[-1]["layout"] == str(layout)
        session.until("state", to="running")
        hands.move(RISING, 0)
        bench.wait_writes(150)
        hands.move(RISING, 128)
        hands.move(FALLING, 0)
        bench.wait_writes(150)
        hands.tap(START)
        session.until("pad button", button="pause")
        session.stop()
    hands.let_go()
    recording = Recording.load(flight(folder))
    assert max(asked(recording, 0)) == pytest.approx(0.15), "up is forward"
    assert min(asked(recording, 1)) == pytest.approx(-0.2), "right is right"


def test_what_cannot_be_right_is_asked_for_again(tmp_path: Path) -> None:
    stick, trigger, hat = (0, 0, -100, 100), (2, 0, 0, 255), (17, 0, -1, 1)
    learner = Learner([stick, (1, *stick[1:]), trigger, hat])

    def swing(code: int, peak: int) -> list[tuple[str, int, int]]:
        return [("axis", code, peak), ("axis", code, 0)]

    # For each step what is tried in turn, and what is said of it; the last is right.
    tries: dict[str, list[tuple[list[tuple[str, int, int]], str]]] = {
        "left_x": [(swing(2, 255), "at an end"), (swing(0, 30), ""), (swing(0, 100), "")],
        "left_y": [(swing(0, 100), "left_x already"), (swing(1, -100), "")],
        "left_trigger": [(swing(17, 1), "in the middle"), (swing(2, 255), "")],
        "hat_y": [(swing(17, -1), "up"), (swing(17, 1), "")],
        "pause": [([("axis", 1, 100), ("key", 0x130, 1)], "")],
        "head": [([("key", 0x130, 1)], "pause already"), ([("key", 0x131, 1)], "")],
    }
    asked = []
    for step in learner.steps():
        asked.append(step.name)
        done = False
        for events, objection in tries.get(step.name, []):
            done, said = False, []
            for event in events:
                done |= learner.take(step, *event)
                said.append(learner.problem)
            assert objection in " ".join(said), (step, said)
        assert done == (step.name in tries), step
    assert "phase_up" not in asked, "the cross is"
    assert learner.sticks == {
        "left_x": (0, -100, 100),
        "left_y": (1, 100, -100),
        "left_trigger": (2, 0, 255),
        "hat_y": (17, -1, 1),
    }
    text = learner.text('My "pad" ü')
    assert tomllib.loads(text)["names"] == ['My "pad" ü'] and tomllib.loads(learner.text("\x07"))["names"] == []
    with pytest.raises(UsageError, match="skipped"):
        Learner([]).save(tmp_path / "none.toml", "")
    assert not (tmp_path / "none.toml").exists()
