"""The tasks in a robot's folder: what a policy is trained for, and the contract it is trained under."""

import json
from pathlib import Path

from gaitway import files
from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.robot import Robot

#: Where the weights' hash goes once there are weights.
NO_WEIGHTS = "0" * 64


def task_names(robot: Robot) -> list[str]:
    """Tasks with both files, sorted."""
    paths = (robot.folder / "tasks").glob("*.json")
    return sorted(path.stem for path in paths if path.with_suffix(".toml").is_file())


def task_contract(robot: Robot, task: str) -> Contract:
    """The contract a task trains under. Raises TrainingError for a task the robot does not have."""
    description = json.loads(files.read_text(_task_file(robot, task, "json"), "contract"))
    description["weights_sha256"] = NO_WEIGHTS
    description["robot"] = {"profile": robot.name, "profile_sha256": robot.native.policy_sha256}
    return Contract.from_json(json.dumps(description))


def task_config(robot: Robot, task: str) -> Path:
    """The configuration that ships with a task. Raises TrainingError for a task the robot does not have."""
    return _task_file(robot, task, "toml")


def _task_file(robot: Robot, task: str, ending: str) -> Path:
    path = robot.folder / "tasks" / f"{task}.{ending}"
    if path.is_file():
        return path
    known = task_names(robot)
    if known:
        hint = f"its tasks are {', '.join(known)}"
    else:
        hint = f"add tasks/{task}.toml and tasks/{task}.json beside its profile: docs/another-robot.md"
    found = ", ".join(known) or "no task"
    raise TrainingError(f"task {task}: expected a task of {robot.name}, found {found}", hint=hint)
