"""Every error is of the built-in kind, too, that a Python programmer expects there."""

import errno
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import gaitway
from gaitway import errors, extras, files
from gaitway.api.follow import follow
from gaitway.bringup import camera
from gaitway.bringup.motors import Motors
from gaitway.bringup.motors.calibration import OffsetsFile
from gaitway.errors import GaitwayError, MissingFileError, UsageError
from gaitway.evaluate.acceptance import load_criteria
from gaitway.sim.loader import description_of
from gaitway.sim.model import build_model
from gaitway.sim.script import load_script

ROBOT = gaitway.Robot.load()
WALK = ROBOT.default_policy


def load_task(path: Path) -> None:
    """The trainer's rooms need PyTorch, which `make test` does without."""
    pytest.importorskip("torch")
    from gaitway.train import config

    config.load(path, [], description_of(ROBOT))


def uncontrollable(folder: Path) -> None:
    gaitway.Controller(gaitway.Policy.load(WALK), ROBOT, loop_hz=7)


def unsupported(folder: Path) -> None:
    raise errors.UnsupportedOperatorError("operator Loop")


def no_model(folder: Path) -> None:
    (folder / "body.xml").write_text("<mujoco><nonsense/></mujoco>")
    build_model(replace(description_of(ROBOT), model=folder / "body.xml"))


def no_profile(folder: Path) -> None:
    (folder / "robot.toml").write_text("name = 3")
    gaitway.Robot.load(folder / "robot.toml")


def stopped(folder: Path) -> None:
    with gaitway.connect("sim:", fast=True) as robot:
        robot.stop()
        robot.walk()


def no_recording(folder: Path) -> None:
    (folder / "flight.mcap").write_bytes(b"nothing")
    gaitway.Recording.load(folder / "flight.mcap")


def no_configuration(folder: Path) -> None:
    (folder / "walk.toml").write_text("[run")
    load_task(folder / "walk.toml")


def no_run(folder: Path) -> None:
    raise errors.TrainingError("a reward is no number")


EXPECTED: list[tuple[Callable[[Path], object], type[GaitwayError], type[Exception]]] = [
    (lambda folder: gaitway.Policy.load(WALK, engine="steam"), errors.UsageError, ValueError),
    (lambda folder: gaitway.Policy.load(folder / "nowhere.onnx"), errors.MissingFileError, FileNotFoundError),
    (lambda folder: gaitway.Recording.load(folder / "nowhere.mcap"), errors.MissingFileError, FileNotFoundError),
    (no_profile, errors.ProfileError, ValueError),
    (lambda folder: gaitway.Contract.from_json("{}"), errors.ContractError, ValueError),
    (lambda folder: gaitway.Policy.from_bytes(b"no network", folder), errors.PolicyError, ValueError),
    (unsupported, errors.UnsupportedOperatorError, ValueError),
    (uncontrollable, errors.ControlError, ValueError),
    (no_model, errors.SimulationError, RuntimeError),
    (no_run, errors.TrainingError, RuntimeError),
    (no_configuration, errors.TrainingConfigError, ValueError),
    (no_recording, errors.RecordingError, ValueError),
    (lambda folder: Motors(ROBOT, folder / "ttyACM0"), errors.BusError, OSError),
    (lambda folder: camera.take(folder / "a.jpg"), errors.CameraError, OSError),
    (lambda folder: next(follow(folder / "no.sock")), errors.DaemonError, ConnectionError),
    (stopped, errors.RefusedError, PermissionError),
    (lambda folder: extras.load("a_library_nobody_has", "sim"), errors.MissingExtraError, ImportError),
]


def test_the_table_has_every_error() -> None:
    every = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, GaitwayError)}
    assert {ours for _, ours, _ in EXPECTED} == every - {GaitwayError}


@pytest.mark.parametrize(("wrong", "ours", "builtin"), EXPECTED, ids=lambda each: getattr(each, "__name__", None))
def test_it_is_of_the_built_in_kind_too(
    wrong: Callable[[Path], object],
    ours: type[GaitwayError],
    builtin: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(builtin) as caught:
        wrong(tmp_path)
    assert type(caught.value) is ours
    assert caught.value.message and str(caught.value).startswith(caught.value.message)


@pytest.mark.parametrize("ours", sorted({ours for _, ours, _ in EXPECTED}, key=lambda ours: ours.__name__))
def test_message_and_hint_are_the_same_from_another_process(ours: type[GaitwayError]) -> None:
    there = pickle.loads(pickle.dumps(ours("what was found", hint="what to do")))
    assert type(there) is ours
    assert str(there) == "what was found\n  hint: what to do"


def test_a_missing_file_is_named_as_the_system_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        gaitway.Robot.load(tmp_path / "nowhere.toml")
    assert isinstance(caught.value, MissingFileError) and caught.value.hint
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, str(tmp_path / "nowhere.toml"))


def test_a_file_that_is_there_and_cannot_be_read_is_none_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        files.read_bytes(tmp_path, "policy")
    assert not isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("ours", [UsageError, errors.BusError, errors.CameraError])
def test_an_error_while_a_file_is_written_is_told_as_it_is(ours: type[GaitwayError], tmp_path: Path) -> None:
    with pytest.raises(ours, match=r"^the lens is dark") as caught, files.written_whole(tmp_path / "a", "picture"):
        raise ours("the lens is dark", hint="take the cap off")
    assert type(caught.value) is ours and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (load_criteria, "acceptance criteria"),
        (lambda path: load_script(path, gaitway.Robot.load()), "script"),
        (load_task, "training configuration"),
        (OffsetsFile, "duck_config.json"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_of_once(read: Callable[[Path], object], what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.message.startswith(f"cannot read {what} {tmp_path}: ")


@pytest.mark.parametrize("wrong", [3, None])
def test_what_is_no_path_is_told_of_once(wrong: object) -> None:
    for use in (lambda: files.read_bytes(wrong, "policy"), lambda: files.write_bytes(wrong, b"", "policy")):  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=r"^policy: expected a path, found"):
            use()
