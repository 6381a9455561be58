"""The one-way rule is checked, and the check can fail."""

import importlib.util
import re
import shutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_layers", ROOT / "scripts" / "check_layers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "scripts"))
    spec.loader.exec_module(module)
    return module


CHECK = load_check()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The manifests and modules, to plant violations in."""
    shutil.copy(ROOT / "ARCHITECTURE.md", tmp_path)
    for manifest in CHECK._manifests(ROOT):
        target = tmp_path / manifest.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copy(manifest, target)
    shutil.copytree(ROOT / "python", tmp_path / "python", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return tmp_path


def test_nothing_here_looks_upward(copy: Path) -> None:
    assert CHECK.crate_problems(copy) == []
    assert CHECK.python_problems(copy) == []


def test_a_crate_that_looks_upward_is_named(copy: Path) -> None:
    manifest = copy / "crates/core/model/Cargo.toml"
    manifest.write_text(manifest.read_text() + "gaitway-control.workspace = true\n")
    assert CHECK.crate_problems(copy) == ["core/model: uses core/control, which it may not"]


def test_an_emulator_that_uses_the_driver_it_tests_is_named(copy: Path) -> None:
    manifest = copy / "crates/emulators/Cargo.toml"
    manifest.write_text(manifest.read_text() + "gaitway-feetech.workspace = true\n")
    assert CHECK.crate_problems(copy) == ["emulators: uses devices/feetech, which it may not"]


def test_a_crate_that_nobody_described_is_named(copy: Path) -> None:
    shutil.copytree(copy / "crates/core/maths", copy / "crates/telepathy")
    assert CHECK.crate_problems(copy) == ["telepathy: not in the table of ARCHITECTURE.md"]


def test_files_that_use_one_another_are_named(copy: Path) -> None:
    assert CHECK.circle_problems(ROOT) == []
    source = copy / "crates/core/maths/src"
    source.mkdir()
    (source / "lib.rs").write_text("mod a;\nmod b;\nmod c;\npub use a::{One, two};\n")
    (source / "a.rs").write_text("use crate::b::Three;\npub struct One(Three);\npub fn two() {}\n")
    (source / "b.rs").write_text("pub struct Three;\nfn four() {\n    crate::two();\n}\n")
    (source / "c.rs").write_text(
        "use crate::One;\nfn five(_: One) {}\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"
    )
    expected = "core/maths/src/a.rs, core/maths/src/b.rs: each uses the others"
    assert CHECK.circle_problems(copy) == [expected]
    told = copy / "ARCHITECTURE.md"
    told.write_text(told.read_text() + "\n* `core/maths/src/a.rs` and `core/maths/src/b.rs`: deliberate\n")
    assert CHECK.circle_problems(copy) == []
    module = copy / "python/gaitway/errors.py"
    module.write_text(f"{module.read_text()}\n\ndef late() -> None:\n    from gaitway.robot import Robot\n")
    (found,) = CHECK.circle_problems(copy)
    assert "python/gaitway/errors.py" in found and "python/gaitway/robot.py" in found


@pytest.mark.parametrize(
    "line",
    [
        "import gaitway.sim",
        "from gaitway import sim",
        "from gaitway.sim import RobotSim",
        "from . import sim",
        'importlib.import_module("gaitway.sim")',
    ],
)
def test_a_module_that_looks_upward_is_named(copy: Path, line: str) -> None:
    module = copy / "python/gaitway/robot.py"
    module.write_text(f"{module.read_text()}\n\ndef late() -> None:\n    {line}\n")
    assert CHECK.python_problems(copy) == ["python/gaitway/robot.py: imports gaitway.sim, a room above it"]


def test_an_independent_reading_that_uses_the_engine_is_named(copy: Path) -> None:
    module = copy / "python/gaitway/golden/tick.py"
    module.write_text(f"from gaitway.contract import Contract\n{module.read_text()}")
    assert CHECK.python_problems(copy) == ["python/gaitway/golden/tick.py: imports gaitway.contract, a room above it"]


def test_a_dependency_for_one_target_only_is_seen(copy: Path) -> None:
    manifest = copy / "crates/core/model/Cargo.toml"
    upward = "[target.'cfg(unix)'.build-dependencies]\ngaitway-runtime.workspace = true\n"
    manifest.write_text(manifest.read_text() + upward)
    assert CHECK.crate_problems(copy) == ["core/model: uses runtime, which it may not"]


@pytest.mark.parametrize("library", ["numpy", "onnxruntime"])
def test_a_heavy_import_that_is_tried_is_seen(copy: Path, library: str) -> None:
    module = copy / "python/gaitway/policy.py"
    module.write_text(f"try:\n    import {library}\nexcept ImportError:\n    pass\n" + module.read_text())
    assert len(CHECK.python_problems(copy)) == 1


def test_a_heavy_import_outside_its_room_is_named(copy: Path) -> None:
    module = copy / "python/gaitway/policy.py"
    module.write_text("import numpy as np\n" + module.read_text())
    assert CHECK.python_problems(copy) == [
        "python/gaitway/policy.py: imports numpy when loaded; only golden and sim and evaluate and train and env may"
    ]


def test_the_unmaintained_paste_is_not_what_is_built() -> None:
    """mcap asks for it; `patches/paste` is what it gets."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    pastes = [package for package in lock["package"] if package["name"] == "paste"]
    assert pastes and all("source" not in package for package in pastes)


def test_every_dependency_of_python_is_locked_with_its_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[<>=~\[; ]", line)[0].lower()
        for line in [
            *project["dependencies"],
            *(line for extra in ("sim", "onnxruntime", "train", "dev") for line in extras[extra]),
        ]
    }
    entry = re.compile(r"^([\w.-]+)(==[^\n]*\n(?:    --hash=[^\n]+\n?)*)", re.MULTILINE)
    locked = dict(entry.findall((ROOT / "requirements-dev.lock").read_text()))
    assert wanted - {"gaitway"} <= locked.keys()
    assert all("--hash=sha256:" in hashes for hashes in locked.values())
    # The same versions and the same files, without the trainer's.
    tested = dict(entry.findall((ROOT / "requirements-test.lock").read_text()))
    assert tested.items() <= locked.items() and "torch" not in tested
