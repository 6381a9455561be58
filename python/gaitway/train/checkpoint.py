"""Checkpoints: whole or not there, whatever kills the training."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from gaitway.errors import TrainingError

NAME = "checkpoint.pt"


def write(folder: Path, state: dict[str, Any]) -> None:
    """Puts a checkpoint into the place of the one before, at once and for good."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path, fresh = folder / NAME, folder / (NAME + ".new")
    with fresh.open("wb") as file:
        file.write(buffer.getvalue())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path) -> dict[str, Any]:
    """The checkpoint of a run. Raises TrainingError where there is none, or it is no checkpoint."""
    path = folder / NAME
    if not path.is_file():
        raise TrainingError(f"{path}: no checkpoint", hint="name the folder of a run that has made one")
    try:
        # Tensors and plain values only: nothing in a file a person names is run.
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path}: {error}", hint="the file is damaged: begin the run anew") from error
    return state
