"""A pad in a program's hands: a duck under gaitwayd is steered from Python, and its recording shows how."""

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from daemon_bench import Bench
from daemon_session import Session, asked, asked_in_turn, flight, listen, states
from far_pad import FarPad
from program import run_gaitway, wait_until

import gaitway
from gaitway.errors import DaemonError, UsageError
from gaitway.recording import Recording

VX, VY, WZ, PITCH, YAW, ROLL = 0, 1, 2, 4, 5, 6


def test_speeds_are_asked_as_they_are_wished_and_the_head_stays_where_it_was_left(bench: Bench) -> None:
    folder = bench.folder / "recordings"
    session, address = listen(bench, "--record", str(folder))
    with session:
        with gaitway.Remote(address) as remote:
            for wish in ((0.1, 0.0, 0.5), (-0.15, 0.07, 0.0), (0.001, -0.2, -1.0)):
                remote.walk(*wish)
                bench.wait_writes(100)
            remote.look(pitch_rad=0.4, yaw_rad=-1.5, roll_rad=0.25)
            bench.wait_writes(100)
            remote.walk(forward_mps=0.12)
            bench.wait_writes(100)
            remote.stand()
            bench.wait_writes(100)
        session.until("pad gone")
        session.stop()
    recording = Recording.load(flight(folder))
    assert asked_in_turn(recording, VX) == [0, 0.1, -0.15, 0.001, 0, 0.12, 0]
    assert asked_in_turn(recording, VY) == [0, 0.07, -0.2, 0]
    assert asked_in_turn(recording, WZ) == [0, 0.5, 0, -1, 0]
    for axis, angle in ((PITCH, 0.4), (YAW, -1.5), (ROLL, 0.25)):
        assert asked_in_turn(recording, axis) == [0, angle], axis
    # Between the wish and what the duck does with it nobody else had a say.
    assert recording.column("tick.command[0]")[-1] == 0
    assert {owner for _, _, owner in recording.spans("tick.owner")} <= {None, "", "network"}
    assert recording.verify().different == 0


def test_with_another_policy_there_it_walks_as_fast_as_it_is_asked_all_the_same(bench: Bench, tmp_path: Path) -> None:
    walk = gaitway.Robot.load().default_policy.read_bytes()
    slower = tmp_path / "slower.onnx"
    slower.write_bytes(walk.replace(b'"max":0.15,"min":-0.15,"unit":"m/s"', b'"max":0.12,"min":-0.08,"unit":"m/s"'))
    # The file says the sha256 of its contract, and the refusal that of the changed one.
    with pytest.raises(gaitway.GaitwayError, match="embedded contract was changed") as changed:
        gaitway.Policy.load(slower)
    said, found = re.findall("[0-9a-f]{64}", changed.value.message)
    slower.write_bytes(slower.read_bytes().replace(said.encode(), found.encode()))
    assert gaitway.Policy.load(slower).contract.envelope["vx"] == (-0.08, 0.12)
    folder = bench.folder / "recordings"
    session, address = listen(bench, "--record", str(folder), "--policy", str(slower))
    with session:
        with gaitway.Remote(address) as remote:
            remote.walk(forward_mps=0.1)
            bench.wait_writes(100)
            with pytest.raises(UsageError, match=r"-0\.08 to 0\.12"):
                remote.walk(forward_mps=0.15)
        session.until("pad gone")
        session.stop()
    assert asked_in_turn(Recording.load(flight(folder)), VX) == [0, 0.1, 0]
    with pytest.warns(DeprecationWarning, match="the robot tells its own envelope"), pytest.raises(DaemonError):
        gaitway.Remote("127.0.0.1:9", contract=gaitway.Policy.load(slower).contract)


