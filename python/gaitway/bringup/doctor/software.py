"""What runs: the configuration, the policy, the daemon."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from gaitway import _native
from gaitway.bringup.doctor.finding import Finding, failed, passed, warned
from gaitway.bringup.motors.calibration import doubt
from gaitway.controller import Controller
from gaitway.errors import GaitwayError
from gaitway.policy import Policy
from gaitway.robot import CONFIG_NAME, Robot, without_config
from gaitway.twin.daemon import find_daemon


def look(robot: Robot, config: Path | None, policy: Path | None, *, no_config: bool = False) -> Iterator[Finding]:
    """Configuration, offsets, policy, daemon."""
    yield passed("configuration", "none, as asked") if no_config else _configuration(robot, config)
    yield from _offsets(robot, config)
    yield _policy(robot, policy)
    yield _daemon()


def _configuration(robot: Robot, config: Path | None) -> Finding:
    what = "configuration"
    if config is None:
        name = CONFIG_NAME if robot.has_community_config else "FILE"
        # Arms come with a calibration of LeRobot's more often than without one.
        read = "" if robot.has_community_config else f", gaitway motors lerobot read CALIBRATION --config {name} too"
        calibrate = f"gaitway motors calibrate --config {name} makes it{read}; gaitwayd stays limp without"
        return failed(what, without_config(robot), f"{calibrate}, unless --no-config")
    try:
        configured = robot.configured(config)
    except GaitwayError as error:
        return failed(what, error.message, error.hint)
    if configured.ignored:
        return warned(what, "; ".join(configured.ignored), f"correct or remove it in {config}")
    return passed(what, "; ".join((str(config), *configured.applied)))


def _offsets(robot: Robot, config: Path | None) -> Iterator[Finding]:
    """Nothing where there are none to judge."""
    if config is None:
        return
    try:
        configured = robot.configured(config, unreachable_are_zero=True)
    except GaitwayError:
        # Said above.
        return
    if configured.counted_as_zero:
        return
    offsets = dict(zip(robot.joint_names, configured.native.offsets_rad, strict=True))
    doubts = [f"{joint}: {why}" for joint, offset in offsets.items() if (why := doubt(robot, joint, offset))]
    if doubts:
        yield warned("offsets", "; ".join(doubts), f"gaitway motors calibrate JOINT --config {config}")
    elif not any(offsets.values()):
        yield warned("offsets", "all zero", "no horn sits that well: gaitway motors calibrate --config …")
    else:
        largest = max(offsets, key=lambda joint: abs(offsets[joint]))
        yield passed("offsets", f"largest {offsets[largest]:+.3f} rad, {largest}")


def _policy(robot: Robot, path: Path | None) -> Finding:
    what = "policy"
    if path is None and not any(robot.folder.glob("*.onnx")):
        # An arm that people lead by hand needs none.
        return warned(what, f"{robot.title} ships with none", "gaitwayd needs one to run it: --policy FILE")
    try:
        path = path or robot.default_policy
        policy = Policy.load(path, robot=robot)
        Controller(policy, robot)
        report = _native.check(policy.native, robot.native)
    except GaitwayError as error:
        return failed(what, error.message, error.hint or f"gaitway policy check {path}")
    if report is None:
        return passed(what, f"{path.name}, {policy.contract.name}; it carries no golden ticks")
    if report["findings"]:
        return failed(what, f"{path.name}: its golden ticks differ", f"gaitway policy check {path}")
    return passed(what, f"{path.name}, {policy.contract.name}; its golden ticks agree")


def _daemon() -> Finding:
    what = "gaitwayd"
    try:
        binary = find_daemon()
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except GaitwayError as error:
        return failed(what, error.message, error.hint)
    except (OSError, subprocess.TimeoutExpired) as error:
        return failed(what, f"does not start: {error}", "build it for this machine: cargo build --release -p gaitwayd")
    version = told.stdout.split()[-1] if told.stdout.split() else "nothing"
    if told.returncode != 0:
        return failed(what, told.stderr.strip() or "does not start", "build it for this machine")
    if version != _native.VERSION:
        return warned(what, f"version {version}, the package is {_native.VERSION}", "build and install both anew")
    return passed(what, f"{binary}, version {version}")
