"""Where things stand in an observation row."""

import json

from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.errors import TrainingError


def start_of(contract: Contract, source: str) -> int:
    """The first column of the term that comes from `source`. Raises TrainingError where there is none."""
    start = 0
    for term in json.loads(contract.to_json())["observation"]:
        if term["source"] == source:
            return start
        start += int(term["width"])
    raise TrainingError(
        f"contract {contract.name}: expected a term from {source!r}, found {[name for name, _ in contract.terms]}",
        hint="train with a contract that has one",
    )


def velocity_columns(contract: Contract) -> list[int]:
    """The columns of the commands forward, leftward and turning."""
    start = start_of(contract, "command")
    axes = [entry["axis"] for entry in json.loads(contract.to_json())["command"]]
    return [start + axes.index(axis) for axis in VELOCITY_AXES]
