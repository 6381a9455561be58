"""Pickles of the published runtime: read and written with NumPy's own, and nothing in them is ever run."""

import io
import pickle
import pickletools
import random
from pathlib import Path

import pytest
from program import parse, run_gaitway

import gaitway
from gaitway import observations
from gaitway.errors import RecordingError, UsageError

np = pytest.importorskip("numpy")
pytest.importorskip("mujoco")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the shipped policy saw in a walk, as the published runtime would have saved it."""
    folder = tmp_path_factory.mktemp("walked")
    run = run_gaitway("run", "--fast", "--seconds", 4, "--json", "--record", folder)
    path = folder / "robot_saved_obs.pkl"
    assert run_gaitway("record", "convert", parse(run)["recording"], "-o", path).returncode == 0
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4"])
def test_what_numpy_pickles_is_read(tmp_path: Path, protocol: int, dtype: str) -> None:
    table = np.random.default_rng(protocol).normal(size=(7, 101)).astype(np.float32)
    path = tmp_path / "robot_saved_obs.pkl"
    for rows in (list(table.astype(dtype)), [row.tolist() for row in table], [list(row) for row in table]):
        path.write_bytes(pickle.dumps(rows, protocol=protocol))
        assert np.array_equal(np.array(observations.load(path)), table)


def test_what_is_written_the_published_runtime_reads(walked: Path) -> None:
    rows = pickle.loads(walked.read_bytes())
    assert isinstance(rows, list) and len(rows) == 200
    assert all(isinstance(row, np.ndarray) and row.shape == (101,) for row in rows)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("/tmp/gaitway-evil", "w"))


@pytest.mark.parametrize(
    "rows",
    [
        [Evil()],
        [np.array(["a"], dtype=object)],
        [np.zeros((3, 2))],
        [np.zeros(3), np.zeros(4)],
        [np.zeros(3, dtype=np.int16)],
        [[1.0, "two"]],
        [],
        {"a": 1},
        7,
    ],
)
def test_what_is_no_list_of_vectors_is_refused_and_not_run(tmp_path: Path, rows: object) -> None:
    path = tmp_path / "robot_saved_obs.pkl"
    path.write_bytes(pickle.dumps(rows, protocol=4))
    with pytest.raises(RecordingError):
        observations.load(path)
    assert not Path("/tmp/gaitway-evil").exists()


def test_a_broken_pickle_is_refused_wherever_it_breaks(tmp_path: Path) -> None:
    whole = pickle.dumps([np.arange(5, dtype=np.float32), np.arange(5, dtype=np.float32)], protocol=4)
    path = tmp_path / "robot_saved_obs.pkl"
    generator = random.Random(1)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordingError):
            observations.load(path)
    for _ in range(2000):
        data = bytearray(whole)
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        path.write_bytes(data)
        try:
            observations.load(path)
        except RecordingError:
            continue
        # A flipped number is one still; nothing else was asked for.
        names = {argument for op, argument, _ in pickletools.genops(io.BytesIO(whole)) if op.name == "GLOBAL"}
        assert not names


def test_a_walk_is_replayed_by_its_own_policy_and_a_change_is_found(walked: Path, tmp_path: Path) -> None:
    robot = gaitway.Robot.load()
    (found,) = parse(run_gaitway("replay", walked, "--json"))["observations"]
    assert (found["rows"], found["different"], found["largest"]) == (200, [], 0.0)
    done = run_gaitway("replay", walked, "--policy", "stand")
    assert done.returncode == 1 and "the first 0" in done.stdout
    rows = observations.load(walked)
    rows[50][3] += 0.5
    policy = gaitway.Policy.load(robot.default_policy, robot=robot)
    differences = observations.replay(policy, rows)
    assert [row for row, difference in enumerate(differences) if difference > 1e-4] == [50]
    with pytest.raises(UsageError, match="101"):
        observations.replay(policy, [row[:7] for row in rows])
    both = (tmp_path / "obs.npy", tmp_path / "obs.pkl")
    assert run_gaitway("record", "convert", walked, "-o", both[0]).returncode == 0
    assert run_gaitway("record", "convert", both[0], "-o", both[1]).returncode == 0
    assert observations.load(both[1]) == observations.load(walked)
    assert run_gaitway("record", "convert", walked, "-o", tmp_path / "table.csv").returncode == 2
    assert run_gaitway("replay", walked, tmp_path / "run.mcap").returncode == 2
