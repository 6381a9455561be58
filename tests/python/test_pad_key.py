"""Who may drive a robot from elsewhere: whoever has the key, once, now, and never against somebody at the robot."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench
from daemon_session import Keyboard, Session, asked, flight, listen, states
from far_pad import FarPad
from program import run_gaitway

import gaitway
from gaitway.errors import UsageError
from gaitway.recording import Recording

FORWARD = (0, 32767, 0, 0, 0, 0)
PAUSE, SOUND, MOTORS = 1 << 0, 1 << 2, 1 << 7


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "pad.key"
    done = run_gaitway("pad", "pair", "--key", path)
    assert done.returncode == 0 and f"scp -p {path}" in done.stdout, done
    return path


def secret(key: Path) -> bytes:
    return bytes.fromhex(key.read_text())


def test_strangers_move_nothing_whatever_they_send(bench: Bench, key: Path) -> None:
    folder = bench.folder / "recordings"
    session, address = listen(bench, "--pad-key", str(key), "--record", str(folder))
    taken_down: list[bytes] = []
    with (
        session,
        FarPad(address) as keyless,
        FarPad(address, bytes(32)) as zeros,
        FarPad(address, secret(key)[::-1]) as other,
        FarPad(address, secret(key)).greet() as owner,
    ):
        # The moment in what the owner says is no secret.
        strangers = (keyless, zeros, other)
        end = bench.writes() + 100
        while bench.writes() < end:
            for stranger in strangers:
                stranger.moment = owner.moment
                stranger.send(FORWARD, MOTORS)
            keyless.line.send(b"GWP1" + (1).to_bytes(4, "little") + bytes(13) + b"\x7f\x80\x00")
            time.sleep(0.01)
        assert [stranger.answers for stranger in strangers] == [0, 0, 0]
        end = bench.writes() + 100
        while bench.writes() < end:
            taken_down.append(owner.send(FORWARD))
            time.sleep(0.01)
        session.until("pad gone")
        # What was written down is sent again, from elsewhere and in any order.
        for datagram in [*taken_down, *reversed(taken_down)]:
            keyless.line.send(datagram)
        owner.greet()
        said = session.stop()
    assert [event["event"] for event in said if event["event"].startswith("pad")] == ["pad", "pad gone"]
    assert states(said)[-1] == "limp" and "limp" not in states(said)[:-1][states(said).index("running") :]
    assert max(asked(Recording.load(flight(folder)), 0)) == pytest.approx(0.15)
    # Nor does the next start take it.
    session, address = listen(bench, "--pad-key", str(key), "--no-record")
    with session, FarPad(address, secret(key)) as owner:
        for datagram in taken_down:
            owner.line.send(datagram)
        owner.greet().send()
        said = session.until("pad")
        assert not [event for event in said if event["event"] == "pad gone"]


def test_a_program_drives_with_the_key_and_with_no_other(bench: Bench, key: Path, tmp_path: Path) -> None:
    session, address = listen(bench, "--pad-key", str(key), "--no-record")
    other = tmp_path / "other.key"
    assert run_gaitway("pad", "pair", "--key", other).returncode == 0
    with session:
        for wrong in (None, other):
            with pytest.raises(gaitway.errors.DaemonError, match="no answer") as refused:
                gaitway.Remote(address, key=wrong)
            assert "gaitway pad pair" in refused.value.hint
        with gaitway.Remote(address, key=key) as remote:
            remote.press("pause")
            session.until("state", to="ready")
        said = session.stop()
    assert sum(event["event"] == "pad" for event in said) == 1


def test_an_address_that_others_reach_needs_a_key(bench: Bench, key: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usual = state / "gaitway" / "pad.key"
    environment = os.environ | {"XDG_STATE_HOME": str(state)}

    def refused(*arguments: object) -> str:
        words = [
            BINARY,
            "--on-stand",
            "--no-config",
            "--serial-port",
            bench.link,
            *bench.imu,
            "--no-record",
            *arguments,
        ]
        done = subprocess.run([*map(str, words)], capture_output=True, text=True, env=environment)
        assert done.returncode == 1, done
        assert bench.most_driven == 0
        return done.stderr

    for address in ("0.0.0.0:0", "[::]:0"):
        said = refused("--pad-listen", address)
        assert f"{usual}: expected the key" in said and f"gaitway pad pair --key {usual}" in said, said
    key.chmod(0o644)
    said = refused("--pad-listen", "0.0.0.0:0", "--pad-key", key)
    assert "mode 644" in said and f"chmod 600 {key}" in said
    key.chmod(0o600)
    (tmp_path / "short").write_text("0123")
    (tmp_path / "short").chmod(0o600)
    assert "found 4 digits" in refused("--pad-listen", "127.0.0.1:0", "--pad-key", tmp_path / "short")
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        said = refused("--pad-listen", f"127.0.0.1:{port}")
        assert f"--pad-listen 127.0.0.1:{port}" in said and "ss -tulpn" in said
    assert run_gaitway("pad", "pair", XDG_STATE_HOME=str(state)).returncode == 0
    arguments = ("--pad-listen", "0.0.0.0:0", "--no-record")
    with Session(bench.start(*arguments, prefix=("/usr/bin/env", f"XDG_STATE_HOME={state}"))) as session:
        port = session.until("listening for a pad")[-1]["address"].split(":")[1]
        session.until("state", to="running")
        with FarPad(f"127.0.0.1:{port}", secret(usual)).greet() as pad:
            pad.send()
            session.until("pad")


def test_a_key_is_made_once_and_what_is_none_is_refused_here_too(key: Path, tmp_path: Path) -> None:
    before = key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600 and len(secret(key)) == 32
    done = run_gaitway("pad", "pair", "--key", key)
    assert done.returncode == 2 and "expected no file yet" in done.stderr and key.read_text() == before
    for content, words in (("", "found nothing"), ("0" * 64, "nothing but zeros"), ("\x1b[2J" * 16, "something else")):
        wrong = tmp_path / "wrong.key"
        wrong.write_text(content)
        wrong.chmod(0o600)
        with pytest.raises(UsageError, match=words):
            gaitway.Remote("127.0.0.1:9", key=wrong)
    for wrong in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="pad key"):
            gaitway.Remote("127.0.0.1:9", key=wrong)
    try:
        with pytest.raises(UsageError, match="pad key") as refused:
            gaitway.Remote("192.0.2.1:9")
    except UsageError as error:
        pytest.skip(f"no network: {error}")
    assert "gaitway pad pair" in refused.value.hint


def test_what_was_set_limp_at_the_robot_is_not_undone_from_afar(bench: Bench) -> None:
    arguments = ("--pad-listen", "127.0.0.1:0", "--no-record")
    with Keyboard(bench, *arguments) as session:
        address = session.until("listening for a pad")[-1]["address"]
        session.until("state", to="running")
        with gaitway.Remote(address) as remote:
            # From afar it goes limp and gets up.
            for state in ("limp", "ready"):
                remote.press("motors")
                session.until("state", to=state)
            # The same for somebody at the robot, and from then on for nobody else.
            session.press(b"l")
            session.until("state", to="limp")
            bench.wait_for(0)
            refused = press_until_refused(session, remote)
            assert "somebody at the robot" in refused["why"] and "terminal" in refused["hint"]
            remote.press("pause")
            session.press(b" ")
            session.until("key", key="space")
            remote.press("motors")
            session.press(b"c")
            session.until("key", key="c")
            press_until_refused(session, remote)
            assert bench.driven == 0
            session.press(b"s")
            session.until("state", to="ready")
            remote.press("motors")
            said = session.until("state", to="limp")
        assert "running" not in states(said)
        session.press(b"q")
        session.ended()


def press_until_refused(session: Session, remote: gaitway.Remote) -> dict[str, str]:
    remote.press("motors")
    refused: dict[str, str] = session.until("pad button refused", button="motors")[-1]
    return refused


def test_a_flood_of_presses_is_counted_and_evicts_no_recording(bench: Bench) -> None:
    sounds, tools, folder = bench.folder / "sounds", bench.folder / "tools", bench.folder / "recordings"
    for made in (sounds, tools, folder):
        made.mkdir()
    # What a terminal would obey, and no text either.
    (Path(os.fsdecode(os.fsencode(sounds) + b"/\x1b[2J\xff.wav"))).touch()
    (tools / "aplay").write_text("#!/bin/sh\nexec sleep 1\n")
    (tools / "aplay").chmod(0o755)
    others = [folder / f"2025-01-01T00-00-{number:02}Z.mcap" for number in range(14)]
    for other in others:
        other.touch()
        os.truncate(other, 64 << 20)
    arguments = ("--pad-listen", "127.0.0.1:0", "--sounds", str(sounds), "--record", str(folder), "--stand")
    with Session(bench.start(*arguments, prefix=("/usr/bin/env", f"PATH={tools}:/usr/bin:/bin"))) as session:
        address = session.until("listening for a pad")[-1]["address"]
        session.until("state", to="ready")
        with FarPad(address).greet() as pad:
            end, pressed = bench.writes() + 300, 0
            while bench.writes() < end:
                for _ in range(200):
                    pad.send(buttons=SOUND if pressed % 2 else 0)
                    pressed += 1
            # Signals wait for no press, and a stop is none that could be left out.
            pad.greet().send()
            pad.send(buttons=MOTORS)
            bench.wait_for(0)
        session.until("pad gone")
        said = session.stop()
    buttons = [event for event in said if event["event"] == "pad button"]
    played = [event["file"] for event in said if event["event"] == "sound"]
    left_out = sum(event["count"] for event in said if event["event"] == "pad buttons left out")
    seconds = said[-1]["t"]
    assert pressed > 2000 and left_out > pressed / 10, (pressed, left_out)
    assert len(buttons) <= 41 + 20 * seconds and len(played) <= 21 + 5 * seconds
    assert "\\x1b[2J" in played[0] and all(character.isprintable() for character in played[0])
    assert all(other.exists() for other in others)
    assert flightless(folder, others).stat().st_size < 64 << 20


def flightless(folder: Path, others: list[Path]) -> Path:
    """The one recording beside the others."""
    (path,) = [path for path in folder.glob("*Z.mcap") if path not in others]
    return path


def test_names_that_are_no_text_and_what_a_terminal_obeys(bench: Bench) -> None:
    folder = os.fsdecode(os.fsencode(bench.folder) + b"/rec\xff\x1b[31m")
    with Session(bench.start("--record", folder)) as session:
        session.until("state", to="running")
        said = session.stop()
    named = [event["file"] for event in said if event["event"] == "recording"]
    assert len(named) == 1 and "rec\ufffd\\x1b[31m" in named[0]
    assert list(Path(folder).glob("*.mcap"))
    for arguments in (("--pad-layout", "\x1b[2J\x9b31m"), ("--onnx-model-path", "\x1b[2J"), ("--\x1b[2J",)):
        done = subprocess.run([BINARY, *arguments], capture_output=True)
        assert done.returncode in (1, 2) and b"[2J" in done.stderr and b"\x1b" not in done.stderr, done
        assert b"\xc2\x9b" not in done.stderr


def test_no_folder_of_ones_own_is_not_the_working_folder(bench: Bench, tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    key = home / ".local" / "state" / "gaitway" / "pad.key"
    for state in ("", "state"):
        done = run_gaitway("pad", "pair", XDG_STATE_HOME=state, HOME=str(home), cwd=work)
        assert done.returncode == 0 and str(key) in done.stdout, done
        key.unlink()
    process = bench.start(prefix=("/usr/bin/env", "-C", str(work), "XDG_STATE_HOME=", f"HOME={home}"))
    with Session(process) as session:
        file = session.until("recording")[-1]["file"]
        session.until("state", to="running")
        session.stop()
    assert Path(file).parent == home / ".local" / "state" / "gaitway" / "recordings"
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("stop", [" ", signal.SIGINT, signal.SIGTERM])
def test_a_stop_waits_for_no_press_of_a_pad(bench: Bench, stop: "str | signal.Signals") -> None:
    """Thousands of presses a second that each want a sound, and a hand at the terminal: counted in ticks."""
    sounds = bench.folder / "sounds"
    sounds.mkdir()
    (sounds / "quack.wav").touch()
    arguments = ("--pad-listen", "127.0.0.1:0", "--sounds", str(sounds), "--stand", "--no-record")
    with Keyboard(bench, *arguments) as keyboard:
        address = keyboard.until("listening for a pad")[-1]["address"]
        keyboard.until("state", to="ready")
        with FarPad(address).greet() as pad:
            presses, end = 0, bench.writes() + 100
            while bench.writes() < end:
                for _ in range(100):
                    presses += 1
                    pad.send(buttons=SOUND if presses % 2 else 0)
            before = bench.writes()
            if isinstance(stop, str):
                keyboard.press(stop.encode())
                bench.wait_for(0)
                # A tick is two writes; the torque is cut in the next one.
                assert bench.writes() - before <= 10
            else:
                keyboard.process.send_signal(stop)
                keyboard.until("stopping")
        if isinstance(stop, str):
            keyboard.stop()
        else:
            keyboard.ended()
    assert presses > 1000 and bench.driven == 0
