"""A pad the kernel takes for plugged in: found, followed, lost and found again."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from daemon_bench import Bench
from daemon_session import Session, asked, flight
from hands import FORWARD, HAT_Y, LEFT_X, LEFT_Y, MIDDLE, A
from kernel_board import KernelHands, OtherInput
from program import wait_until

from gaitway import Policy, Robot, _native
from gaitway.errors import GaitwayError
from gaitway.recording import Recording


@pytest.fixture
def contract() -> Iterator[_native.Contract]:
    yield Policy.load(Robot.load().default_policy).contract


def test_a_pad_is_found_when_it_comes_and_found_again(bench: Bench) -> None:
    folder, keyboard, hands = bench.folder / "recordings", OtherInput("some keyboard"), KernelHands()
    keyboard.hold()
    with Session(bench.start("--commands", "--record", str(folder))) as session:
        session.until("state", to="running")
        for _ in range(2):
            hands.hold()
            (found,) = [event for event in session.until("pad") if event["event"] == "pad"]
            assert (found["name"], found["layout"]) == ("Xbox Wireless Controller", "xbox_bluetooth")
            hands.move(LEFT_Y, FORWARD)
            bench.wait_writes(100)
            hands.let_go()
            session.until("pad gone")
            bench.wait_writes(100)
        session.stop()
    keyboard.let_go()
    forward = list(Recording.load(flight(folder)).column("tick.command[0]"))
    full = [value == pytest.approx(0.15) for value in forward]
    assert forward[-1] == 0.0
    assert sum(now and not before for before, now in pairwise(full)) == 2


def test_how_a_pad_stands_is_known_without_an_event(bench: Bench) -> None:
    """Held down before the program came: the kernel is asked. A stick that is out counts, a press was before."""
    hands = KernelHands()
    hands.hold()
    hands.move(LEFT_Y, FORWARD + 1000)
    hands.press(A)
    with Session(bench.start("--commands", "--record", str(bench.folder / "recordings"))) as session:
        session.until("state", to="running")
        bench.wait_writes(100)
        hands.release(A)
        hands.press(A)
        session.until("state", to="ready")
        said = session.stop()
    hands.let_go()
    assert sum(event["event"] == "pad button" for event in said) == 1
    assert max(asked(Recording.load(flight(bench.folder / "recordings")), 0)) == pytest.approx(0.145, abs=0.003)


def test_the_tool_sees_axes_with_their_ends_and_every_event(contract: _native.Contract) -> None:
    hands = KernelHands()
    with pytest.raises(GaitwayError) as none:
        _native.Pad(contract)
    assert "bluetoothctl" in (none.value.hint or "")
    hands.hold()
    pad = _native.Pad(contract)
    assert (pad.name, pad.layout) == ("Xbox Wireless Controller", "xbox_bluetooth")
    assert {code: (low, high) for code, _, low, high in pad.axes()} == {
        **dict.fromkeys((0, 1, 2, 5), (0, 65535)),
        **dict.fromkeys((9, 10), (0, 1023)),
        HAT_Y: (-1, 1),
    }
    hands.tap(A)
    state = pad.wait(1)
    assert state is not None and state["pressed"] == ["pause"]
    # More than the kernel keeps: it says so, and the pad is asked how it stands.
    for turn in range(400):
        hands.move(LEFT_Y, FORWARD if turn % 2 else MIDDLE)
        hands.move(LEFT_X, 2000 if turn % 2 else 60000)
    hands.move(LEFT_Y, FORWARD)
    kinds: list[str] = []

    def has_all() -> bool:
        state = pad.wait(0.1)
        assert state is not None
        kinds.extend(kind for kind, *_ in state["events"])
        return "dropped" in kinds and state["left"][1] == pytest.approx(1.0)

    wait_until(has_all)
    hands.let_go()
    wait_until(lambda: pad.wait(0.1) is None)


def test_the_doctor_finds_it_and_says_who_may_not_read_it() -> None:
    hands = KernelHands()
    looks = "from gaitway import Robot; from gaitway.bringup.doctor import body; print(*body.look_at_pad(Robot.load()))"

    def look(user: int) -> str:
        return subprocess.check_output([sys.executable, "-c", looks], user=user, text=True)

    assert "found none" in look(0)
    hands.hold()
    assert "Xbox Wireless Controller, /dev/input/event" in look(0)
    # Root's files are in memory here.
    Path("/root").chmod(0o755)
    assert "may not be read by this user" in (said := look(65534)) and "usermod -aG input" in said
    hands.let_go()
