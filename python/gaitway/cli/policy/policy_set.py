"""`gaitway policy check policies.toml`: every policy of a set, and the rules by which they take turns."""

import json
from pathlib import Path
from typing import Any

from gaitway.cli.common.output import print_json
from gaitway.cli.policy.shown import print_check


def check_set(path: Path, robot_name: str, *, as_json: bool) -> int:
    """Loads the set as a robot would, and runs the golden ticks of each policy. Returns the exit code."""
    import typer

    from gaitway import _native, files, toml
    from gaitway.controller import Controller
    from gaitway.policy import Policy
    from gaitway.robot import Robot

    robot = Robot.load(robot_name)
    # Rules, files, and that the policies fit together and the robot.
    Controller(Policy.load_set(path, robot=robot), robot)
    found: dict[str, Any] = {}
    passed = True
    for entry in toml.loads(files.read_text(path, "policy set"))["policies"]:
        policy = Policy.load(path.parent / entry["file"], robot=robot)
        controller, report = Controller(policy, robot), _native.check(policy.native, robot.native)
        is_sound = report is not None and not report["findings"]
        passed = passed and is_sound
        about = {"file": entry["file"], "contract": policy.contract.name, "verdict": controller.verdict}
        found[entry["name"]] = about | {"passed": is_sound, "overrides": controller.overrides, "golden": report}
        if not as_json:
            typer.echo(f"{entry['name']} ({json.dumps(entry['file'])})")
            print_check(controller.verdict, controller.overrides, report)
    if as_json:
        print_json({"passed": passed, "policies": found})
    return 0 if passed else 1
