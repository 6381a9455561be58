"""What is left of a run to look at: recordings found, listed, drawn and run again, and files that are none."""

import importlib.util
import json
import os
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import pytest
from program import parse, run_gaitway

from gaitway import Controller, Policy, Robot, _native, recording
from gaitway.cli.record import plot
from gaitway.colours import ASKED, DID
from gaitway.errors import RecordingError
from gaitway.files import describe

ROOT = Path(__file__).resolve().parents[2]
WALK = ROOT / "tests/recordings/v1-walk.mcap"
SIMULATED = ROOT / "tests/recordings/v1-simulated.mcap"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where recordings go, with two of them, the walk the newest."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = Path(_native.recordings_folder())
    folder.mkdir(parents=True)
    for age, source in enumerate((SIMULATED, WALK)):
        path = folder / source.name
        path.write_bytes(source.read_bytes())
        os.utime(path, (1e9 + age, 1e9 + age))
    return folder


def without_ticks(path: Path) -> Path:
    """A recording whose run ended before its first tick."""
    data = WALK.read_bytes()
    # Every chunk with ticks is behind the attachments; the first is empty.
    for end in range(len(data), 0, -4096):
        if recording._native.summarise(data[:end])["ticks"] == 0:
            path.write_bytes(data[:end])
            return path
    raise AssertionError("no part without ticks")


def test_recordings_are_listed_the_newest_first(folder: Path) -> None:
    (folder / "odd.mcap").write_bytes(PNG)
    os.utime(folder / "odd.mcap", (1e9 + 9, 1e9 + 9))
    odd, walk, simulated = parse(run_gaitway("record", "list", "--json"))["recordings"]
    assert (odd["ticks"], odd["problem"]) == (0, "expected a recording, found a picture")
    assert (walk["robot"], walk["policy"], walk["ticks"]) == ("open_duck_mini_v2", "gaitway_walk", 331)
    assert walk["seconds"] == pytest.approx(6.6, abs=0.1)
    assert (simulated["faults"], simulated["problem"]) == ([], None)
    shown = run_gaitway("record", "list").stdout
    assert all(word in shown for word in ("6.6 s", "gaitway_walk", "v1-walk.mcap", "3 recordings in", "1.0 MB"))


def test_faults_and_ends_are_in_the_list(tmp_path: Path) -> None:
    fallen = tmp_path / "cut.mcap"
    fallen.write_bytes(WALK.read_bytes()[:-200_000])
    listed = recording.glance(fallen)
    assert listed.ticks > 0
    assert listed.problem is not None


def test_without_a_name_the_newest_is_meant(folder: Path, tmp_path: Path) -> None:
    replayed = run_gaitway("replay")
    assert (replayed.returncode, "newest recording" in replayed.stderr) == (0, True)
    assert f"{folder / WALK.name}: 331 ticks the same" in replayed.stdout.replace("\n", "")
    picture = tmp_path / "newest.png"
    assert run_gaitway("plot", "-o", picture).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    for path in folder.iterdir():
        path.unlink()
    for command in (["replay"], ["plot", "-o", picture]):
        done = run_gaitway(*command)
        assert (done.returncode, "no recording" in done.stderr) == (1, True), command


def test_a_replay_of_nothing_is_no_success(tmp_path: Path) -> None:
    path = without_ticks(tmp_path / "short.mcap")
    done = run_gaitway("replay", path)
    assert done.returncode == 1
    assert "it holds no tick: nothing was run again" in done.stdout
    assert run_gaitway("replay", path, "--json").returncode == 1
    # Beside one that is the same to the bit, too.
    assert run_gaitway("replay", WALK, path).returncode == 1
    assert run_gaitway("replay", WALK).returncode == 0


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty file"),
        (LFS, "a Git-LFS pointer"),
        (b"\n<!DOCTYPE html>\n<html>", "a web page"),
        (b"<HTML><body>", "a web page"),
        (PNG, "a picture"),
        (b"PK\x03\x04" + bytes(9), "a zip archive"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b'\xef\xbb\xbf{"joints_offsets": {}}', "JSON"),
        (b"just words\n", "text"),
        (bytes(range(256)), "data of an unknown kind"),
    ],
)
def test_what_is_something_else_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    assert describe(data).startswith(what)
    path = tmp_path / "file.mcap"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=f"expected a recording, found {what.split('(')[0]}"):
        recording.Recording.load(path)
    with pytest.raises(RecordingError, match="expected a recording"):
        recording.repair(path, tmp_path / "repaired.mcap")


