"""What the duck's body shows: eyes, projector and antennas, on a pipe that is told what a GPIO chip would do."""

import json
import statistics
import subprocess
from collections.abc import Callable
from itertools import pairwise

from board import LEFT_ANTENNA, LEFT_EYE, PROJECTOR, RIGHT_ANTENNA, RIGHT_EYE, Board
from daemon_bench import Bench
from far_pad import FarPad
from hands import LEFT_TRIGGER, PULLED, RIGHT_TRIGGER, Hands, X, events_of


def end(process: "subprocess.Popen[str]", board: Board) -> str:
    """Asks the program to end, and takes what the board is told till then."""
    process.terminate()
    board.wait_until(lambda: process.poll() is not None)
    board.take()
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return said


def test_antennas_follow_the_triggers_the_projector_its_button_and_eyes_blink(bench: Bench) -> None:
    hands, board = Hands(bench.folder / "pad"), Board(bench.folder / "chip")
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth")
    process = bench.start(*pad, "--expression", str(board.path), "--no-record")
    board.wait_for_antennas(1.5, 1.5)
    hands.hold()
    # The right trigger moves the left antenna, and the right antenna is mounted the other way round.
    hands.move(RIGHT_TRIGGER, PULLED)
    board.wait_for_antennas(2.0, 1.5)
    hands.move(LEFT_TRIGGER, PULLED)
    board.wait_for_antennas(2.0, 1.0)
    hands.move(RIGHT_TRIGGER, PULLED // 2)
    board.wait_for_antennas(1.75, 1.0)
    # Held down for as long as the antennas take to move, a button is pressed once.
    hands.press(X)
    board.wait_until(lambda: board.high[PROJECTOR])
    hands.move(LEFT_TRIGGER, 0)
    board.wait_for_antennas(1.75, 1.5)
    hands.release(X)
    hands.tap(X)
    board.wait_until(lambda: not board.high[PROJECTOR])
    hands.tap(X)
    board.wait_until(lambda: board.high[PROJECTOR])
    assert len(board.rises[PROJECTOR]) == 2
    board.wait_until(lambda: len(board.rises[LEFT_EYE]) > 2)
    # A pad that is gone asks for nothing.
    hands.let_go()
    board.wait_for_antennas(1.5, 1.5)
    assert board.high[PROJECTOR]
    hands.hold()
    hands.move(RIGHT_TRIGGER, PULLED)
    board.wait_for_antennas(2.0, 1.5)
    pulses = len(board.rises[LEFT_ANTENNA])
    said = end(process, board)
    hands.let_go()
    board.close()
    assert not any(board.high.values()), "everything is off"
    assert len(board.rises[LEFT_ANTENNA]) > pulses + 5
    assert statistics.median(board.widths[LEFT_ANTENNA][-5:]) < 1.9, "the last pulses are neutral"
    assert len(board.rises[PROJECTOR]) == 2
    # Both eyes at once, open for a second and more.
    assert board.rises[LEFT_EYE] == board.rises[RIGHT_EYE] and board.widths[LEFT_EYE] == board.widths[RIGHT_EYE]
    assert all(width > 990 for width in board.widths[LEFT_EYE][:-1])
    rises = board.rises[LEFT_ANTENNA]
    assert min(after - before for before, after in pairwise(rises)) > 0.01
    (shown,) = (event for event in events_of(said) if event["event"] == "expression")
    assert shown["outputs"] == ["left_eye", "right_eye", "projector", "left_antenna", "right_antenna"]
    figures = bench.stats()["expression"]
    assert figures["failures"] == 0 and figures["pulse_ends"] >= pulses


def test_a_pad_elsewhere_moves_them_too(bench: Bench) -> None:
    board = Board(bench.folder / "chip")
    process = bench.start("--pad-listen", "127.0.0.1:0", "--expression", str(board.path), "--no-record")
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["event"] == "listening for a pad":
            address = json.loads(line)["address"]
            break
    projector_bit = 1 << 3
    with FarPad(address).greet() as pad:

        def is_shown_with(buttons: int, is_so: Callable[[], bool]) -> bool:
            pad.send((0, 0, 0, 0, 0, 32767), buttons)
            return is_so()

        def is_wide() -> bool:
            return len(board.widths[LEFT_ANTENNA]) > 5 and statistics.median(board.widths[LEFT_ANTENNA][-5:]) > 1.9

        board.wait_until(lambda: is_shown_with(projector_bit, lambda: board.high[PROJECTOR] and is_wide()))
        board.wait_until(lambda: is_shown_with(0, lambda: len(board.rises[LEFT_EYE]) > 1))
        assert len(board.rises[PROJECTOR]) == 1 and board.high[PROJECTOR]
        board.wait_until(lambda: is_shown_with(projector_bit, lambda: not board.high[PROJECTOR]))
    # Its triggers are let go with it.
    board.wait_for_antennas(1.5, 1.5)
    end(process, board)
    board.close()
    assert not any(board.high.values())


def test_a_configuration_says_what_is_fitted(bench: Bench) -> None:
    board, config = Board(bench.folder / "chip"), bench.folder / "duck_config.json"
    config.write_text('{"expression_features": {"eyes": true, "speaker": true}}')
    process = bench.start("--expression", str(board.path), "--duck-config-path", str(config), "--no-record")
    board.wait_until(lambda: len(board.rises[LEFT_EYE]) > 1)
    end(process, board)
    board.close()
    assert {line for line, rises in board.rises.items() if rises} == {LEFT_EYE, RIGHT_EYE}


def test_a_pwm_of_the_board_takes_the_antennas_off_the_lines(bench: Bench) -> None:
    board, chip = Board(bench.folder / "chip"), bench.folder / "pwmchip0"
    for channel in ("pwm0", "pwm1"):
        (chip / channel).mkdir(parents=True)
        for name in ("period", "duty_cycle", "enable"):
            (chip / channel / name).touch()
    hands = Hands(bench.folder / "pad")
    pad = ("--pad", str(hands.path), "--pad-layout", "xbox_bluetooth")
    process = bench.start(*pad, "--expression", str(board.path), "--antenna-pwm", str(chip), "--no-record")

    def shows(left_ns: str, right_ns: str) -> bool:
        # Channel 1 is pin 13, the left antenna.
        return [(chip / channel / "duty_cycle").read_text() for channel in ("pwm1", "pwm0")] == [left_ns, right_ns]

    board.wait_until(lambda: shows("1500000", "1500000"))
    hands.hold()
    hands.move(RIGHT_TRIGGER, PULLED)
    hands.move(LEFT_TRIGGER, PULLED)
    board.wait_until(lambda: shows("2000000", "1000000"))
    assert [(chip / channel / "enable").read_text() for channel in ("pwm0", "pwm1")] == ["1", "1"]
    end(process, board)
    hands.let_go()
    board.close()
    assert shows("1500000", "1500000")
    assert [(chip / channel / "enable").read_text() for channel in ("pwm0", "pwm1")] == ["0", "0"]
    assert not board.rises[LEFT_ANTENNA] and not board.rises[RIGHT_ANTENNA]


def test_a_duck_without_the_chip_walks_all_the_same(bench: Bench) -> None:
    process = bench.start("--seconds", "4", "--expression", str(bench.folder / "none"), "--no-record")
    bench.wait_for(14)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    (warning,) = (event for event in events_of(said) if event["event"] == "no expression")
    assert "none" in warning["why"] and "gpiochip" in warning["hint"]
    assert bench.stats()["expression"] is None
