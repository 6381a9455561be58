"""What a simulator, or a program of one's own, records of a controller, and parts and tables of it."""

import csv
import json
import math
import shutil
import subprocess
import sys
from array import array
from itertools import pairwise
from pathlib import Path

import pytest
from mcap.reader import make_reader
from program import parse, run_gaitway

import gaitway
from gaitway import _native
from gaitway.errors import RecordingError, UsageError
from gaitway.recording import Recording, cut
from gaitway.sensors import Sensors

pytest.importorskip("mujoco")


def controller(engine: str = "native") -> gaitway.Controller:
    robot = gaitway.Robot.load()
    return gaitway.Controller(gaitway.Policy.load(robot.default_policy, robot=robot, engine=engine), robot)


@pytest.fixture(scope="module")
def fall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded run in which the duck is pushed over and put back on its feet."""
    folder = tmp_path_factory.mktemp("fall")
    options = ("--fast", "--seconds", 25, "--pushes", "--noise", "--json", "--record", folder)
    for seed in range(10):
        figures = parse(run_gaitway("run", *options, "--seed", seed))
        if figures["falls"] > 0:
            return Path(figures["recording"])
    raise AssertionError("ten ducks were pushed, and none fell")


def test_a_simulated_run_is_recorded_and_runs_again_on_every_path_of_this_cpu(fall: Path) -> None:
    recording = Recording.load(fall)
    assert (recording.ticks, recording.cut) == (1250, None)
    assert [state for _, _, state in recording.spans("tick.state")][:3] == ["running", "fallen", "running"]
    for cpu in _native.build_info()["cpu_paths"]:
        (found,) = parse(run_gaitway("replay", fall, "--verify", "--json", GAITWAY_CPU=cpu))["recordings"]
        assert (found["cpu_path"], found["same"], found["different"]) == (cpu, 1250, 0)
    tilt = recording.column("tick.truth.tilt_rad")
    assert max(tilt) > 1 > tilt[0]


def test_it_is_read_where_memory_is_short(fall: Path) -> None:
    """A board gives a program no room for the largest recording there may be, to read a small one."""
    script = """