def test_a_button_that_was_renamed_is_pressed_under_both_names(bench: Bench) -> None:
    session, address = listen(bench, "--no-record")
    with session:
        with gaitway.Remote(address) as remote:
            session.until("pad")
            with pytest.warns(DeprecationWarning, match="the button projector is called lamp now") as warned:
                remote.press("projector")
            assert warned[0].filename == __file__
            remote.press("lamp")
        session.until("pad gone")
        said = session.stop()
    assert [event["button"] for event in said if event["event"] == "pad button"] == ["lamp", "lamp"]


def test_the_head_button_of_the_one_before_does_not_matter(bench: Bench) -> None:
    session, address = listen(bench, "--record", str(bench.folder / "recordings"))
    with session, FarPad(address).greet() as before:
        for buttons in (0, 2, 0):
            before.send(buttons=buttons)
        session.until("pad button", button="head")
        session.until("pad gone")
        with gaitway.Remote(address) as remote:
            remote.walk(forward_mps=0.1)
            session.until("pad")
            bench.wait_writes(100)
        session.until("pad gone")
        session.stop()
    recording = Recording.load(flight(bench.folder / "recordings"))
    assert asked_in_turn(recording, VX) == [0, 0.1, 0] and set(asked(recording, PITCH)) == {0.0}


def test_a_forked_process_is_told_that_the_remote_is_its_parents(bench: Bench) -> None:
    session, address = listen(bench, "--no-record")
    with session:
        with gaitway.Remote(address) as remote:
            child = os.fork()
            if child == 0:
                try:
                    remote.walk(0.1)
                except UsageError as error:
                    remote.close()
                    os._exit(7 if "which made it" in error.message else 1)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            # The parent's goes on as if nothing had been.
            remote.walk(0.1)
        session.until("pad gone")
        session.stop()


def test_one_press_is_one_press_although_three_of_four_datagrams_are_lost(bench: Bench) -> None:
    sounds, tools, played = bench.folder / "sounds", bench.folder / "tools", bench.folder / "played"
    sounds.mkdir()
    tools.mkdir()
    (sounds / "happy.wav").touch()
    (tools / "aplay").write_text(f'#!/bin/sh\necho "$2" >> {played}\n')
    (tools / "aplay").chmod(0o755)
    arguments = ("--pad-listen", "127.0.0.1:0", "--sounds", str(sounds), "--no-record")
    with Session(bench.start(*arguments, prefix=("/usr/bin/env", f"PATH={tools}"))) as session:
        host, port = session.until("listening for a pad")[-1]["address"].split(":")
        with Lossy((host, int(port))) as lossy, gaitway.Remote(lossy.address) as remote:
            session.until("state", to="running")
            for count in range(1, 6):
                remote.press("sound")
                session.until("sound")
                wait_until(lambda count=count: played.exists() and len(played.read_text().split()) == count)
            for state in ("ready", "running"):
                remote.press("pause")
                session.until("state", to=state)
        session.until("pad gone")
        said = session.stop()
    buttons = [event["button"] for event in said if event["event"] == "pad button"]
    assert buttons == ["sound"] * 5 + ["pause"] * 2
    assert len(played.read_text().split()) == 5


