"""What several tests share."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import BINARY, Bench

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"


#: What runs programs in real time.
_REAL_TIME = {"bench", "binary", "chip", "desk"}
#: Of each file that needs it, what all of its tests are.
_WHOLE_FILES = {
    "test_train.py": ("train",),
    "test_checkpoint.py": ("train",),
    "test_kernel.py": ("long",),
    "test_twin.py": ("realtime",),
    "test_walk.py": ("realtime",),
    "test_bench.py": ("realtime",),
    "test_docs.py": ("slow",),
    "test_sim.py": ("slow",),
    "test_eval.py": ("slow",),
    "test_cli.py": ("slow",),
    "test_chaos.py": ("slow",),
    "test_starts.py": ("slow",),
    "test_golden.py": ("slow",),
    "test_observations.py": ("slow",),
    "test_operators.py": ("slow",),
    "test_other_robots.py": ("slow",),
    "test_hostile_files.py": ("slow",),
    "test_draft.py": ("slow",),
    "test_bench_wire.py": ("slow",),
    "test_bench_bus.py": ("slow",),
    "test_config.py": ("slow",),
    "test_evidence.py": ("slow",),
    "test_imu_tools.py": ("slow",),
    "test_motors.py": ("slow",),
}
#: What `make test` leaves out, and what runs it.
_LEFT_OUT = "not realtime and not long and not train"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A host that halts for half a second fails what runs in real time; a fault of ours fails it twice."""
    for item in items:
        for mark in _WHOLE_FILES.get(item.path.name, ()):
            item.add_marker(mark)
        if isinstance(item, pytest.Function) and _REAL_TIME.intersection(item.fixturenames):
            item.add_marker(pytest.mark.realtime)
        if item.get_closest_marker("realtime"):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=5))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was left out, and how to run it; how often a test of real time had to be run once more."""
    reruns = len(terminalreporter.stats.get("rerun", ()))
    terminalreporter.write_line(f"reruns: {reruns}")
    if config.option.markexpr.startswith(_LEFT_OUT):
        terminalreporter.write_line(
            "left out: real time, kernel emulation, long fuzzing, the trainer; `make test-all` runs them"
        )


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Recordings of gaitwayd go where the tests' other files are."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    # The status socket is one program's alone: tests that run at once each have their own.
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Data that lies beside the checkout and is no part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{SHARED_DATA} is not there: it holds the community's policy, which the package does not ship")
    return SHARED_DATA


@pytest.fixture(scope="session")
def upstream_model(shared_data: Path) -> bytes:
    """The community's policy, as published."""
    data = (shared_data / "BEST_WALK_ONNX_2.onnx").read_bytes()
    assert hashlib.sha256(data).hexdigest().startswith("3c606f9381a1710c"), "not the file the facts describe"
    return data


@pytest.fixture(scope="session")
def binary() -> None:
    if not BINARY.exists():
        subprocess.run(["cargo", "build", "--release", "-p", "gaitwayd"], cwd=ROOT, check=True)


@pytest.fixture
def bench(tmp_path: Path, binary: None) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()
