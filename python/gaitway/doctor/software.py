"""What runs: the configuration, the policy, the daemon."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from gaitway import _native, files
from gaitway.controller import Controller
from gaitway.doctor.finding import Finding, failed, passed, warned
from gaitway.errors import GaitwayError
from gaitway.motors.calibration import doubt
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.twin.daemon import find_daemon


def look(robot: Robot, config: Path | None, policy: Path | None) -> Iterator[Finding]:
    """Configuration, offsets, policy, daemon."""
    yield from _configuration(robot, config)
    yield _policy(robot, policy)
    yield _daemon()


def _configuration(robot: Robot, config: Path | None) -> Iterator[Finding]:
    what = "configuration"
    if config is None:
        calibrate = "gaitway motors calibrate --config duck_config.json; then name it with --config"
        yield warned(what, "none named: every offset counts as zero", calibrate)
        return
    try:
        configured, ignored = robot.native.with_duck_config(files.read_text(config, "duck_config.json"))
    except GaitwayError as error:
        yield failed(what, error.message, error.hint)
        return
    if ignored:
        yield warned(what, "; ".join(ignored), f"correct or remove it in {config}")
    else:
        yield passed(what, str(config))
    offsets = dict(zip(robot.joint_names, configured.offsets_rad, strict=True))
    doubts = [f"{joint}: {why}" for joint, offset in offsets.items() if (why := doubt(robot, joint, offset))]
    if doubts:
        yield warned("offsets", "; ".join(doubts), "gaitway motors calibrate JOINT --config …")
    elif not any(offsets.values()):
        yield warned("offsets", "all zero", "no horn sits that well: gaitway motors calibrate --config …")
    else:
        largest = max(offsets, key=lambda joint: abs(offsets[joint]))
        yield passed("offsets", f"largest {offsets[largest]:+.3f} rad, {largest}")


def _policy(robot: Robot, path: Path | None) -> Finding:
    what = "policy"
    path = path or robot.default_policy
    try:
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
