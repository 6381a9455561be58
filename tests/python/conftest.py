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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A host that halts for half a second fails what runs in real time; a fault of ours fails it twice."""
    for item in items:
        if isinstance(item, pytest.Function) and _REAL_TIME.intersection(item.fixturenames):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=5))


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
