"""`gaitway run --view` and `--keyboard`: a run that is looked at, and driven by keys."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from program import parse, run_gaitway

from gaitway import Policy, Robot
from gaitway.cli.run.keys import Keys
from gaitway.controller import Controller
from gaitway.sim import RobotSim, Run, Script, Segment, simulate
from gaitway.view import WatchedRun

NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}


def test_a_run_that_is_looked_at_ends_as_it_does_unseen(tmp_path: Path) -> None:
    arguments = ("run", "--fast", "--seconds", 1, "--pushes", "--noise", "--no-record", "--json")
    seen = run_gaitway(*arguments, "--view", "web", cwd=tmp_path)
    assert "view: http://127.0.0.1:" in seen.stderr
    bare = run_gaitway(*arguments, "--view", cwd=tmp_path, **NO_DISPLAY)
    assert "view: http://127.0.0.1:" in bare.stderr, "without a display --view is the page"
    plain = run_gaitway(*arguments, cwd=tmp_path)
    assert "view" not in plain.stderr
    figures = [parse(result) for result in (seen, bare, plain)]
    for name in ("distance_m", "yaw_rad", "falls"):
        assert figures[0][name] == figures[1][name] == figures[2][name]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--keyboard", "--command", "vx=0.1"), "--command"),
        (("--keyboard", "--fast"), "--fast"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    result = run_gaitway("run", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr and "hint" in result.stderr


class Watching:
    """A run of simulate, stopped and cleared in the middle."""

    def __init__(self) -> None:
        robot = Robot.load()
        self.row = robot.command()
        self.sim, self.controller = RobotSim(robot), Controller(Policy.default(robot), robot)
        self.source = WatchedRun(self.sim, self.controller, self.row)

    def run(self, seconds: float, look: Callable[[Run], bool]) -> Run:
        script = Script((Segment("keyboard", seconds, self.row),))
        return simulate(self.sim, self.controller, script, seconds, watch=look)


def test_a_stopped_run_lies_limp_counts_no_fall_and_is_put_on_its_feet_again() -> None:
    watching = Watching()
    states: list[str] = []

    def look(run: Run) -> bool:
        ticks = run.ticks
        if ticks == 50:
            watching.source.stop_button.press()
        if ticks == 150:
            watching.source.stop_button.clear()
        watching.source.look(run, {"vx": 0.1})
        state = watching.source.latest()
        assert state is not None
        states.append(state.state)
        return True

    run = watching.run(6.0, look)
    assert states[20] == "running" and set(states[60:140]) == {"stopped"} and states[-1] == "running"
    assert run.falls == 0
    assert watching.row[0] == pytest.approx(0.1)
    watching.source.end()
    assert watching.source.ended == "the run is over"


def test_what_the_page_commands_is_followed_before_the_keys() -> None:
    watching = Watching()

    def look(run: Run) -> bool:
        watching.source.command({"wz": 0.5})
        watching.source.look(run, {"vx": 0.1})
        return True

    watching.run(0.2, look)
    assert list(watching.row[:3]) == pytest.approx([0.0, 0.0, 0.5])
    state = watching.source.latest()
    assert state is not None and state.owner == "this view"


def test_a_held_key_goes_to_its_end_and_back_and_others_do_what_they_are_for() -> None:
    told: list[str] = []
    keys = Keys({"vx": (-0.1, 0.15), "wz": (-1.0, 1.0)}, {"q": lambda: told.append("q")})
    end_s = time.monotonic() + 60
    while keys.command()["vx"] < 0.119:
        keys._typed("w")
        assert time.monotonic() < end_s
        time.sleep(0.01)
    assert keys.command()["vx"] == pytest.approx(0.12, abs=0.001), "a share of the range"
    while keys.command()["vx"] != 0.0:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    keys.in_window(263)
    while keys.command()["wz"] <= 0:
        assert time.monotonic() < end_s
    keys._typed("q")
    assert told == ["q"]


@pytest.mark.realtime
def test_keys_of_a_terminal_drive_until_q_and_the_report_comes(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gaitway.cli", "run", "--keyboard", "--no-record", "--json"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=os.environ | NO_DISPLAY
    ) as program:
        os.close(theirs)
        assert program.stdout is not None and program.stderr is not None
        said = b""
        while b"q ends" not in said:
            assert select.select([program.stderr], [], [], 60)[0]
            said += os.read(program.stderr.fileno(), 4096)
        # Held for some of its time, however slow it is.
        for _ in range(40):
            os.write(ours, b"w")
            time.sleep(0.05)
        os.write(ours, b"q")
        report = json.loads(program.stdout.read())
        assert program.wait(timeout=60) == 0
    os.close(ours)
    assert report["interrupted"] and report["ticks"] > 10
    assert report["distance_m"][0] > 0.01
