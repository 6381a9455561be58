"""What the documents show runs as shown."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from daemon_bench import BINARY

import gaitway
from gaitway.cli.app import app
from gaitway.script import load_script

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from write_reference import cli_page, contract_page  # noqa: E402

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
#: What the changelog names may be gone.
TODAY = [page for page in PAGES if page.name != "CHANGELOG.md"]
#: Pages of the site that scripts/write_reference.py makes.
MADE = {"reference-cli.md", "reference-gaitwayd.md", "reference-contract.md"}


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


def test_python_of_the_local_api_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    *_, walks, waits = blocks("docs/local-api.md", "python")
    for block in (walks, waits):
        exec(compile(block, "docs/local-api.md", "exec"), {})
    state, rows, policy = capsys.readouterr().out.split()
    assert state == "running" and int(rows) > 200 and policy == "stand"


@pytest.mark.realtime
def test_the_three_lines_of_the_readme_walk_a_twin(binary: None) -> None:
    (block,) = blocks("README.md", "python")
    lines = block.replace('"sim:", fast=True', '"twin:"').replace("seconds=12", "seconds=1").splitlines()
    names: dict[str, Any] = {}
    exec(compile("\n".join(line for line in lines if "print" not in line), "README.md", "exec"), names)
    assert names["robot"].figures["distance_m"][0] > 0


def test_the_controller_of_the_researchers_page_fits(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks("docs/policies.md", "python")
    exec(compile(block, "docs/policies.md", "exec"), {})
    assert capsys.readouterr().out.startswith("compatible 50 ")


def test_the_environments_of_the_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks("docs/gymnasium.md", "python"):
        exec(compile(block, "docs/gymnasium.md", "exec"), names)
    assert capsys.readouterr().out.startswith("stood for 2.0 s\n")
    names["env"].reset(seed=0)
    names["env"].step(names["env"].default_action)


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {page.name: re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE) for page in PAGES}
    assert {"walk", "test", "docs"} <= set(called["README.md"])
    assert [(page, name) for page, names in called.items() for name in names if name not in targets] == []


def test_the_scripts_in_the_docs_are_scripts(tmp_path: Path) -> None:
    (block,) = blocks("docs/formats.md", "toml")
    script = tmp_path / "script.toml"
    script.write_text(block)
    assert load_script(script, gaitway.Robot.load()).seconds == 5
    assert load_script(ROOT / "docs/pictures/film.toml", gaitway.Robot.load()).seconds == 4


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
    options: dict[str, set[str]] = {}
    for section in re.split(r"^##+ `gaitway ", cli_page(), flags=re.MULTILINE)[1:]:
        named = re.findall(r"^\* `(-[^`]+)`", section, re.MULTILINE)
        options[section.split("`")[0]] = set(re.findall(r"--[a-z0-9-]+", " ".join(named)))
    seen = 0
    for page in TODAY:
        for words, rest in re.findall(r"(?:^|`|\$ )gaitway ((?:[a-z]+ ?)+)([^`\n#]*)", page.read_text(), re.MULTILINE):
            name = words.split()[0]
            for word in words.split()[1:]:
                if any(command.startswith(f"{name} ") for command in options):
                    name = f"{name} {word}"
            seen += 1
            assert name in options, f"{page.name}: gaitway {words}"
            # What stands behind is gaitwayd's.
            own, _, _ = rest.partition(" -- ")
            given = set(re.findall(r"(?<![\w-])(--[a-z0-9-]+)", own))
            assert given <= options[name], f"{page.name}: gaitway {words}{rest}"
    assert seen > 100


@pytest.mark.skipif(not BINARY.exists(), reason="gaitwayd is not built")
def test_flags_of_the_daemon_in_the_documents_exist() -> None:
    told = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    flags = set(re.findall(r"--[a-z0-9-]+", told))
    seen = 0
    for page in TODAY:
        for rest in re.findall(r"(?:^|`|\$ |/)gaitwayd ([^`\n#|]*)", page.read_text(), re.MULTILINE):
            given = set(re.findall(r"(?<![\w-])(--[a-z0-9-]+)", rest))
            seen += len(given)
            assert given <= flags, f"{page.name}: gaitwayd {rest}"
    assert seen > 30


def test_the_page_of_the_contract_explains_every_key_and_value() -> None:
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    explained = set(re.findall(r"[a-z_0-9]+", (ROOT / "docs/contract.md").read_text()))
    # A golden tick's rows are for programs; formats.md has them.
    tables = {name: table for name, table in (schema | schema["$defs"]).items() if not name.startswith("Golden")}
    tables["Contract"] = schema
    keys = {key for table in tables.values() if isinstance(table, dict) for key in table.get("properties", ())}
    values = {
        choice["const"]
        for table in schema["$defs"].values()
        for choice in table.get("oneOf", ())
        if isinstance(choice.get("const"), str)
    }
    # A frame that no robot here can sense.
    assert (keys | values) - explained == {"world"}


def test_the_reference_has_every_key_of_a_contract() -> None:
    schema = json.loads((ROOT / "docs/contract.schema.json").read_text())
    page = contract_page()
    parts = [schema, *schema["$defs"].values()]
    keys = [key for part in parts for key in part.get("properties", ())]
    assert len(keys) > 50
    assert [key for key in keys if f"| `{key}` |" not in page] == []


def test_the_python_reference_names_things_that_exist() -> None:
    named = re.findall(r"^::: ([\w.]+)$", (ROOT / "docs/reference-python.md").read_text(), re.MULTILINE)
    assert len(named) > 8
    for name in named:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            # `gaitway.command` is the function, and the module that holds it.
            assert hasattr(sys.modules.get(module) or importlib.import_module(module), attribute), name


def test_every_page_is_in_the_sites_navigation_once() -> None:
    listed = re.findall(r"^ +- .*: ([a-z0-9-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed)) > 15
    from_root = set(re.findall(r'"[A-Z]+\.md": "([a-z]+\.md)"', (ROOT / "scripts/site_hooks.py").read_text()))
    assert set(listed) == {page.name for page in ROOT.glob("docs/*.md")} | from_root | MADE


def test_every_file_the_documents_link_to_exists() -> None:
    for document in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if "://" not in target and target not in MADE:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_headings_that_the_readme_links_to_exist() -> None:
    # The links of all other pages are checked by `make docs`; the README is no page of the site.
    linked = re.findall(r"\]\(([^)#]+)#([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(linked) > 2
    for target, anchor in linked:
        headings = re.findall(r"^#+ (.+)$", (ROOT / target).read_text(), re.MULTILINE)
        slugs = [re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())) for heading in headings]
        assert anchor in slugs, f"{target}#{anchor}"


def test_every_page_that_a_message_names_exists() -> None:
    sources = [*ROOT.glob("python/**/*.py"), *ROOT.glob("crates/**/*.rs"), *ROOT.glob("apps/**/*.rs")]
    named = {page for source in sources for page in re.findall(r"docs/[\w-]+\.(?:md|json)", source.read_text())}
    assert "docs/formats.md" in named
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []


def test_code_in_tables_has_no_bar() -> None:
    """The repository's page shows `a\\|b` as a|b, the site with the backslash."""
    assert [(page.name, code) for page in PAGES for code in re.findall(r"`[^`\n]*\\\|[^`\n]*`", page.read_text())] == []


def test_what_the_site_is_built_with_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entry = re.compile(r"^([\w.-]+)==(\S+)[^\n]*\n    --hash=sha256:", re.MULTILINE)
    docs, tests = (dict(entry.findall((ROOT / f"requirements-{name}.lock").read_text())) for name in ("docs", "test"))
    wanted = [*project["dependencies"], *project["optional-dependencies"]["docs"]]
    assert {re.split(r"[<>=]", line)[0] for line in wanted} <= docs.keys()
    # The site shows the help that the tests see.
    assert [docs[name] for name in ("rich", "typer")] == [tests[name] for name in ("rich", "typer")]


@pytest.mark.realtime
def test_the_bring_up_page_shows_what_the_programs_say(binary: None) -> None:
    command = [sys.executable, str(ROOT / "scripts/bring_up.py"), "--check"]
    # A computer that was busy for a moment loses an answer, and says so; three times it is the page that is wrong.
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode == 0:
            return
    raise AssertionError(done.stdout + done.stderr)
