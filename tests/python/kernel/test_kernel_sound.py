"""Sounds through the real player, without a card and with one the kernel makes up."""

import subprocess
import wave
from pathlib import Path

from daemon_bench import Bench
from daemon_session import Session
from hands import B
from kernel_board import KernelHands
from program import wait_until

from gaitway import Robot
from gaitway.bringup.doctor import body

CARD = Path("/proc/asound/card0")


def is_playing() -> bool:
    return "state: RUNNING" in (CARD / "pcm0p" / "sub0" / "status").read_text()


def test_sounds_are_played_ended_and_missed_without_a_card(bench: Bench) -> None:
    sounds, hands = bench.folder / "sounds", KernelHands()
    sounds.mkdir()
    with wave.open(str(sounds / "long.wav"), "wb") as sound:
        sound.setparams((1, 2, 48000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 48000 * 20))

    def verdict() -> str:
        (finding,) = body.look_at_sound(Robot.load(), Path("/"), sounds)
        return finding.verdict

    assert not CARD.exists() and verdict() == "warn"
    with Session(bench.start("--commands", "--sounds", str(sounds), "--no-record")) as session:
        session.until("state", to="running")
        hands.hold()
        session.until("pad")
        hands.tap(B)
        (warning,) = [event for event in session.until("no sound") if event["event"] == "no sound"]
        assert "aplay -l" in warning["hint"]
        # It is looked for again at every press.
        subprocess.run(["modprobe", "snd-dummy"], check=True)
        wait_until(CARD.exists)
        hands.tap(B)
        wait_until(is_playing)
        hands.tap(B)
        session.until("sound")
        wait_until(is_playing)
        assert verdict() == "pass"
        # Whoever ends does not play on.
        session.stop()
    assert not is_playing()
    hands.let_go()
