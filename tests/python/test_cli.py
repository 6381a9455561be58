"""The program as people and programs meet it: output, exit codes, errors, signals."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from program import parse, run_gaitway

import gaitway
from gaitway import Robot
from gaitway.errors import SimulationError
from gaitway.socket_folder import socket_folder

WALK = gaitway.Robot.load().default_policy


def test_a_json_run_prints_one_object_with_every_figure(tmp_path: Path) -> None:
    result = run_gaitway("run", "--sim", "--fast", "--seconds", 3, "--command", "0.1,0,0", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    figures = parse(result)
    assert figures.keys() >= {
        "robot", "policy", "contract_hash", "seconds", "ticks", "distance_m", "yaw_rad", "velocity_mps",
        "yaw_rate_rps", "falls", "realtime_factor", "refusals", "limited",
    }  # fmt: skip
    assert (figures["seconds"], figures["ticks"], figures["falls"]) == (3.0, 150, 0)
    assert figures["distance_m"][0] > 0.1
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == [], "nothing is written that was not asked for"


def test_a_run_for_people_says_how_far_and_draws_a_picture(tmp_path: Path) -> None:
    result = run_gaitway("run", "--fast", "--seconds", 3, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "no fall" in result.stdout
    assert "out/run.png" in result.stdout
    assert (tmp_path / "out/run.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_path_in_an_error_is_never_broken_in_two(tmp_path: Path) -> None:
    far = tmp_path.joinpath(*["a_folder_of_forty_characters_and_its_name"], "duck.onnx")
    result = run_gaitway("policy", "check", far)
    assert result.returncode == 2
    assert str(far) in result.stderr, "whoever copies it, or searches for it, finds it whole"


def test_sockets_lie_where_their_path_is_short_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as short:
        long = Path(short, "x" * 90)
        long.mkdir()
        for parent, lies_in in ((Path(short), Path(short)), (long, Path("/tmp"))):
            monkeypatch.setattr(tempfile, "tempdir", str(parent))
            with socket_folder("gaitway-teleop-") as name, socket.socket(socket.AF_UNIX) as listener:
                assert Path(name).parent == lies_in
                Path(name, "follower").mkdir()
                listener.bind(f"{name}/follower/api.sock")
            assert not Path(name).exists()


def test_a_robot_that_falls_exits_with_1(tmp_path: Path) -> None:
    result = run_gaitway("run", "--fast", "--kp", 2, "--seconds", 4, "--json", cwd=tmp_path)
    assert result.returncode == 1
    figures = parse(result)
    assert figures["falls"] >= 1
    assert figures["verdict"] == "compatible with override"
    assert any("kp 2" in override for override in figures["overrides"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--nonsense"], "--nonsense"),
        (["run", "--seconds", "-1"], "--seconds"),
        (["run", "--seconds", "nan"], "--seconds"),
        (["run", "--command", "1,2"], "3 or 7 numbers in that order"),
        (["run", "--command", "a,b,c"], "expected axis=value of vx, vy, wz, neck_pitch"),
        (["run", "--command", "0,0,inf"], "finite"),
        (["run", "--command", "vx=0.1,vx=0.2"], "each axis once"),
        (["run", "--command", "vx=0.1,0.2"], "expected axis=value of"),
        (["run", "--command", "reach=0.1"], "has no command axis 'reach'"),
        (["run", "--command", "0,0,0", "--script", "x.toml"], "exclude each other"),
        (["run", "--script", "missing.toml"], "missing.toml"),
        (["run", "--policy", "missing.onnx"], "missing.onnx"),
        (["run", "--robot", "cat"], "no robot is called 'cat'"),
        (["run", "--config", "missing.json"], "missing.json"),
        (["run", "--port", "/dev/ttyACM0", "--fast"], "--port and --fast exclude each other"),
        (["run", "--sim", "--port", "x"], "exclude each other"),
        (["run", "--loop-hz", "75"], "50 times a whole number"),
        (["run", "--loop-hz", "150"], "no whole number of physics steps"),
        (["run", "--robot", "x" * 300], "no robot is called"),
        (["run", "--picture", "run.txt"], "--picture: expected a .png"),
        (["run", "--assume-contract", "open_duck_walk"], "the file's own contract is"),
        (["run", "--kp", "300"], "kp: expected 0 to 255"),
        (["run", "--engine", "tensorrt"], "engine"),
        (["run", "--video", "film.avi"], ".mp4 or .gif"),
        (["policy", "check", "missing.onnx"], "missing.onnx"),
        (["policy", "inspect", __file__], "ONNX"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    for_people = run_gaitway(*arguments, cwd=tmp_path)
    assert for_people.returncode == 2
    assert words in " ".join(for_people.stderr.split())
    assert "Traceback" not in for_people.stderr
    assert for_people.stdout == ""
    for_programs = run_gaitway(*arguments, "--json", cwd=tmp_path)
    assert for_programs.returncode == 2
    assert words in parse(for_programs)["error"]


def test_a_forced_cpu_path_that_does_not_exist_is_an_error_and_no_crash(tmp_path: Path) -> None:
    result = run_gaitway("run", "--fast", "--seconds", 1, "--json", cwd=tmp_path, GAITWAY_CPU="mmx")
    assert result.returncode == 2
    assert "mmx" in parse(result)["error"]


def test_a_policy_of_the_robot_is_asked_for_by_name(tmp_path: Path) -> None:
    result = run_gaitway("run", "--fast", "--seconds", 1, "--policy", "walk", "--json", cwd=tmp_path)
    assert parse(result)["policy"] == str(WALK)
    result = run_gaitway("run", "--fast", "--policy", "wlak", "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert "policy wlak: no such file, and no policy of open_duck_mini_v2" in parse(result)["error"]
    assert "it has stand, walk" in str(parse(result))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_order_with_its_report(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "run", "--seconds", "60"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "running" in process.stderr.readline()
        time.sleep(1.0)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert "ended early as asked" in stdout
    assert (tmp_path / "out/run.png").exists()


def test_a_script_is_walked_segment_by_segment(tmp_path: Path) -> None:
    script = tmp_path / "walk.toml"
    script.write_text('[[segment]]\nname = "ahead"\nseconds = 2\nvx = 0.1\n[[segment]]\nseconds = 1\n')
    result = run_gaitway("run", "--fast", "--script", script, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "ahead" in result.stdout
    assert "segment 2" in result.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vx = 1", "expected [[segment]] tables"),
        ("[[segment]]\nseconds = 1\nspeed = 2", "expected only the keys"),
        ("[[segment]]\nseconds = 0", "segment[0].seconds"),
        ("[[segment]]\nvx = 0.1", "segment[0].seconds"),
        ('[[segment]]\nseconds = 1\nvx = "fast"', "segment[0].vx"),
        ("[[segment", "script"),
    ],
)
def test_a_bad_script_names_the_place(tmp_path: Path, text: str, words: str) -> None:
    script = tmp_path / "walk.toml"
    script.write_text(text)
    result = run_gaitway("run", "--script", script, "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert words in parse(result)["error"]


def test_a_duck_config_is_read_and_what_it_lacks_or_has_too_much_is_said(tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text('{"imu_upside_down": true, "joints_offsets": {"left_knee": 0.1}, "colour": "blue"}')
    result = run_gaitway("run", "--fast", "--seconds", 1, "--config", config, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "colour: unknown key, ignored" in result.stdout


@pytest.mark.parametrize(("suffix", "pictures", "most_bytes"), [(".mp4", 25, 200_000), (".gif", 13, 250_000)])
def test_a_film_shows_the_run(tmp_path: Path, suffix: str, pictures: int, most_bytes: int) -> None:
    require_gl()
    film = tmp_path / f"walk{suffix}"
    result = run_gaitway("run", "--fast", "--seconds", 1, "--video", film, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    parse(result)
    import av

    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == pictures
    assert (frames[0] != frames[-1]).any(), "the duck moves"
    assert film.stat().st_size < most_bytes, "a film is small enough to be sent to somebody"
    # Its orange rings are a few pixels: a palette by area would leave them out.
    red, _, blue = (frames[0][..., channel].astype(int) for channel in range(3))
    assert (red - blue > 120).sum() > 50


def require_gl() -> None:
    from gaitway.sim import render

    try:
        render._working_backend()
    except SimulationError as error:
        pytest.skip(f"no OpenGL here: {error.message}")


def test_without_gl_one_line_says_what_to_install(tmp_path: Path) -> None:
    arguments = ["run", "--fast", "--seconds", "1", "--video", tmp_path / "walk.gif", "--json"]
    result = run_gaitway(*arguments, cwd=tmp_path, MUJOCO_GL="glfw", DISPLAY="", WAYLAND_DISPLAY="")
    assert result.returncode == 1
    said = parse(result)
    assert "OpenGL" in said["error"]
    assert "libosmesa6" in said["hint"]


def test_inspect_prints_the_contract(tmp_path: Path) -> None:
    result = run_gaitway("policy", "inspect", WALK, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    about = parse(result)
    assert about["basis"] == "embedded"
    assert about["golden_ticks"] >= 32
    assert about["contract"]["observation"][0]["name"] == "gyro"
    assert "observation" in run_gaitway("policy", "inspect", WALK, cwd=tmp_path).stdout


def test_check_passes_what_ships_and_embed_makes_a_lone_file_complete(tmp_path: Path) -> None:
    assert run_gaitway("policy", "check", WALK, cwd=tmp_path).returncode == 0
    contract = tmp_path / "contract.json"
    contract.write_text(gaitway.Policy.load(WALK).contract.to_json())
    copy = tmp_path / "copy.onnx"
    result = run_gaitway("policy", "embed", WALK, contract, "-o", copy, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    checked = parse(run_gaitway("policy", "check", copy, "--json", cwd=tmp_path))
    assert checked["passed"] is True
    assert copy.read_bytes() == WALK.read_bytes(), "embedding what is already there changes nothing"


def test_embed_makes_golden_ticks_for_a_contract_without(tmp_path: Path) -> None:
    """Of a policy as most trainings make them: gravity in place of the accelerometer, actions that the robot clips."""
    contract = json.loads(gaitway.Policy.load(WALK).contract.to_json())
    del contract["golden"]
    accelerometer = next(term for term in contract["observation"] if term["source"] == "accelerometer")
    accelerometer |= {"name": "gravity", "source": "projected_gravity", "unit": "1"}
    contract["action"]["bounds"] = [-0.3, 0.3]
    contract["gains"]["kp"] = 1
    described, complete = tmp_path / "contract.json", tmp_path / "complete.onnx"
    described.write_text(json.dumps(contract))
    result = run_gaitway("policy", "embed", WALK, described, "-o", complete, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert parse(result)["golden"] == {"ticks": 40, "made_by": "gaitway.golden (numpy, onnxruntime)"}
    assert [words[:40] for words in parse(result)["warnings"]] == ["the stiffness of every joint is 1.000, a"]
    checked = parse(run_gaitway("policy", "check", complete, "--json", cwd=tmp_path))
    assert checked["passed"] is True and checked["golden"]["ticks"] == 40
    # Without onnxruntime the actions are the engine's own, which is said.
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'onnxruntime' else find(name, *rest)\n"
    )
    result = run_gaitway("policy", "embed", WALK, described, "-o", complete, cwd=tmp_path, PYTHONPATH=str(hidden))
    assert "made by gaitway.golden (numpy; actions by the native engine)" in result.stdout
    assert "suspicious: the stiffness of every joint is 1.000" in result.stderr
    assert run_gaitway("policy", "check", complete, cwd=tmp_path).returncode == 0


def test_embed_says_which_contract_it_makes_no_golden_ticks_for(tmp_path: Path) -> None:
    contract = json.loads(gaitway.Policy.load(WALK).contract.to_json())
    del contract["golden"]
    contract["reset"]["target"] = "zero"
    described = tmp_path / "contract.json"
    described.write_text(json.dumps(contract))
    result = run_gaitway("policy", "embed", WALK, described, "-o", tmp_path / "out.onnx", cwd=tmp_path)
    assert result.returncode == 2 and "no golden ticks can be made: reset.target" in result.stderr
    assert not (tmp_path / "out.onnx").exists()


def test_check_names_the_term_of_a_wrong_contract_and_exits_with_1(tmp_path: Path) -> None:
    description = json.loads(gaitway.Policy.load(WALK).contract.to_json())
    velocity = next(term for term in description["observation"] if term["source"] == "joint_velocity")
    velocity["scale"] = 1.0
    contract, wrong = tmp_path / "contract.json", tmp_path / "wrong.onnx"
    contract.write_text(json.dumps(description))
    assert run_gaitway("policy", "embed", WALK, contract, "-o", wrong, cwd=tmp_path).returncode == 0
    result = run_gaitway("policy", "check", wrong, cwd=tmp_path)
    assert result.returncode == 1
    said = " ".join(result.stdout.split())
    assert velocity["name"] in said
    assert "scaled: ours is 20.00000 times" in said


def test_an_unknown_file_is_refused_until_a_contract_is_assumed(tmp_path: Path) -> None:
    import onnx

    model = onnx.load(WALK)
    del model.metadata_props[:]
    (mean,) = [weight for weight in model.graph.initializer if weight.name == "mean"]
    mean.raw_data = bytes(len(mean.raw_data))
    unknown = tmp_path / "unknown.onnx"
    onnx.save(model, unknown)
    refused = parse(run_gaitway("run", "--fast", "--policy", unknown, "--json", cwd=tmp_path))
    assert "carries no contract" in refused["error"]
    assert "--assume-contract" in refused["hint"]
    arguments = ["--policy", unknown, "--assume-contract", "gaitway_walk", "--json", "--seconds", "1"]
    assumed = parse(run_gaitway("run", "--fast", *arguments, cwd=tmp_path))
    # Its normaliser's mean is zero now, and gravity is missing from the accelerometer's.
    assert "accelerometer" in assumed["error"]


def test_a_policy_of_another_rate_is_refused_and_not_run_too_slowly(tmp_path: Path) -> None:
    description = json.loads(gaitway.Policy.load(WALK).contract.to_json()) | {"policy_rate_hz": 100}
    contract, fast = tmp_path / "contract.json", tmp_path / "fast.onnx"
    contract.write_text(json.dumps(description))
    assert run_gaitway("policy", "embed", WALK, contract, "-o", fast, cwd=tmp_path).returncode == 0
    result = run_gaitway("run", "--fast", "--policy", fast, "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert "loop rate 50 Hz does not fit a policy of 100 Hz" in parse(result)["error"]


def test_embed_follows_a_link_keeps_permissions_and_leaves_devices_alone(tmp_path: Path) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(gaitway.Policy.load(WALK).contract.to_json())
    target, link, pipe = tmp_path / "target.onnx", tmp_path / "link.onnx", tmp_path / "pipe"
    target.write_bytes(b"")
    target.chmod(0o600)
    link.symlink_to(target)
    os.mkfifo(pipe)
    assert run_gaitway("policy", "embed", WALK, contract, "-o", link, cwd=tmp_path).returncode == 0
    assert link.is_symlink()
    assert target.read_bytes() == WALK.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    for wrong in (pipe, tmp_path, Path("x" * 300)):
        result = run_gaitway("policy", "embed", WALK, contract, "-o", wrong, "--json", cwd=tmp_path)
        assert result.returncode == 2
        assert "cannot write policy" in parse(result)["error"]
    assert pipe.is_fifo()
    assert not list(tmp_path.glob(".gaitway-*")), "nothing half written is left"


def test_a_film_that_cannot_be_written_and_a_name_with_markup_are_no_tracebacks(tmp_path: Path) -> None:
    (tmp_path / "dir.mp4").mkdir()
    result = run_gaitway("run", "--fast", "--seconds", 1, "--video", "dir.mp4", "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert "cannot write film" in parse(result)["error"]
    script = tmp_path / "walk.toml"
    script.write_text("[[segment]]\nname = '[/bold] x'\nseconds = 1\n")
    result = run_gaitway("run", "--fast", "--script", script, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "[/bold] x" in result.stdout


def test_a_full_disk_behind_stdout_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "run", "--fast", "--seconds", "1", "--json"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_version_names_build_and_cpu_path(tmp_path: Path) -> None:
    result = run_gaitway("--version", cwd=tmp_path)
    assert result.stdout.startswith("gaitway 0.2.0 (release build")
    assert "cpu path" in result.stdout


def test_a_bench_prints_its_ratios_and_no_allocation(tmp_path: Path) -> None:
    arguments = ["--ticks", 200, "--rounds", 1, "--no-callgrind", "--json"]
    result = run_gaitway("bench", "tick", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    figures = parse(result)
    assert figures["allocations_per_tick"] == 0
    assert figures["ratios"].keys() == {"tick_to_inference", "inference_to_onnxruntime", "inference_to_numpy"}
    assert figures["tick"]["p50_ns"] > 0


def test_a_robot_is_shown_whole_with_the_hash_that_contracts_name() -> None:
    told = json.loads(run_gaitway("robot", "show", "--json").stdout)
    facts = {
        "name": told["name"],
        "joints": [[joint[key] for key in ("name", "min_rad", "max_rad", "default_rad")] for joint in told["joints"]],
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":")).replace("0.0,", "0,").replace("0.0]", "0]")
    assert hashlib.sha256(canonical.encode()).hexdigest() == told["policy_sha256"] == Robot.load().native.policy_sha256
    assert told["policies"] == ["stand", "walk"] and len(told["joints"]) == 14
    shown = run_gaitway("robot", "show")
    assert told["policy_sha256"] in shown.stdout and "left_knee" in shown.stdout, shown.stdout
    assert json.loads(run_gaitway("robot", "list", "--json").stdout)["robots"][0]["name"] == told["name"]
