"""What the documents show runs as shown."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import gaitway
from gaitway.cli.app import app
from gaitway.sim.script import load_script

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from write_reference import cli_page, contract_page, python_page  # noqa: E402

#: Pages of the site that scripts/write_reference.py makes.
REFERENCE = ("cli", "gaitwayd", "python", "contract")
MADE = {f"reference-{name}.md" for name in REFERENCE}


def blocks(file: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)


@pytest.mark.parametrize(("page", "least_m"), [("README.md", 1.5), ("docs/first-walk.md", 0.7)])
def test_python_in_the_documents_runs_and_the_robot_walks(
    page: str, least_m: float, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks(page, "python")
    exec(compile(block, page, "exec"), {})
    position_m = [float(number) for number in re.findall(r"-?\d+\.\d+", capsys.readouterr().out)]
    assert position_m[0] > least_m


def test_the_controller_of_the_researchers_page_fits(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks("docs/policies.md", "python")
    exec(compile(block, "docs/policies.md", "exec"), {})
    assert capsys.readouterr().out.startswith("compatible 50 ")


def test_the_readme_is_one_page_and_its_make_targets_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 90
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        called = set(re.findall(r"^make ([a-z-]+)", page.read_text(), re.MULTILINE))
        assert called <= targets, page.name
    assert {"walk", "test"} <= set(re.findall(r"^make ([a-z-]+)", readme, re.MULTILINE))


def test_the_scripts_in_the_docs_are_scripts(tmp_path: Path) -> None:
    (block,) = blocks("docs/formats.md", "toml")
    script = tmp_path / "script.toml"
    script.write_text(block)
    assert load_script(script).seconds == 5
    assert load_script(ROOT / "docs/pictures/film.toml").seconds == 4


def test_the_contracts_that_ship_follow_the_published_schema() -> None:
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    robot = gaitway.Robot.load()
    contracts = [*robot.known_contracts, gaitway.Policy.load(robot.default_policy).contract]
    assert len(contracts) >= 3
    for contract in contracts:
        jsonschema.validate(json.loads(contract.to_json()), schema)
    broken = json.loads(contracts[0].to_json()) | {"colour": "blue"}
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate(broken, schema)


def test_every_command_is_in_the_list_of_commands() -> None:
    listed = (ROOT / "docs" / "commands.md").read_text()
    commands = [*(each.name for each in app.registered_commands), *(group.name for group in app.registered_groups)]
    assert len(commands) > 15
    assert [name for name in commands if f"`gaitway {name}" not in listed] == []


def test_commands_and_options_in_the_documents_exist() -> None:
    reference = cli_page()
    options = set(re.findall(r"`(--[a-z0-9-]+)`", reference))
    commands = set(re.findall(r"^##+ gaitway (.+)$", reference, re.MULTILINE))
    seen = 0
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
        called = re.findall(r"(?:^|`|\$ )gaitway ((?:[a-z]+ ?)+)([^`\n#]*)", page.read_text(), re.MULTILINE)
        for words, rest in called:
            name = words.split()
            seen += 1
            assert {name[0], " ".join(name[:2])} & commands, f"{page.name}: gaitway {words}"
            assert set(re.findall(r"(?<![\w-])(--[a-z0-9-]+)", rest)) <= options, f"{page.name}: gaitway {words}{rest}"
    assert seen > 100


def test_the_reference_has_every_command_and_every_public_name() -> None:
    assert "### gaitway motors calibrate" in cli_page() and "gaitway run" in cli_page()
    python = python_page()
    names = [name for name in gaitway.__all__ if not inspect.ismodule(getattr(gaitway, name))]
    assert len(names) > 10
    assert [name for name in names if f"### `{name}` " not in python] == []
    assert " at 0x" not in python + cli_page()
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    assert [key for key in schema["properties"] if f"| `{key}` |" not in contract_page()] == []


def test_every_page_is_in_the_sites_navigation_once() -> None:
    listed = re.findall(r"^ +- .*: ([a-z-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed)) > 15
    hooks = (ROOT / "scripts/site_hooks.py").read_text()
    made = set(re.findall(r'"[A-Z]+\.md": "([a-z]+\.md)"', hooks)) | {f"reference-{name}.md" for name in REFERENCE}
    assert set(listed) == {page.name for page in ROOT.glob("docs/*.md")} | made


def test_every_file_the_documents_link_to_exists() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if "://" not in target:
                if target in MADE:
                    continue
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.realtime
def test_the_bring_up_page_shows_what_the_programs_say(binary: None) -> None:
    command = [sys.executable, str(ROOT / "scripts/bring_up.py"), "--check"]
    # A computer that was busy for a moment loses an answer, and says so; three times it is the page that is wrong.
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode == 0:
            return
    raise AssertionError(done.stdout + done.stderr)
