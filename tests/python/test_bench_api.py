"""`gaitway bench api`: what it measures is there, whatever the figures of a busy machine are."""

from pathlib import Path
from typing import Any

import pytest
from program import parse, run_gaitway

from gaitway import Robot
from gaitway.bench.local_api.bad_clients import KINDS
from gaitway.bench.local_api.bench import Counts, measure_api
from gaitway.bench.local_api.beside import measure_bad_clients
from gaitway.bench.local_api.running_robot import RunningRobot, quick_profile
from gaitway.cli.bench.api_report import print_api
from gaitway.errors import DaemonError

#: As few as there can be.
FEW = Counts(stops=2, others=1, commands=10, kills=1, clients=2, seconds=1.0, rounds=1)


def measured(*parts: str) -> dict[str, Any]:
    return measure_api(Robot.load(), parts, FEW, lambda *_: None)


def test_every_stop_takes_the_torque_from_a_robot_that_walks(binary: None, capsys: pytest.CaptureFixture[str]) -> None:
    result = measured("stop")
    ways = result["stop"]["ways"]
    assert len(ways) == 9 and ways["local API, Python"]["count"] == 2
    assert set(result["stop"]["gradually"]) == {"local API, limp", "remote gamepad, motors", "SIGINT", "SIGTERM"}
    for name, way in ways.items():
        off_ns = way["torque_off_ns"]["p50"]
        assert off_ns > 0 and way["unsure_ns"]["p50"] > 0
        # Gradually is what the profile says: 0.6 s of easing and 0.4 s of softening.
        assert (off_ns > 0.8e9) == (name in result["stop"]["gradually"]), name
    assert [mark["what"] for mark in result["marks"]] == [
        f"torque off after {name}, worst, ms" for name in ways if name not in result["stop"]["gradually"]
    ]
    print_api(result)
    assert "terminal, space" in capsys.readouterr().out


def test_commands_reach_the_joint_and_die_with_who_gave_them(binary: None, capsys: pytest.CaptureFixture[str]) -> None:
    result = measured("command", "fight", "killed")
    command, fight, killed = (result[part] for part in ("command", "fight", "killed"))
    assert command["commands"].keys() == {"robot.walk()", "command message"}
    assert {"local API", "HTTP, http.server"} <= command["round_trips_ns"].keys()
    assert fight["same_source"]["both"] == 0
    assert fight["same_source"]["granted to 1"] + fight["same_source"]["granted to 2"] > 0
    assert fight["agent_beside_network"]["network followed"] == 10
    assert fight["agent_beside_network"]["agent overridden"] > 0
    assert fight["silent_holder"]["granted_after_s"] >= 0.5
    # A connection that ends takes its command along; one that is silent keeps it until the deadline.
    assert killed["SIGKILL"]["asked_ns"]["p50"] < killed["SIGSTOP"]["asked_ns"]["p50"]
    print_api(result)
    shown = capsys.readouterr().out
    assert "held by both" in shown and "SIGSTOP" in shown


def test_the_loop_allocates_nothing_whoever_comes(binary: None, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = measured("crowd")["crowd"]
    assert crowd["heard_per_s"] > 0 and crowd["clients_at_once"]["loop_allocations"] == 0
    for kind in set(KINDS) - {"flood", "garbage"}:
        monkeypatch.delitem(KINDS, kind)
    kinds = measure_bad_clients(Robot.load(), 0.2, lambda *_: None)["kinds"]
    assert list(kinds) == ["nobody", "flood", "garbage"]
    for row in kinds.values():
        assert row["loop_allocations"] == 0 and row["followed"] > 0 and row["ticks"] > 0
    assert "too_fast" in kinds["flood"]["heard"] and "bad_message" in kinds["garbage"]["heard"]


def test_the_program_prints_one_object(binary: None) -> None:
    result = parse(run_gaitway("bench", "api", "fight", "--commands", 10, "--json"))
    assert result["fight"]["same_source"]["both"] == 0 and result["marks"][0]["passed"]


def test_a_robot_that_does_not_walk_is_refused_with_a_hint() -> None:
    done = run_gaitway("bench", "api", "--robot", "so101")
    assert done.returncode == 2 and "expected a robot that walks" in done.stderr and "--robot" in done.stderr


def test_a_daemon_that_ends_at_once_is_reported_with_its_own_words(binary: None) -> None:
    with pytest.raises(DaemonError, match=r"does not run: .*--no-such-flag"):
        RunningRobot(Robot.load(), "--no-such-flag")


def test_the_quick_profile_differs_in_its_start_alone(tmp_path: Path) -> None:
    robot = Robot.load()
    before, after = (
        path.read_text().splitlines() for path in (robot.folder / "profile.toml", quick_profile(robot, tmp_path))
    )
    changed = [row.split(" = ")[0] for row, other in zip(before, after, strict=True) if row != other]
    assert sorted(changed) == ["settle_s", "speed_rps", "torque_ramp_s"]