def test_our_own_files_are_named_too() -> None:
    walk = ROOT / "python/gaitway/robots/open_duck_mini_v2/walk.onnx"
    assert describe(walk.read_bytes()) == "an ONNX network"
    assert describe(WALK.read_bytes()) == "an MCAP recording"


def test_commands_name_what_they_were_given(tmp_path: Path) -> None:
    page = tmp_path / "page.mcap"
    page.write_bytes(b"<html>not found</html>")
    for command in (["plot", page, "-o", tmp_path / "p.png"], ["record", "info", page], ["replay", page]):
        done = run_gaitway(*command)
        assert (done.returncode, "a web page" in done.stderr) == (1, True), command
    if importlib.util.find_spec("torch") is not None:
        for command in (["curve", page], ["export", page]):
            done = run_gaitway(*command)
            assert done.returncode == 1
            assert "expected the folder of a run, found a web page" in " ".join(done.stderr.split()), command
    done = run_gaitway("doctor", "--imu-calibration", page, "--port", "/dev/null", "--json")
    assert "calibration" in done.stdout
    assert any("found a web page" in str(finding) for finding in json.loads(done.stdout)["findings"])


@pytest.mark.parametrize("command", [["curve", "."], ["export", "."], ["train", "walk"], ["train", "--resume", "."]])
def test_without_pytorch_the_trainer_says_what_to_install(command: list[str]) -> None:
    main = "import sys; sys.modules['torch'] = None; from gaitway.cli.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", main, *command], capture_output=True, text=True)
    said = " ".join(done.stderr.split())
    assert done.returncode != 0 and "gaitway[train]" in said and "bug" not in said, said


def test_a_picture_has_a_panel_for_each_unit_and_none_that_is_empty() -> None:
    walk = [title for title, _ in plot._panels(recording.Recording.load(WALK))]
    assert walk == ["Forward, m/s", "Tilt", "Age of readings", "Timing", "Temperature", "Supply"]
    simulated = [title for title, _ in plot._panels(recording.Recording.load(SIMULATED))]
    assert not {"Temperature", "Supply", "Timing"} & set(simulated), "a simulated controller has no servos"
    assert "Forward, m/s" in simulated


def test_goal_and_joint_have_the_same_colours_in_both_pictures(tmp_path: Path) -> None:
    from matplotlib import pyplot

    from gaitway.script import Script, Segment
    from gaitway.sim import RobotSim, picture
    from gaitway.sim.trace import Trace

    figure, axis = pyplot.subplots()
    plot._draw_joint(recording.Recording.load(WALK), axis, 0, "left_hip_yaw")
    drawn = {str(line.get_label()): line.get_color() for line in axis.get_lines()}
    pyplot.close(figure)
    assert drawn == {"goal": ASKED, "joint": DID}
    shown: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:

        def keep(figure: Any) -> None:
            lines = [line for axis in figure.axes for line in axis.get_lines()]
            shown.update({str(line.get_label()): line.get_color() for line in lines})

        patch.setattr(pyplot, "close", keep)
        rows = 50
        robot = Robot.load()
        controller, sim = Controller(Policy.default(robot), robot), RobotSim(robot)
        trace = Trace(robot, sim.model.nq)
        for _ in range(rows):
            sim.step(controller.step(sim.sense(), robot.command(vx=0.1)))
            trace.add(0, controller.record(), sim, sim.trunk())
        script = Script((Segment("forward", 1.0, array("f", [0.1, 0, 0, 0, 0, 0, 0])),))
        picture.draw_run(trace, script, robot, tmp_path / "run.png", title="run")
    pyplot.close("all")
    assert (shown["goal"], shown["joint"]) == (ASKED, DID)
    assert (shown["commanded"], shown["measured, mean of a gait"]) == (ASKED, DID)
