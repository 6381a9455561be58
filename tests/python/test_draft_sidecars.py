"""Sidecars are somebody else's files: bounded, never run, and refused with file and key."""

import contextlib
import json
import re
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from draft_bench import GO2, bare
from draft_files import DEPLOYMENT, ENV, TASK, deploy
from program import run_gaitway

import gaitway
from gaitway.draft import draft, sidecars
from gaitway.errors import GaitwayError, MissingExtraError, PolicyError, UsageError

yaml = pytest.importorskip("yaml", reason="PyYAML, of the extra draft, is not installed")
QUADRUPED = gaitway.Robot.load(GO2)
DEEP = 100_000


def begin(folder: Path, name: str, content: str | bytes) -> Any:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    read = sidecars.read([path])
    data = bare(folder, observations=45, actions=12).read_bytes()
    kind = "legged_gym" if read.kinds in (["legged_gym"], ["gym_deploy"]) else "isaaclab"
    return draft(data, QUADRUPED, name="walk", kind=kind, sidecars=read)


BOMB = "joint_ids_map: [0]\na: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n"
    for before, after in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
MERGES = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{after}: &{after} {{<<: [*{before}, *{before}]}}\n"
    for before, after in zip("abcdefghijk", "bcdefghijkl", strict=True)
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "found an empty file"),
        ("~", "expected a table, found None"),
        ("[]", "expected a table, found []"),
        ("a: [", "expected YAML, found a mistake"),
        ("a: {b", "expected YAML, found a mistake"),
        ("\t", "found an empty file"),
        ("[" * DEEP, "deploy.yaml: expected "),
        ("{a: " * DEEP, "deploy.yaml: expected "),
        ("- " * DEEP, "found more than 64 levels"),
        ("a: [" + "1, " * 250_000 + "]", "found more than 200000 pieces"),
        (MERGES, "found a merge key <<"),
        ("a: !!binary 'x'", "expected YAML, found a mistake"),
        ("a: !unknown 1", "expected YAML, found a mistake"),
        ("? [a]\n: 1", "expected YAML, found a mistake"),
        ("a: " + "1" * 5000, "expected YAML, found a mistake"),
        ("a: 2026-99-99", "expected YAML, found a mistake"),
        ("a: 1", "expected deploy.yaml, env.yaml or agent.yaml"),
        ("\x00\x01", "expected YAML, found a mistake"),
        (b"step_dt: \xfa", "expected UTF-8 text"),
        ("x" * (2 << 20), "expected at most 1048576 bytes, found more"),
        ("joint_ids_map: {a: 1}", "deploy.yaml: joint_ids_map: expected a list of numbers, found {'a': 1}"),
        ("joint_ids_map: [a]", "joint_ids_map: expected a number, found 'a'"),
        ("joint_ids_map: [true]", "joint_ids_map: expected a number, found True"),
        ("decimation: 4\nobservations: {}\nactions: {a: {scale: " + "9" * 400 + "}}", "a: scale: expected a number"),
        ("joint_ids_map: [.inf]", "joint_ids_map: expected a finite number, found inf"),
        ("default_joint_pos: 1", "default_joint_pos: expected a list of numbers, found 1"),
        ("joint_ids_map: [0]\nactions: 1", "deploy.yaml: actions: expected a table, found 1"),
        ("joint_ids_map: [0]\nactions: {a: {scale: [[1]]}}", "deploy.yaml: actions.a: scale: expected a number"),
        ("joint_ids_map: [0]\nobservations: {gyro: {clip: [1, -1]}}", "clip: expected a lowest and a highest number"),
        ("joint_ids_map: [0]\nobservations: {gyro: {history_length: 0.5}}", "history_length: expected a whole number"),
        ("joint_ids_map: [0]\nobservations: {gyro: {history_length: 1e99}}", "history_length: expected"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, content: str | bytes, told: str) -> None:
    began_s = time.process_time()
    with pytest.raises(GaitwayError) as refused:
        begin(tmp_path, "deploy.yaml", content)
    assert told in refused.value.message and refused.value.hint
    assert len(refused.value.message) < 600
    assert time.process_time() - began_s < 20, "a small file must not keep a processor busy"