import resource, sys
from pathlib import Path
from gaitway.recording import Recording
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
print(Recording.load(Path(sys.argv[1])).ticks)
"""
    assert subprocess.check_output([sys.executable, "-c", script, fall], text=True) == "1250\n"


def test_a_run_is_recorded_unless_that_is_not_wanted(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    run = ("run", "--fast", "--seconds", 1, "--json")
    path = Path(parse(run_gaitway(*run, XDG_STATE_HOME=state))["recording"])
    assert path.parent == tmp_path / "state" / "gaitway" / "recordings"
    assert parse(run_gaitway(*run, "--no-record", XDG_STATE_HOME=state))["recording"] is None
    assert len(list(path.parent.iterdir())) == 1
    # A folder nobody named is no reason not to walk; one that was named is.
    (tmp_path / "file").write_text("in the way")
    done = run_gaitway(*run, XDG_STATE_HOME=str(tmp_path / "file"))
    assert (done.returncode, parse(done)["recording"]) == (0, None)
    assert "not recorded" in done.stderr
    assert run_gaitway(*run, "--record", tmp_path / "file" / "folder").returncode == 1
    assert run_gaitway(*run, "--record", tmp_path, "--no-record").returncode == 2


def test_a_program_of_ones_own_records_and_may_reset_and_restore(tmp_path: Path) -> None:
    made = controller()
    sensors, command = Sensors(made.robot), gaitway.command(vx=0.1)
    with gaitway.Recorder(made, tmp_path) as recorder:
        for tick in range(200):
            sensors.row[0] = 0.1 * math.sin(tick)
            goals = list(recorder.step(sensors, command))
            assert goals == list(made.goals)
            if tick == 50:
                made.reset(array("f", made.robot.default_pose_rad))
            if tick == 90:
                state = made.save()
            if tick == 130:
                made.restore(state)
    found = Recording.load(recorder.path).verify()
    assert (found.same, found.different, found.skipped) == (200, 0, 0)
    with pytest.raises(UsageError):
        recorder.step(sensors, command)


@pytest.mark.parametrize("fate", ["deleted", "moved", "replaced"])
def test_a_file_that_went_while_it_was_written_is_told(tmp_path: Path, fate: str) -> None:
    made = controller()
    sensors, command = Sensors(made.robot), gaitway.command(vx=0.1)
    folder = tmp_path / "recordings"

    def record() -> gaitway.Recorder:
        with gaitway.Recorder(made, folder) as recorder:
            for tick in range(150):
                recorder.step(sensors, command)
                if tick == 60:
                    lose(recorder.path)
        return recorder

    def lose(path: Path) -> None:
        if fate == "deleted":
            shutil.rmtree(folder)
        else:
            path.rename(tmp_path / "elsewhere.mcap")
        if fate == "replaced":
            path.write_bytes(b"another")

    with pytest.raises(RecordingError, match="found it gone") as told:
        record()
    assert str(folder) in told.value.message and told.value.hint
    # What the program breaks off with is not hidden by it.
    with pytest.raises(ZeroDivisionError), gaitway.Recorder(made, folder) as recorder:
        shutil.rmtree(folder)
        for _ in range(150):
            recorder.step(sensors, command)
        assert recorder.failure is not None
        1 / 0  # noqa: B018


def test_what_a_program_adds_to_the_gaits_speed_is_recorded_and_runs_again(tmp_path: Path) -> None:
    made = controller()
    sensors, command = Sensors(made.robot), gaitway.command(vx=0.1)
    asked = [0.0, 0.3, 0.3, -0.05, 9.0, math.nan] * 10
    with gaitway.Recorder(made, tmp_path) as recorder:
        for offset in asked:
            recorder.step(sensors, command, phase_factor_offset=offset)
    recording = Recording.load(recorder.path)
    assert list(recording.column("tick.phase_factor_offset")) == pytest.approx(asked, nan_ok=True)
    steps = recording.column("tick.policy.phase_step")
    advances = [(after - before) % 27 for before, after in pairwise(steps)]
    # Half as fast again at most, and what is no number adds nothing.
    assert advances == pytest.approx(([1.0, 1.3, 1.3, 0.95, 1.5, 1.0] * 10)[:-1])
    assert recording.verify().same == len(asked)


def test_only_sums_that_can_be_repeated_are_recorded(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(UsageError, match="native"):
        gaitway.Recorder(controller("onnxruntime"), tmp_path)
    with pytest.raises(RecordingError):
        gaitway.Recorder(controller(), Path("/dev/null/folder"))


def test_a_part_runs_again_and_others_read_it(fall: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.mcap"
    done = run_gaitway("record", "cut", fall, "-o", part, "--from", 12, "--to", 14)
    assert done.returncode == 0, done.stderr
    whole, found = Recording.load(fall), Recording.load(part)
    ticks = list(found.column("tick.tick"))
    # From the last keyframe before it.
    assert ticks[-1] == 700 and 500 <= ticks[0] <= 600
    assert found.verify().same == found.ticks == ticks[-1] - ticks[0] + 1
    name = "tick.goal_rad[3]"
    assert list(found.column(name)) == list(whole.column(name)[int(ticks[0]) : 701])
    with part.open("rb") as file:
        messages = list(make_reader(file, validate_crcs=True).iter_messages(topics=["/gaitway/tick"]))
    assert len(messages) == found.ticks
    with pytest.raises(RecordingError, match="1250"):
        cut(fall, part, 60, 70)
    assert run_gaitway("record", "cut", fall, "-o", part, "--from", 3, "--to", 2).returncode == 2


def test_both_tables_say_the_same(fall: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for ending in ("csv", "parquet"):
        assert run_gaitway("record", "convert", fall, "-o", tmp_path / f"table.{ending}").returncode == 0
    table = parquet.read_table(tmp_path / "table.parquet")
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.reader(file))
    assert (table.num_rows, table.column_names) == (1250, rows[0])
    for name in ("tick.state", "tick.policy.observation[7]", "tick.truth.velocity_mps[0]"):
        place = rows[0].index(name)
        assert [str(value) for value in table[name].to_pylist()] == [row[place] for row in rows[1:]]


def test_a_simulated_run_is_drawn_and_told(fall: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    assert run_gaitway("plot", fall, "-o", picture).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    about = json.loads(run_gaitway("record", "info", fall, "--json").stdout)
    assert (about["program"], about["dropped"], about["cut"]) == ("python", 0, None)
