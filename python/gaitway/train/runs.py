"""The folder of a run: what it was made from, its curve, its checkpoint, and how to make it again."""

import csv
import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from gaitway import _native, files
from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.robot import Robot
from gaitway.sim.loader import description_of
from gaitway.train import config as configuration
from gaitway.train.config import Config
from gaitway.train.tasks import task_contract
from gaitway.train.trainer import Trainer

CONFIG, CONTRACT, CURVE, HOW = "config.toml", "contract.json", "curve.csv", "how.json"
#: What may differ where a run is gone on with, and what of the same section may not.
_RESUMABLE = ("steps", "checkpoint_steps", "device", "threads")
_SETTLED = tuple(entry.name for entry in fields(configuration.Run) if entry.name not in _RESUMABLE)


def begin(folder: Path, robot: Robot, config: Config) -> Trainer:
    """A new run in `folder`, which must not hold one."""
    if (folder / CONFIG).exists():
        raise TrainingError(f"{folder}: holds a run already", hint="go on with --resume, or name another folder")
    contract = task_contract(robot, config.run.task)
    trainer = Trainer(robot, contract, config)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / CONFIG, configuration.as_toml(config.text))
    _write(folder / CONTRACT, contract.to_json() + "\n")
    _write(folder / HOW, json.dumps(_how(robot), indent=2) + "\n")
    return trainer


def resume(folder: Path, robot: Robot, overrides: Sequence[str] = ()) -> Trainer:
    """The run in `folder`, as its last checkpoint left it, with more steps where `overrides` say so.

    Raises TrainingError for what was settled when the run began.
    """
    from gaitway.train import checkpoint

    check_folder(folder)
    description = description_of(robot)
    began = configuration.load(folder / CONFIG, [], description)
    config = configuration.load(folder / CONFIG, list(overrides), description)
    settled = replace(began, run=replace(config.run, **{key: getattr(began.run, key) for key in _SETTLED}))
    if replace(config, text=began.text) != settled:
        raise TrainingError(
            f"{folder}: expected only {', '.join(f'run.{key}' for key in _RESUMABLE)} to differ, found more",
            hint="all else was settled when the run began: begin another run for it",
        )
    trainer = Trainer(robot, read_contract(folder), config)
    with checkpoint.understood(folder):
        trainer.restore(checkpoint.read(folder))
    if overrides and config.run.steps <= trainer.progress.steps:
        raise TrainingError(
            f"run.steps: expected more than the {trainer.progress.steps} that are done, found {config.run.steps}",
            hint="run.steps counts from the beginning of the run",
        )
    if overrides:
        _write(folder / CONFIG, configuration.as_toml(config.text))
    return trainer


def check_folder(folder: Path) -> None:
    """Raises TrainingError for what is no folder of a run."""
    if (folder / CONFIG).is_file():
        return
    if folder.is_file():
        found = files.describe(files.read_bytes(folder, "run"))
    else:
        found = f"a folder without {CONFIG}" if folder.is_dir() else "nothing"
    raise TrainingError(
        f"{folder}: expected the folder of a run, found {found}",
        hint="name the folder that gaitway train wrote, such as out/train/walk",
    )


def read_contract(folder: Path) -> Contract:
    """The contract a run trains under."""
    return Contract.from_json(files.read_text(folder / CONTRACT, "contract of the run"))


def write_curve(folder: Path, curve: list[dict[str, float]]) -> None:
    """The learning curve as a table, one row for each rollout."""
    names = list(dict.fromkeys(name for row in curve for name in row))
    with files.written_whole(folder / CURVE, "learning curve") as beside, beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in curve)


class Board:
    """The curve for TensorBoard, where it is installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def __enter__(self) -> "Board":
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return self
        self._writer = SummaryWriter(str(self._folder / "tensorboard"))
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, row: dict[str, float]) -> None:
        """One rollout's figures."""
        if self._writer is not None:
            for name, value in row.items():
                self._writer.add_scalar(name, value, int(row["steps"]))


def _write(path: Path, text: str) -> None:
    files.write_bytes(path, text.encode(), path.name)


def _how(robot: Robot) -> dict[str, Any]:
    """How this run was made, for whoever wants it again."""
    import mujoco
    import numpy
    import torch

    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=robot.folder, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "command": shlex.join(["gaitway", *sys.argv[1:]]),
        "gaitway": _native.build_info(),
        "commit": commit,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "mujoco": mujoco.__version__,
        "numpy": numpy.__version__,
        "machine": platform.machine(),
        "system": platform.platform(),
    }
