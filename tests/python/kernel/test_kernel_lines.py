"""Feet, eyes, projector and antennas on the kernel's own GPIO and PWM drivers."""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from board import LEFT_ANTENNA, LEFT_EYE, PROJECTOR, RIGHT_ANTENNA, RIGHT_EYE
from daemon_bench import Bench
from daemon_session import Session, flight
from hands import LEFT_TRIGGER, PULLED, RIGHT_TRIGGER, X
from kernel_board import CHIP, KernelBoard, KernelHands, Wires
from program import wait_until

from gaitway import Robot, _native
from gaitway.errors import GaitwayError
from gaitway.recording import Recording

LEFT_FOOT, RIGHT_FOOT = 22, 27
#: Channel 1 is pin 13, the left antenna.
LEFT_CHANNEL, RIGHT_CHANNEL = 1, 0
PWM = Path("/sys/class/pwm/pwmchip0")


def stand_on(board: KernelBoard, *, left: bool, right: bool) -> None:
    """A switch that is pressed ties its line to ground."""
    board.drive(LEFT_FOOT, not left)
    board.drive(RIGHT_FOOT, not right)


def test_feet_are_pulled_up_known_from_the_start_and_heard(board: KernelBoard) -> None:
    robot = Robot.load().native
    # Nobody named the chip: the header's is found by its name. Taken and let go: the board knows its inputs.
    _native.Contacts(robot)
    board.take()
    assert sorted(board.pulled_up) == [LEFT_FOOT, RIGHT_FOOT]
    stand_on(board, left=True, right=False)
    feet = _native.Contacts(robot, CHIP)
    wait_until(lambda: feet.contact() == [True, False])
    assert feet.edges() == [0, 0], "it stood so when nobody looked"
    for left, right in ((True, True), (False, True), (False, False)):
        stand_on(board, left=left, right=right)
        wait_until(lambda wanted=[left, right]: feet.contact() == wanted)
    assert feet.edges() == [1, 2]
    # The kernel gives a line to one program at a time.
    try:
        _native.Contacts(robot, CHIP)
    except GaitwayError as refused:
        assert "22, 27" in str(refused) and "gpioinfo" in (refused.hint or "")
    else:
        raise AssertionError("two programs have one line")


def test_feet_go_along_while_the_duck_walks(wires: tuple[Bench, Wires], board: KernelBoard) -> None:
    bench, _ = wires
    folder = bench.folder / "recordings"
    with Session(bench.start("--feet", str(CHIP), "--command", "vx=0.1", "--record", str(folder))) as session:
        session.until("state", to="running")
        for left, right in ((False, False), (True, False), (True, True), (False, True), (False, False)):
            stand_on(board, left=left, right=right)
            bench.wait_writes(50)
        session.stop()
    recording = Recording.load(flight(folder))
    contact = [recording.column(f"tick.imu.foot_contact[{foot}]") for foot in (0, 1)]
    seen = [step for step in zip(*contact, strict=True) if not any(math.isnan(foot) for foot in step)]
    steps = [after for before, after in pairwise(seen) if after != before]
    assert steps[-4:] == [(1, 0), (1, 1), (0, 1), (0, 0)]


def test_eyes_blink_the_projector_follows_its_button_and_antennas_the_triggers(
    bench: Bench, board: KernelBoard
) -> None:
    hands = KernelHands()
    with Session(bench.start("--commands", "--expression", str(CHIP), "--no-record")) as session:
        board.wait_for_antennas(1.5, 1.5)
        hands.hold()
        hands.move(RIGHT_TRIGGER, PULLED)
        board.wait_for_antennas(2.0, 1.5)
        hands.move(LEFT_TRIGGER, PULLED)
        board.wait_for_antennas(2.0, 1.0)
        hands.tap(X)
        board.wait_until(lambda: board.high[PROJECTOR])
        board.wait_until(lambda: len(board.rises[LEFT_EYE]) > 1)
        hands.let_go()
        board.wait_for_antennas(1.5, 1.5)
        session.stop()
    board.take()
    assert not any(board.high.values()), "everything is off"
    assert len(board.rises[PROJECTOR]) == 1
    # Both eyes are set by one request, one line behind the other.
    left, right = board.rises[LEFT_EYE], board.rises[RIGHT_EYE]
    assert len(left) == len(right) and all(abs(a - b) < 1e-3 for a, b in zip(left, right, strict=True))
    assert bench.stats()["expression"]["failures"] == 0


def is_shown(board: KernelBoard, left_ns: int, right_ns: int) -> Callable[[], bool]:
    def is_so() -> bool:
        board.take()
        return board.pulse_ns == {LEFT_CHANNEL: left_ns, RIGHT_CHANNEL: right_ns}

    return is_so


def test_antennas_on_the_boards_own_pwm(bench: Bench, board: KernelBoard) -> None:
    hands = KernelHands()
    assert not (PWM / "pwm0").exists()
    arguments = ("--commands", "--expression", str(CHIP), "--antenna-pwm", str(PWM), "--no-record")
    with Session(bench.start(*arguments)) as session:
        session.until("expression")
        wait_until(is_shown(board, 1_500_000, 1_500_000))
        assert (PWM / "pwm1" / "period").read_text() == "20000000\n"
        hands.hold()
        hands.move(RIGHT_TRIGGER, PULLED)
        hands.move(LEFT_TRIGGER, PULLED)
        wait_until(is_shown(board, 2_000_000, 1_000_000))
        session.stop()
    hands.let_go()
    assert is_shown(board, 0, 0)(), "off"
    assert not (PWM / "pwm0").exists() and not (PWM / "pwm1").exists(), "given back"
    assert not board.rises[LEFT_ANTENNA] and not board.rises[RIGHT_ANTENNA]


def test_killed_it_leaves_its_channels_to_the_next(bench: Bench, board: KernelBoard) -> None:
    arguments = ("--expression", str(CHIP), "--antenna-pwm", str(PWM), "--no-record")
    with Session(bench.start(*arguments)):
        wait_until(is_shown(board, 1_500_000, 1_500_000))
    assert (PWM / "pwm0").exists(), "nobody was left to give it back"
    with Session(bench.start(*arguments)) as session:
        session.until("state", to="running")
        assert is_shown(board, 1_500_000, 1_500_000)()
        session.stop()
    assert is_shown(board, 0, 0)()
    for channel in (0, 1):
        (PWM / "unexport").write_text(str(channel))
