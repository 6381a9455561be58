"""A duck as tools for a language model: calls in JSON lines, and what the duck did of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from daemon_bench import Bench
from daemon_session import Session, asked, asked_in_turn, flight, listen
from PIL import Image
from program import wait_until

from gaitway.recording import Recording

#: A machine that is busy elsewhere may make it hold still for a moment.
UP = ("running", "holding")
VX, VY, WZ, YAW = 0, 1, 2, 5
TOOLS = Path(__file__).parents[2] / "examples" / "tools.py"


class Model:
    """What calls the tools, a line each, and hears what came of each."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def say(self, call: dict[str, Any] | str | bytes) -> None:
        assert self.process.stdin is not None
        line = call if isinstance(call, bytes) else (call if isinstance(call, str) else json.dumps(call)).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        heard: dict[str, Any] = json.loads(self.process.stdout.readline())
        return heard

    def call(self, tool: str, **parameters: float) -> dict[str, Any]:
        self.say({"tool": tool} | parameters)
        return self.hear()


@contextmanager
def model(folder: Path, address: str, **environment: str) -> Iterator[Model]:
    pipe = subprocess.PIPE
    command = [sys.executable, str(TOOLS), "--address", address]
    seen = os.environ | {"XDG_RUNTIME_DIR": str(folder)} | environment
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, env=seen) as process:
        try:
            yield Model(process)
        finally:
            process.kill()


def duck(bench: Bench, *arguments: str) -> tuple[Session, str]:
    """A duck that shows itself where the tools look."""
    record = ("--record", str(bench.folder / "recordings"))
    return listen(bench, "--socket", str(bench.folder / "gaitway.sock"), *record, *arguments)


def recorded(bench: Bench) -> Recording:
    return Recording.load(flight(bench.folder / "recordings"))