class Lossy:
    """A network that carries every fourth datagram, and every second answer."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._line = socket.socket(type=socket.SOCK_DGRAM)
        self._line.bind(("127.0.0.1", 0))
        self._to = to
        self.address = f"127.0.0.1:{self._line.getsockname()[1]}"
        self._thread = threading.Thread(target=self._carry)

    def _carry(self) -> None:
        counts = {True: 0, False: 0}
        near = self._to
        while True:
            datagram, sender = self._line.recvfrom(256)
            if not datagram:
                return
            is_answer = sender == self._to
            near = near if is_answer else sender
            counts[is_answer] += 1
            # Of the answers every second: one comes for every fourth datagram only.
            if counts[is_answer] % (2 if is_answer else 4) == 0:
                self._line.sendto(datagram, near if is_answer else self._to)

    def __enter__(self) -> "Lossy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.sendto(b"", self._line.getsockname())
        self._thread.join()
        self._line.close()


@pytest.mark.parametrize("end", ["exception", "forgotten"])
def test_however_a_program_ends_the_sticks_are_in_the_middle(bench: Bench, end: str) -> None:
    folder = bench.folder / "recordings"
    session, address = listen(bench, "--record", str(folder))
    lines = ["import gaitway", f"remote = gaitway.Remote({address!r})", "remote.walk(forward_mps=0.1)", "input()"]
    if end == "exception":
        lines[1:] = [f"with gaitway.Remote({address!r}) as remote:", *(f"    {line}" for line in (*lines[2:], "1 / 0"))]
    with session:
        program = subprocess.Popen(
            [sys.executable, "-c", "\n".join(lines)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        session.until("pad")
        bench.wait_writes(100)
        _, errors = program.communicate(b"\n", timeout=60)
        assert (b"ZeroDivisionError" in errors) == (end == "exception")
        session.until("pad gone")
        session.stop()
    recording = Recording.load(flight(folder))
    forward = asked(recording, VX)
    last = max(row for row, asks in enumerate(forward) if asks > 0.05)
    # It was asked for nothing by who had control, not left to itself.
    assert forward[last + 1] == 0.0 and recording.columns["tick.cause"][last + 1] == "owner"


def test_what_cannot_be_asked_is_refused_and_leaves_what_was_asked(bench: Bench) -> None:
    session, address = listen(bench, "--record", str(bench.folder / "recordings"))
    with session:
        with gaitway.Remote(address) as remote:
            remote.walk(forward_mps=0.1)
            for ask, words in (
                (lambda: remote.walk(forward_mps=0.151), "forward: expected -0.15 to 0.15 m/s, found 0.151"),
                (lambda: remote.walk(turning_rps=float("nan")), "turning: expected -1 to 1 rad/s, found NaN"),
                (lambda: remote.look(roll_rad=-0.6), "roll: expected -0.5 to 0.5 rad, found -0.6"),
                (lambda: remote.press("head"), "expected one of pause, sound"),
                (lambda: remote.press("nose"), "expected one of pause, sound"),
            ):
                with pytest.raises(UsageError) as refused:
                    ask()
                assert words in refused.value.message and refused.value.hint
            bench.wait_writes(100)
        with pytest.raises(UsageError, match="closed"):
            remote.stand()
        remote.close()
        session.until("pad gone")
        session.stop()
    assert asked_in_turn(Recording.load(flight(bench.folder / "recordings")), VX) == [0, 0.1, 0]


def test_its_emergency_stop_is_heard_while_another_one_drives(bench: Bench) -> None:
    session, address = listen(bench, "--no-record")
    with session, FarPad(address).greet() as driver, gaitway.Remote(address) as remote:
        end = threading.Event()

        def drive() -> None:
            while not end.wait(0.02):
                driver.send((0, 32767, 0, 0, 0, 0))

        thread = threading.Thread(target=drive)
        thread.start()
        try:
            session.until("pad")
            driver_port = driver.line.getsockname()[1]
            assert not remote.is_stopped
            remote.emergency_stop()
            assert remote.is_stopped and bench.driven == 0
            by = session.until("emergency stop")[-1]["by"]
            # The button of a pad that only says it: it has stopped already.
            remote.emergency_stop()
        finally:
            end.set()
            thread.join()
        with pytest.warns(DeprecationWarning, match="emergency_stop"):
            remote.stop()
        said = session.stop()
    assert by.startswith("remote gamepad 127.0.0.1:") and by != f"remote gamepad 127.0.0.1:{driver_port}"
    assert sum(event["event"] == "emergency stop" for event in said) == 1


def test_where_nobody_listens_is_said_at_once_and_when_they_have_gone(bench: Bench) -> None:
    for address in ("duck", "duck.local:", ":9871", "127.0.0.1:70000", "127.0.0.1:pad"):
        with pytest.raises(UsageError, match="expected an address") as refused:
            gaitway.Remote(address)
        assert "HOST:PORT" in refused.value.hint
    session, address = listen(bench, "--no-record")
    with session, gaitway.Remote(address) as remote:
        remote.walk(forward_mps=0.1)
        session.stop()

        def is_refused() -> bool:
            try:
                remote.walk(forward_mps=0.1)
            except DaemonError as error:
                return "--pad-listen" in error.hint
            return False

        wait_until(is_refused)
        # And not only every other time.
        for _ in range(30):
            time.sleep(0.007)
            assert is_refused()
    with pytest.raises(DaemonError, match="nobody listens"):
        gaitway.Remote(address)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_idle_duck_stands_and_looks_around_until_it_is_ended(bench: Bench, end: signal.Signals) -> None:
    folder = bench.folder / "recordings"
    command = ["head", "idle", "--port", bench.link, *bench.imu, "--no-config", "--record", folder]
    words = [sys.executable, "-m", "gaitway.cli", *map(str, command)]
    pipe = subprocess.PIPE
    heads = [bench.duck.joint_names.index(f"head_{axis}") for axis in ("pitch", "yaw", "roll")]
    # Ctrl-C comes to both of its processes, another signal to the one that was started.
    process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    with Session(process) as session:
        assert process.stdout is not None and process.stderr is not None
        session.until("state", to="ready")
        # Beyond both ends of a whole swing.
        for side in (1, -1, 1, -1):
            wait_until(lambda side=side: all(side * bench.position_rad[joint] > 0.45 for joint in heads))
        if end == signal.SIGINT:
            os.killpg(process.pid, end)
        else:
            process.send_signal(end)
        # To the end: nobody holds its pipes any more.
        said, errors = process.stdout.read(), process.stderr.read()
        assert process.wait() == (-9 if end == signal.SIGKILL else 0), errors
    bench.wait_for(0)
    assert "head_pitch ±30.0°, head_yaw ±30.0°, head_roll ±28.6°" in errors and "rror" not in errors
    assert "running" not in states(session.said)
    if end == signal.SIGKILL:
        return
    assert states([json.loads(line) for line in said.splitlines()])[-1] == "limp"
    recording = Recording.load(flight(folder))
    stood = [row for row, state in enumerate(recording.columns["tick.state"]) if state == "ready"]
    goals = [[recording.column(f"tick.goal_rad[{joint}]")[row] for row in stood] for joint in range(14)]
    for joint, far in zip(heads, (math.radians(30), math.radians(30), 0.5), strict=True):
        assert max(goals[joint]) == pytest.approx(far, abs=0.01) and min(goals[joint]) == pytest.approx(-far, abs=0.01)
    # Every five seconds, and half of that from one side to the other.
    woken_ns = recording.column("tick.woken_ns")
    sides = [stood[goals[heads[1]].index(most(goals[heads[1]]))] for most in (max, min)]
    assert (woken_ns[sides[1]] - woken_ns[sides[0]]) * 1e-9 % 5 == pytest.approx(2.5, abs=1)
    others = [joint for joint in range(14) if joint not in heads]
    assert all(goals[joint] == pytest.approx([bench.duck.default_pose_rad[joint]] * len(stood)) for joint in others)


def test_what_ends_gaitwayd_is_what_ends_an_idle_duck(bench: Bench, tmp_path: Path) -> None:
    for arguments, code, words in (
        (["--port", tmp_path / "none"], 1, "none"),
        (["--port", bench.link, "--hop"], 2, "--hop"),
        (["--port", bench.link, *bench.imu, "--no-config", "--no-record", "--seconds", 1], 0, ""),
    ):
        done = run_gaitway("head", "idle", *arguments)
        assert done.returncode == code and words in done.stderr, done
        assert "looking around" in done.stderr
