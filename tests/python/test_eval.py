"""The judge: the same figures for a seed however it is run, falls that are seen, and criteria that can fail."""

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

import gaitway
from gaitway import _native
from gaitway.errors import UsageError
from gaitway.evaluate import PARTS, QUICK, evaluate
from gaitway.evaluate.acceptance import Criterion, criteria_file, judge, load_criteria
from gaitway.evaluate.effort import Effort
from gaitway.evaluate.report import write_report
from gaitway.evaluate.statistics import step_figures, wilson
from gaitway.sim import RobotSim

ROBOT = gaitway.Robot.load()
WALK = ROBOT.default_policy
CRITERIA = ROBOT.folder / "acceptance.toml"

#: The quick battery, shorter still.
TINY = replace(QUICK, track_s=2.5, head_s=2.4, phases=1, starts=1, start_s=2.5, pushes=2, push_s=3.5, sweep_s=2.4)
SOME = ["steps", "still", "pushes", "replies"]


@pytest.fixture(scope="module")
def falling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default policy with servos so soft that no gait can hold the robot up."""
    contract = json.loads(gaitway.Policy.load(WALK).contract.to_json())
    contract["gains"]["kp"] = 2
    file = tmp_path_factory.mktemp("policies") / "soft.onnx"
    file.write_bytes(_native.embed(WALK.read_bytes(), gaitway.Contract.from_json(json.dumps(contract))))
    return file


@pytest.fixture(scope="module")
def some() -> dict[str, Any]:
    return evaluate([WALK, WALK], scale=TINY, seed=5, only=SOME)


def test_the_figures_are_the_same_in_one_process_and_in_two(some: dict[str, Any]) -> None:
    assert evaluate([WALK, WALK], scale=TINY, seed=5, only=SOME, jobs=2) == some


def test_another_seed_gives_other_figures(some: dict[str, Any]) -> None:
    other = evaluate([WALK], scale=TINY, seed=6, only=["replies"])
    assert other["policies"][0]["parts"]["replies"] != some["policies"][0]["parts"]["replies"]


def test_policies_meet_the_same_noise_and_pushes(some: dict[str, Any]) -> None:
    first, second = some["policies"]
    assert first["parts"] == second["parts"]
    assert (first["name"], second["name"]) == ("walk (1)", "walk (2)")


def test_a_part_has_the_same_figures_alone_and_among_others(some: dict[str, Any]) -> None:
    alone = evaluate([WALK], scale=TINY, seed=5, only=["pushes"])
    assert alone["policies"][0]["parts"] == {"pushes": some["policies"][0]["parts"]["pushes"]}


@pytest.fixture(scope="module")
def whole(falling: Path) -> dict[str, Any]:
    """Every part but some sweeps, of a policy that walks and one that falls."""
    left_out = {"heldout", "friction", "mass", "gain", "backlash", "replies", "reads", "upstream"}
    return evaluate([WALK, falling], scale=TINY, only=[part for part in PARTS if part not in left_out], jobs=2)


def test_a_policy_that_falls_is_seen_and_one_that_walks_is_not(whole: dict[str, Any]) -> None:
    walks, falls = (policy["parts"] for policy in whole["policies"])
    for model in ("backlash", "flat"):
        for start in ("home", "perturbed"):
            assert walks["falls"][model][start]["share"] == 0
            assert falls["falls"][model][start]["share"] == 1
    assert falls["pushes"]["backlash"]["walking"]["0.3"]["falls"] == 2
    # A fall before the gait has settled counts as not having moved.
    assert falls["tracking"]["backlash"]["error"]["vx"] == pytest.approx(0.5 / 9)
    assert falls["steps"]["vx"]["rise_s"] is None


def test_the_default_policy_tracks_and_pays_what_it_must(whole: dict[str, Any]) -> None:
    tracking = whole["policies"][0]["parts"]["tracking"]["backlash"]
    assert tracking["error"]["vx"] < 0.03
    assert len(tracking["commands"]) == 18
    effort = tracking["effort"]
    assert 0.05 < effort["action_change"] < 1
    assert 0.3 < effort["torque_rms_nm"] < 3.23
    assert 1 < effort["cost_of_transport"] < 20
    assert all(0 < share <= 1 for share in effort["torque_p99"])


def test_the_result_is_strict_json_and_names_its_form(whole: dict[str, Any]) -> None:
    read = json.loads(json.dumps(whole, allow_nan=False))
    assert read == whole
    assert read["schema"] == "gaitway.eval/1"
    assert read["policies"][0]["contract_sha256"] == gaitway.Policy.load(WALK).contract_sha256


@pytest.mark.parametrize("ending", ["html", "png"])
def test_the_report_is_one_file_that_shows_every_policy(whole: dict[str, Any], tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"report.{ending}"
    write_report(whole, path, load_criteria(CRITERIA))
    data = path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if ending == "png":
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert (width, height > width) == (1400, True)
        return
    page = data.decode()
    assert page.count("<svg") == 9
    for name in ("walk", "soft"):
        assert f"<h2>{name}</h2>" in page
    for outside in ("src=", 'href="http', "@import", "url(http"):
        assert outside not in page, "it needs nothing beside it"


def test_the_report_shows_what_there_is(some: dict[str, Any], tmp_path: Path) -> None:
    write_report(some, tmp_path / "some.html")
    assert (tmp_path / "some.html").read_text().count("<svg") == 3


def planted(criteria: tuple[Criterion, ...]) -> dict[str, Any]:
    """Parts in which every figure of the criteria stands exactly at its bound."""
    parts: dict[str, Any] = {}
    for criterion in criteria:
        *groups, last = criterion.figure.split("/")
        place = parts
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = criterion.bound
    return parts


def test_what_stands_at_every_limit_passes() -> None:
    criteria = load_criteria(CRITERIA)
    verdicts = judge(planted(criteria), criteria)
    assert len(verdicts) >= 20
    assert all(verdict.passed for verdict in verdicts)


def test_the_one_criterion_that_is_missed_is_named() -> None:
    criteria = load_criteria(CRITERIA)
    for criterion in criteria:
        parts = planted(criteria)
        *groups, last = criterion.figure.split("/")
        place = parts
        for group in groups:
            place = place[group]
        worse = -0.01 if criterion.is_least else 0.01
        place[last] += worse * max(abs(criterion.bound), 1)
        assert [verdict.figure for verdict in judge(parts, criteria) if not verdict.passed] == [criterion.figure]
        del place[last]
        (missed,) = (verdict for verdict in judge(parts, criteria) if not verdict.passed)
        assert "not measured" in str(missed)


def test_the_limits_of_tracking_are_the_projects() -> None:
    bounds = {criterion.figure: criterion.bound for criterion in load_criteria(CRITERIA)}
    for model in ("backlash", "flat"):
        assert [bounds[f"tracking/{model}/error/{axis}"] for axis in ("vx", "vy", "wz")] == [0.010, 0.010, 0.035]
        assert [bounds[f"falls/{model}/{start}/falls"] for start in ("home", "perturbed")] == [0, 0]
        assert bounds[f"falls/{model}/home/runs"] == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limits = 3", "expected schema"),
        ('schema = "gaitway.acceptance/1"\n[[limits]]\nwhat = "a"\nfigure = "b"', "expected one of most"),
        ('schema = "gaitway.acceptance/1"\n[[limits]]\nwhat = "a"\nfigure = "b"\nmost = nan', "finite number"),
        (
            'schema = "gaitway.acceptance/1"\n[[limits]]\nwhat = "a"\nfigure = "b"\nmost = 1\ncolour = 2',
            "expected only",
        ),
        ('schema = "gaitway.acceptance/1"\n[[limits]]\nwhat = "a"\nfigure = 3\nmost = 1', "expected text"),
        ("[[", "TOML"),
    ],
)
def test_criteria_that_make_no_sense_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "acceptance.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        load_criteria(tmp_path / "acceptance.toml")


def test_criteria_of_version_0_1_are_still_read(tmp_path: Path) -> None:
    new, old = 'schema = "gaitway.acceptance/1"', 'schema = "gaitway.gate/1"'
    assert new in CRITERIA.read_text()
    (tmp_path / "gate.toml").write_text(CRITERIA.read_text().replace(new, old))
    assert criteria_file(tmp_path).name == "gate.toml"
    assert load_criteria(criteria_file(tmp_path)) == load_criteria(criteria_file(ROBOT.folder))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"only": ["traking"]}, "unknown part 'traking'"),
        ({"jobs": 0}, "expected 1 to 256"),
        ({"seed": -1}, "expected 0 or more"),
        ({"files": []}, "at least one policy"),
    ],
)
def test_what_cannot_be_played_is_refused_first(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate(**({"files": [WALK]} | wrong))


def run_eval(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaitway.cli", "eval", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


@pytest.mark.parametrize("flag", ["--acceptance", "--gate"])
def test_a_failed_criterion_exits_with_1_and_says_why(tmp_path: Path, flag: str) -> None:
    result = run_eval(flag, "--quick", "--only", "steps", "--json", cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    policy = json.loads(result.stdout)["policies"][0]
    assert not policy["acceptance"]["fit"]
    assert all(row["measured"] is None for row in policy["acceptance"]["criteria"])
    # The names of version 0.1.
    assert policy["gate"] == {"fit": False, "limits": policy["acceptance"]["criteria"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "traking"], "unknown part"),
        (["--only", "tracking,"], "names separated by commas"),
        (["--jobs", "0"], "greater than or equal to 1"),
        (["--report", "report.pdf"], ".html or .png"),
        ([__file__], "ONNX"),
        (["missing.onnx"], "missing.onnx"),
    ],
)
def test_wrong_use_exits_with_2_and_a_reason(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run_eval(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_wilsons_interval() -> None:
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(35, 100) == pytest.approx((0.2636, 0.4475), abs=1e-4)
    assert wilson(20, 20)[1] == 1.0


def test_the_figures_of_a_step_are_those_of_the_curve() -> None:
    time_s = np.arange(0, 3, 0.02)
    rise, fall = 1 - np.exp(-time_s / 0.2), np.exp(-np.arange(0, 2, 0.02) / 0.1)
    curve = 0.1 * np.concatenate([np.zeros(25), rise, fall])
    figures = step_figures(curve, 50, 25, 150, 0.1)
    assert figures["end"] == pytest.approx(0.1, rel=1e-3)
    assert figures["rise_s"] == pytest.approx(0.2 * np.log(9), abs=0.02)
    assert figures["overshoot"] == pytest.approx(0, abs=0.01)
    assert figures["stop_s"] == pytest.approx(0.1 * np.log(10), abs=0.02)
    assert step_figures(np.zeros(275), 50, 25, 150, 0.1)["rise_s"] is None


def test_effort_is_none_where_the_servos_are_limp_and_slip_is_the_speed_over_the_floor() -> None:
    sim = RobotSim(ROBOT)
    sim.set_torque(False)
    effort = Effort(sim, 5)
    for _ in range(5):
        sim.step(ROBOT.default_pose_rad, effort.watch)
    limp = effort.figures()
    assert (limp.energy_j, limp.torque_square_nm2, max(limp.torque_p99)) == (0, 0, 0)

    sliding = RobotSim(ROBOT)
    for _ in range(50):
        sliding.step(ROBOT.default_pose_rad)
    effort = Effort(sliding, 1)
    sliding.data.qvel[:] = 0
    sliding.data.qvel[0] = 0.3
    mujoco.mj_forward(sliding.model, sliding.data)
    effort.tick()
    assert effort.slip_mps == pytest.approx(0.3)


def test_what_is_no_number_passes_no_limit(whole: dict[str, Any]) -> None:
    broken = copy.deepcopy(whole["policies"][0]["parts"])
    broken["tracking"]["backlash"]["error"]["vx"] = float("nan")
    (verdict,) = judge(broken, (Criterion("forward", "tracking/backlash/error/vx", "m/s", 0.5),))
    assert not verdict.passed