def test_its_tools_are_listed_with_schemas_that_bound_them() -> None:
    done = subprocess.run([sys.executable, TOOLS, "--list"], capture_output=True, text=True, check=True)
    tools = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert list(tools) == ["walk", "turn", "look", "picture", "sound", "stop"]
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool["parameters"])
        assert tool["description"]
    walk = tools["walk"]["parameters"]
    jsonschema.validate({"forward_mps": 0.15, "seconds": 2}, walk)
    for wrong in ({"forward_mps": 0.16, "seconds": 2}, {"seconds": 60}, {"forward_mps": 0.1}, {"seconds": 1, "up": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, walk)


def test_a_model_walks_turns_looks_takes_a_picture_plays_a_sound_and_stops(bench: Bench) -> None:
    tools, sounds = bench.folder / "tools", bench.folder / "sounds"
    tools.mkdir()
    sounds.mkdir()
    (sounds / "happy.wav").touch()
    Image.new("RGB", (64, 48)).save(bench.folder / "taken", "JPEG")
    (tools / "rpicam-still").write_text(
        f'#!/bin/sh\nfor file in "$@"; do :; done\n/bin/cat {bench.folder / "taken"} > "$file"\n'
    )
    (tools / "rpicam-still").chmod(0o755)
    session, address = duck(bench, "--sounds", str(sounds))
    with session:
        with model(bench.folder, address, PATH=str(tools)) as person:
            for call in (
                {"tool": "walk", "forward_mps": 0.1, "seconds": 2},
                {"tool": "walk", "forward_mps": -0.15, "leftward_mps": 0.2, "seconds": 0.5},
                {"tool": "turn", "turning_rps": -1, "seconds": 0.5},
                {"tool": "look", "yaw_rad": 0.7},
                {"tool": "sound"},
                {"tool": "stop"},
            ):
                person.say(call)
                heard = person.hear()
                assert heard["done"] and heard["tool"] == call["tool"] and heard["state"] in UP, heard
            taken = person.call("picture")
            assert Path(bench.folder / taken["file"]).read_bytes() == (bench.folder / "taken").read_bytes()
            assert (taken["width"], taken["height"]) == (64, 48)
            # The last thing that is asked is done before the end of its input is.
            person.say({"tool": "walk", "forward_mps": 0.05, "seconds": 1})
            said, errors = person.process.communicate(timeout=60)
            assert person.process.returncode == 0 and json.loads(said)["done"], errors
        session.until("pad gone")
        said = session.stop()
    assert [event["button"] for event in said if event["event"] == "pad button"] == ["sound"]
    recording = recorded(bench)
    assert [speed for speed in asked_in_turn(recording, VX) if speed] == [0.1, -0.15, 0.05]
    assert asked_in_turn(recording, VY) == [0, 0.2, 0] and asked_in_turn(recording, WZ) == [0, -1, 0]
    assert asked_in_turn(recording, YAW) == [0, 0.7]
    forward = asked(recording, VX)
    rows = [row for row, asks in enumerate(forward) if abs(asks - 0.1) < 1e-4]
    woken_ns = recording.column("tick.woken_ns")
    assert (woken_ns[rows[-1]] - woken_ns[rows[0]]) * 1e-9 == pytest.approx(2, abs=0.5)
    # Between two calls it stands, unless the second comes before the pad has said so again.
    assert (
        rows == list(range(rows[0], rows[-1] + 1))
        and min(abs(forward[rows[-1] + 1] - mps) for mps in (0, -0.15)) < 1e-4
    )
    assert recording.column("tick.command[0]")[-1] == 0


def test_what_cannot_be_called_is_answered_with_what_can_and_moves_nothing(bench: Bench) -> None:
    session, address = duck(bench)
    with session:
        # Nothing is on its path: nobody takes pictures.
        with model(bench.folder, address, PATH=str(bench.folder)) as person:
            for call, error, hint in (
                ("", "expected a call of walk, turn", '"tool": "walk"'),
                ("walk", "expected a call of walk", "forward_mps"),
                (b"\xff\xfe", "expected a call", "forward_mps"),
                ("[" * 100_000, "expected a call", "forward_mps"),
                ("[1]", "expected a call", "forward_mps"),
                ('{"tool": ["walk"]}', "expected a call", "forward_mps"),
                ('{"name": "walk"}', "expected a call", "forward_mps"),
                ('{"tool": "fly", "seconds": 1}', "expected a call of walk", "forward_mps"),
                ('{"tool": "walk"}', "seconds: expected 0.1 to 5, found None", "how long"),
                ('{"tool": "walk", "seconds": 60}', "seconds: expected 0.1 to 5, found 60", "how long"),
                ('{"tool": "walk", "seconds": 1, "speed": 9}', "no parameter is called speed", "forward_mps"),
                ('{"tool": "walk", "seconds": 1, "forward_mps": 0.2}', "-0.15 to 0.15, found 0.2", "backward"),
                ('{"tool": "walk", "seconds": 1, "forward_mps": "0.1"}', "found '0.1'", "backward"),
                ('{"tool": "walk", "seconds": true, "forward_mps": 0.1}', "found True", "how long"),
                ('{"tool": "turn", "seconds": 1, "turning_rps": NaN}', "found nan", "left"),
                ('{"tool": "look", "roll_rad": 1e999}', "-0.5 to 0.5, found inf", "tilted"),
                ('{"tool": "stop", "seconds": 1}', "no parameter is called seconds", "takes none"),
                ('{"tool": "picture"}', "nobody takes pictures", "apt-get install"),
            ):
                person.say(call)
                heard = person.hear()
                assert not heard["done"] and error in heard["error"] and hint in heard["hint"], (call, heard)
                assert heard["state"] in UP
        session.until("pad gone")
        session.stop()
    assert all(set(asked(recorded(bench), axis)) == {0.0} for axis in range(7))


def test_a_duck_that_cannot_walk_says_so_and_is_not_asked_to(bench: Bench) -> None:
    session, address = duck(bench)
    with session, model(bench.folder, address) as person:
        person.say({"tool": "walk", "forward_mps": 0.1, "seconds": 5})
        session.until("pad")
        bench.wait_writes(50)
        bench.host.inject("overload servo=left_knee")
        for heard in (person.hear(), person.call("turn", turning_rps=1, seconds=5)):
            assert not heard["done"] and "does not walk" in heard["error"]
            fault = heard["fault"]
            assert (fault["kind"], fault["joint"]) == ("overload", "left_knee") and "free what" in fault["hint"]
        assert person.call("stop")["done"]
        session.stop()
        wait_until(lambda: "nobody listens" in person.call("stop").get("error", ""))
        assert person.call("stop")["state"] is None


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_of_a_walk_the_duck_stands(bench: Bench, end: signal.Signals) -> None:
    session, address = duck(bench)
    with session:
        with model(bench.folder, address) as person:
            # Enough of it that a busy machine does not get to its end.
            for _ in range(6):
                person.say({"tool": "walk", "forward_mps": 0.1, "seconds": 5})
            session.until("pad")
            bench.wait_writes(150)
            person.process.send_signal(end)
            said, errors = person.process.communicate(timeout=60)
            assert (person.process.returncode, errors) == (0, b"") and len(said.splitlines()) < 6
        session.until("pad gone")
        session.stop()
    recording = recorded(bench)
    forward = asked(recording, VX)
    last = max(row for row, asks in enumerate(forward) if asks > 0.05)
    assert forward[last + 1] == 0.0 and recording.columns["tick.cause"][last + 1] == "owner"


def test_where_no_duck_is_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, TOOLS, "--address", "127.0.0.1:9"], capture_output=True, text=True, input="")
    assert done.returncode == 1 and "nobody listens" in done.stderr and "--pad-listen" in done.stderr