def test_references_that_multiply_cost_nothing(tmp_path: Path) -> None:
    """A billion texts, if somebody wrote them out: nobody does."""
    with pytest.raises(PolicyError, match="expected"):
        begin(tmp_path, "deploy.yaml", BOMB + "default_joint_pos: *l\n")


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {trap}']",
        "!!python/object/new:os.system ['touch {trap}']",
        "!!python/object:gaitway.robot.Robot {{}}",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
    ],
)
def test_objects_are_never_made(tmp_path: Path, tag: str) -> None:
    """Isaac Lab writes such tags, and so can anybody: they are as if they were not there."""
    trap = tmp_path / "trap"
    begun = begin(
        tmp_path, "deploy.yaml", f"step_dt: 0.02\njoint_ids_map: {tag.format(trap=trap)}\ndefault_joint_pos: []"
    )
    assert not trap.exists() and begun.contract["policy_rate_hz"] == 50
    assert "action.joints" in {question.path for question in begun.questions}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(.*)*x", ".*.*.*.*.*x", "[", "(?=a)", "a" * 500, "(a|b)*", "x{1000}"])
def test_patterns_of_joint_names_cannot_keep_a_processor_busy(tmp_path: Path, pattern: str) -> None:
    content = {
        "decimation": 4,
        "sim": {"dt": 0.005},
        "observations": {"policy": {}},
        "scene": {"robot": {"init_state": {"joint_pos": {pattern: 0.5, "F.*_hip_joint": 0.25}}}},
    }
    began_s = time.process_time()
    begun = begin(tmp_path, "env.yaml", yaml.safe_dump(content))
    assert time.process_time() - began_s < 5
    assert any("patterns of joints were passed over" in warning for warning in begun.warnings)
    assert "FR_hip 0.25, FL_hip 0.25" in {q.path: q.text for q in begun.questions}["action.joints"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "found an empty file"),
        ("x = 1", "expected a class with a class control in it"),
        ("class A:\n    x = 1", "found A"),
        ("def", "expected Python, found a mistake"),
        ("class A:\n    x = " + "(" * DEEP, "expected Python, found a mistake"),
        ("class A:\n    x = " + "-" * DEEP + "1", "expected Python, found a mistake"),
        ("class A:\n    x = \x00", "expected Python, found a mistake"),
        ("class A:\n    class control:\n        action_scale = 'a'", "action_scale: expected a number, found 'a'"),
        ("class A:\n    control = 1", "expected a class with a class control in it"),
        ("class A:\n    class control:\n        stiffness = 3", "control: stiffness: expected a table, found 3"),
    ],
)
def test_a_bad_task_is_refused_with_the_reason(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(GaitwayError) as refused:
        begin(tmp_path, "config.py", content)
    assert told in refused.value.message and refused.value.hint


def test_what_a_task_would_compute_is_absent(tmp_path: Path) -> None:
    values = (
        "9 ** 9 ** 9",
        "1 << 99999",
        "'a' * 10 ** 9",
        "[0] * 10 ** 9",
        "1 / 0",
        "1e308 * 1e308",
        "open('x')",
        "x.y",
    )
    for value in values:
        content = f"class A:\n    class control:\n        decimation = 4\n        action_scale = {value}\n"
        asked = {question.path for question in begin(tmp_path, "config.py", content).questions}
        assert "action.scale" in asked, value


def test_without_pyyaml_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError) as refused:
        begin(tmp_path, "deploy.yaml", "joint_ids_map: [0]")
    assert refused.value.hint == "it is in gaitway[draft]: pip install '.[draft]'"


def test_two_of_a_kind_are_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("joint_ids_map: [0]")
    with pytest.raises(UsageError, match=r"expected one deploy\.yaml, found several"):
        sidecars.read([tmp_path / "a.yaml", tmp_path / "b.yaml"])


def test_other_files_are_named_as_what_they_are(tmp_path: Path) -> None:
    pointer = tmp_path / "deploy.yaml"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n")
    file = bare(tmp_path, observations=45, actions=12)
    refused = run_gaitway("policy", "draft", file, "--robot", GO2)
    assert refused.returncode == 2 and "Git" in refused.stderr
    refused = run_gaitway("policy", "draft", file, "--robot", GO2, "--sidecar", tmp_path / "none.yaml")
    assert refused.returncode == 2 and "none.yaml" in refused.stderr


#: What files in the wild do not have in these places.
JUNK = (
    "null", "-1", "1e999", ".nan", "true", "[]", "{}", "[[1]]", "{a: 1}", "9" * 400, "!!python/tuple [1]", "&a [*a]",
    "*a", "- x", ":", "\n", "(", "'", '"', "\u2028", "0", "a", "lambda: 1", "[0]*3", "{**a}", "...",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_drafted_or_refused_and_nothing_else(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    whole = {
        "deploy.yaml": yaml.safe_dump(deploy(2), sort_keys=False),
        "env.yaml": ENV,
        "go2.yaml": DEPLOYMENT,
        "task.py": TASK.format(trap=tmp_path / "trap"),
    }
    data = bare(tmp_path, observations=45, actions=12).read_bytes()
    drafted = 0
    for _ in range(100):
        name = random.choice(sorted(whole))
        path = tmp_path / name
        path.write_text(damaged(whole[name], random))
        with contextlib.suppress(GaitwayError):
            kind = random.choice((None, "isaaclab", "mjlab", "legged_gym"))
            begun = draft(data, QUADRUPED, name="walk", kind=kind, sidecars=sidecars.read([path]))
            json.dumps(begun.contract, allow_nan=False)
            drafted += 1
    assert drafted > 0 and not (tmp_path / "trap").exists()


def damaged(text: str, random: Random) -> str:
    """The text with one to three words replaced, put in or cut out."""
    for _ in range(random.randint(1, 3)):
        word = random.choice(list(re.finditer(r"[-\w.]+", text)))
        end = word.end() if random.random() < 0.7 else min(len(text), word.start() + random.randint(0, 40))
        text = text[: word.start()] + random.choice((*JUNK, "")) + text[end:]
    return text
