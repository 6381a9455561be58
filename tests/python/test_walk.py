"""`gaitway run --twin`: the duck walks over the wire as it walks in lockstep, and both programs end together."""

import json
import os
import signal
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import pytest
from program import children, has_ended

import gaitway
from gaitway._native import TwinHost
from gaitway.cli.run import twin as run_twin_command
from gaitway.cli.run.settings import RunSettings
from gaitway.errors import DaemonError
from gaitway.script import steady
from gaitway.sim import RobotSim, simulate
from gaitway.sim.live import LiveRobot
from gaitway.twin import Daemon, Twin, Walk

ROOT = Path(__file__).parents[2]
BINARY = ROOT / "target" / "release" / "gaitwayd"
SECONDS = 12
PATIENCE_S = 120
NOT_UP = "did not come onto its own feet"


@pytest.fixture(scope="module", autouse=True)
def binary() -> None:
    if not BINARY.exists():
        subprocess.run(["cargo", "build", "--release", "-p", "gaitwayd"], cwd=ROOT, check=True)


def command_line(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "gaitway.cli", "run", "--twin", *map(str, arguments)]


def run_twin(folder: Path, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command_line(*arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | {"TMPDIR": str(folder)} | environment,
    )


def lockstep_mps(policy: Path | None) -> float:
    """Mean forward velocity in lockstep, the first 2 s left out."""
    robot = gaitway.Robot.load()
    loaded = gaitway.Policy.load(policy or robot.default_policy, robot=robot)
    run = simulate(
        RobotSim(robot), gaitway.Controller(loaded, robot), steady(gaitway.command(vx=0.15), SECONDS), SECONDS
    )
    speed: float = run.figures()["velocity_mps"][0]
    return speed


def is_starved(result: dict[str, Any]) -> bool:
    """Whether this machine gave twin and loop too little time: then a walk proves nothing about the programs."""
    skipped, ticks = result["gaitwayd"]["skipped"], result["gaitwayd"]["ticks"]
    late_ns = result["gaitwayd"]["lateness_ns"]["p99"]
    wire_ns, lost = result["twin"]["lateness_ns"]["p99"], result["twin"]["physics_lost_steps"]
    # A twentieth of the ticks, half a tick, and a tenth of one: what a walk bears is ten times as much.
    return skipped * 20 > ticks or late_ns > 10_000_000 or wire_ns > 2_000_000 or lost > 0


def walk(folder: Path, policy: Path | None) -> dict[str, Any]:
    """A walk in real time. It runs on the machine's clock: one that stalls keeps a start from its end, as it should,
    and makes any robot fall. Where that was so, the walk is tried once more."""
    arguments = ["--seconds", SECONDS, "--command", "0.15,0,0", "--json"]
    for _ in range(2):
        done = run_twin(folder, *map(str, arguments + ([] if policy is None else ["--policy", policy])))
        result: dict[str, Any] = json.loads(done.stdout)
        if NOT_UP not in result.get("error", "") and ("error" in result or not is_starved(result)):
            break
    assert "error" not in result, result
    assert done.returncode == (1 if result["falls"] else 0)
    return result


@pytest.mark.parametrize("name", ["default", "community"])
def test_over_the_wire_it_walks_as_in_lockstep(tmp_path: Path, name: str, request: pytest.FixtureRequest) -> None:
    policy = None
    if name == "community":
        policy = request.getfixturevalue("shared_data") / "BEST_WALK_ONNX_2.onnx"
    result = walk(tmp_path, policy)
    assert result["falls"] == 0, result
    assert result["seconds"] == pytest.approx(SECONDS, abs=0.1)
    assert result["velocity_mps"][0] == pytest.approx(lockstep_mps(policy), rel=0.1)
    daemon = result["gaitwayd"]
    assert daemon["loop_allocations"] == 0
    assert daemon["policy_ticks"] >= 50 * SECONDS - daemon["skipped"] - 50
    assert [event["to"] for event in result["log"] if event["event"] == "state"] == [
        "limp", "aligning", "ready", "running", "holding", "limp",
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_signal_leaves_anything_behind(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        command_line("--seconds", "60"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stderr is not None
    while "running" not in (line := process.stderr.readline()):
        assert line, "it ended before it walked"
    (daemon,) = children(process.pid)
    family = [daemon, *children(daemon)]
    assert len(family) == 3, "gaitwayd and its two guards"
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while not all(map(has_ended, family)):
        assert time.monotonic() < deadline, "gaitwayd outlives the twin"
        time.sleep(0.01)
    if number != signal.SIGKILL:
        assert process.returncode == 0, err
        assert "ended early as asked" in out
        assert "limp" in err
        assert list(tmp_path.iterdir()) == []


class Pushed(LiveRobot):
    """A duck that somebody knocks over as soon as it stands on its own feet."""

    is_pushed = False

    def step(self, servos: "array[float]") -> None:
        super().step(servos)
        if self.released and not self.is_pushed:
            self.is_pushed = True
            self.sim.push(0.0, 4.0)


def test_a_fall_ends_the_run_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    robot = gaitway.Robot.load()
    controller = gaitway.Controller(gaitway.Policy.load(robot.default_policy, robot=robot), robot)
    arguments = run_twin_command.arguments(RunSettings(kp=29), robot, None)

    def run() -> int:
        return run_twin_command.run(controller, Pushed(robot), arguments, 20.0, as_json=True)

    try:
        code = run()
    except DaemonError as error:
        # As in `walk`.
        assert NOT_UP in error.message
        code = run()
    result = json.loads(capsys.readouterr().out)
    assert (code, result["falls"]) == (1, 1)
    assert result["seconds"] < 5
    assert any("kp 29" in override for override in result["overrides"])


def test_a_duck_that_stays_on_its_stand_is_an_error_and_not_a_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaitway.twin.walk.UP_BY_S", 2.0)
    robot = gaitway.Robot.load()
    duck = LiveRobot(robot, release_after_s=3600)
    host = TwinHost(robot.native, link=tmp_path / "bus")
    # Without an IMU it stays limp, and says so.
    daemon = Daemon(["--serial-port", tmp_path / "bus"], tmp_path)
    try:
        walk = Walk(Twin(host, duck, len(robot.joint_names)), duck, daemon, 5.0)
        with pytest.raises(DaemonError, match=f"{NOT_UP} within 2 s: waiting for the IMU") as caught:
            walk.run(lambda _: None)
        assert caught.value.hint
        assert not daemon.is_running()
    finally:
        daemon.close()
        host.stop()


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["--sim"], {}, 2, "--twin and --sim exclude each other"),
        (["--fast", "--vary"], {}, 2, "--fast, --vary"),
        (["--engine", "onnxruntime"], {}, 2, "--engine"),
        (["--kp", "300"], {}, 2, "--kp: expected a whole number"),
        ([], {"GAITWAYD": "/nowhere/gaitwayd"}, 2, "GAITWAYD: expected a program"),
        ([], {"GAITWAYD": "/bin/false"}, 1, "gaitwayd ended with 1"),
    ],
)
def test_what_cannot_run_is_said_with_a_hint(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, words: str
) -> None:
    done = run_twin(tmp_path, *arguments, "--json", **environment)
    error = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (code, "")
    assert words in error["error"] and error["hint"]
    assert list(tmp_path.iterdir()) == []
