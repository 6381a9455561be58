"""Checkpoints: whole or not there, whatever kills the training."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from gaitway import renamed
from gaitway.errors import GaitwayError, TrainingError

NAME = "checkpoint.pt"
_HINT = "it is damaged, of another version or of another run: begin the run anew"


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
    # Whatever a broken pickle makes its machine stumble over.
    except Exception as error:
        raise TrainingError(f"{path}: expected a checkpoint, found {error}", hint=_HINT) from error
    if not isinstance(state, dict):
        raise TrainingError(f"{path}: expected a checkpoint, found {type(state).__name__}", hint=_HINT)
    return {renamed.CHECKPOINT_KEYS.get(key, key): value for key, value in state.items()}


def restore_rows(owner: object, names: tuple[str, ...], saved: dict[str, Any]) -> None:
    """Puts saved arrays in the place of those that `owner` has. Raises ValueError where one is of another kind."""
    for name in names:
        row, there = saved[name].numpy().copy(), getattr(owner, name)
        if (row.shape, row.dtype) != (there.shape, there.dtype):
            raise ValueError(f"{name}: expected {there.dtype} {there.shape}, found {row.dtype} {row.shape}")
        setattr(owner, name, row)


@contextlib.contextmanager
def understood(folder: Path) -> Iterator[None]:
    """Raises TrainingError for whatever a checkpoint of another structure makes its readers stumble over."""
    try:
        yield
    except GaitwayError:
        raise
    except Exception as error:
        message = (
            f"{folder / NAME}: expected the checkpoint of this run, found another: {type(error).__name__}: {error}"
        )
        raise TrainingError(message, hint=_HINT) from error
