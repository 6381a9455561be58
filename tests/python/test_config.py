"""What makes this robot this robot is read where it is looked for, applied and said; other kinds of files are named."""

import json
import pickle
import subprocess
from array import array
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import BINARY, Bench
from program import parse, run_gaitway

import gaitway
from gaitway import Robot, _native, observations
from gaitway.bringup.imu import Calibration
from gaitway.bringup.motors import Motors
from gaitway.errors import GaitwayError, PolicyError, ProfileError, RecordingError, UsageError
from gaitway.policy import Policy
from gaitway.recording import Recording
from gaitway.robot import usual_config, without_config

DUCK = Robot.load()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 884177\n"


def events(process: "subprocess.Popen[str]", until: str) -> list[dict[str, Any]]:
    """Lines of its log up to the first event of that name."""
    assert process.stdout
    found: list[dict[str, Any]] = []
    for line in process.stdout:
        found.append(json.loads(line))
        if found[-1]["event"] == until:
            break
    return found


def test_without_a_configuration_no_torque_is_enabled_and_it_says_where_it_looked(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sudo = ("env", f"HOME={home}", "SUDO_USER=pi")
    with bench.start("--no-record", "--seconds", "2", prefix=sudo, no_config=False) as process:
        said = events(process, "ended")
    [none] = [event for event in said if event["event"] == "no configuration"]
    assert none["looked_for"] == str(home / "duck_config.json") and "~pi/duck_config.json" in none["hint"]
    assert any(event.get("why") == "no duck_config.json was found: offsets are unknown" for event in said), said
    assert bench.most_driven == 0
    with bench.start("--no-record", "--seconds", "1", prefix=("env", "-u", "HOME"), no_config=False) as process:
        [none] = [event for event in events(process, "ended") if event["event"] == "no configuration"]
    assert none["looked_for"] is None and "HOME is not set" in none["hint"]


def test_the_configuration_at_home_is_read_said_and_enables_torque(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "duck_config.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"action_scale": 0.2, "debug": True, "colour": 1}).encode())
    home = ("env", f"HOME={tmp_path}")
    with bench.start("--no-record", "--command", "vx=1", prefix=home, no_config=False) as process:
        bench.wait_for(14)
        process.terminate()
        said = events(process, "ended")
    configuration = [event for event in said if event["event"] == "configuration"]
    assert configuration[0]["file"] == str(path)
    assert [event.get("applied") for event in configuration[1:2]] == ["action_scale: 0.2 rad for an action of one"]
    assert [event.get("ignored") for event in configuration[2:]] == ["colour: unknown key, ignored"]
    [override] = [event for event in said if event["event"] == "override"]
    assert "action scale 0.2" in override["what"]
    [limited] = [event for event in said if event["event"] == "command limited"]
    assert limited["what"] == "vx: asked 1.00, allowed 0.15"


def test_a_wrong_configuration_names_the_file_and_every_mistake(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"joints_offsets": {"neck_pitch": -53, "left_ankle": 2.3}}')
    done = bench.start("--duck-config-path", str(path))
    _, said = done.communicate(timeout=60)
    assert done.returncode == 1 and said.startswith(f"gaitwayd: {path}: at joints_offsets.left_ankle: expected -1.52")
    assert "at joints_offsets.neck_pitch" in said
    assert f"gaitway motors calibrate left_ankle neck_pitch --config {path}" in said


def test_a_configuration_turns_and_renumbers_as_a_profile_does(tmp_path: Path) -> None:
    config, profile = tmp_path / "duck_config.json", tmp_path / "profile.toml"
    signs = {joint: -1 if joint == "left_knee" else 1 for joint in DUCK.joint_names}
    config.write_text(
        json.dumps({"joints_signs": signs, "servo_ids": {"left_hip_yaw": 10, "right_hip_yaw": 20}, "_": "mine"})
    )
    text = (DUCK.folder / "profile.toml").read_text()
    knee = text.index('name = "left_knee"')
    text = text[:knee] + text[knee:].replace("direction = 1", "direction = -1", 1)
    text = text.replace("\nid = 20", "\nid = 0").replace("\nid = 10", "\nid = 20")
    profile.write_text(text.replace("\nid = 0", "\nid = 10"))
    configured, mirrored = Robot.load(config=config), Robot.load(profile)
    # The argument's name in version 0.1.
    assert Robot.load(duck_config=config).applied == configured.applied
    assert configured.native.directions == mirrored.native.directions != DUCK.native.directions
    assert configured.native.servo_ids == mirrored.native.servo_ids != DUCK.native.servo_ids
    assert len(configured.applied) == 3 and configured.ignored == ()


def test_the_tools_say_which_configuration_they_read(bench: Bench, tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text('{"servo_ids": {"head_roll": 99}}')
    at_home = run_gaitway("motors", "voltage", "--port", bench.link, HOME=str(tmp_path))
    assert f"with {config}" in at_home.stderr and "head_roll is servo 99" in at_home.stderr, at_home.stderr
    # Another id than the twin's: the tool asked the one the configuration names.
    assert "silent" in at_home.stdout
    nowhere = run_gaitway("motors", "voltage", "--port", bench.link, HOME=str(tmp_path / "none"))
    assert "every offset counts as zero; name another file with --config" in nowhere.stderr
    config.write_text("{")
    limp = run_gaitway("motors", "limp", "--port", bench.link, HOME=str(tmp_path))
    assert limp.returncode == 0 and "without its configuration" in limp.stderr, limp.stderr


def test_the_home_folder_of_sudo_is_named_and_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("SUDO_USER", "pi")
    assert usual_config() == Path("/root/duck_config.json")
    assert "~pi/duck_config.json" in without_config(DUCK)
    arm = Robot.load(Path(__file__).parent / "robots/arm/profile.toml")
    assert without_config(arm) == "no configuration: every offset counts as zero; name one with --config"
    monkeypatch.delenv("SUDO_USER")
    for home in ("", "relative"):
        monkeypatch.setenv("HOME", home)
        assert usual_config() is None and "HOME is not set" in without_config(DUCK)


def test_a_calibration_loads_a_file_whose_offsets_cannot_be(tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text('{"joints_offsets": {"neck_pitch": -53.0, "left_knee": 0.1}}')
    with pytest.raises(ProfileError, match=r"neck_pitch: expected -2\.74 to 1\.96 rad") as refused:
        Robot.load(config=config)
    assert refused.value.hint.endswith(f"gaitway motors calibrate neck_pitch --config {config}")
    duck = DUCK.configured(config, unreachable_are_zero=True)
    assert duck.counted_as_zero == ("neck_pitch",)
    assert duck.native.offsets_rad[DUCK.joint_names.index("left_knee")] == 0.1


@pytest.mark.parametrize("config", [{"imu_address": "0x29"}, {"imu_chip_id": "0xa1"}])
def test_an_imu_that_is_another_is_found_or_named(tmp_path: Path, config: dict[str, str]) -> None:
    path, bus = tmp_path / "duck_config.json", tmp_path / "i2c"
    path.write_text(json.dumps(config))
    host = _native.TwinHost(Robot.load(config=path).native, i2c_socket=bus)
    try:
        host.sample_imu(array("f", (0, 0, 0, 0, 0, 9.81, 1, 1)))
        plain = run_gaitway("imu", "watch", "--bus", bus, "--seconds", 1, HOME="/nowhere")
        told = parse(run_gaitway("imu", "watch", "--bus", bus, "--seconds", 1, "--config", path, "--json"))
    finally:
        host.stop()
    if "imu_address" in config:
        assert plain.returncode == 0 and "the IMU answers at 0x29, not 0x28" in plain.stderr
    else:
        assert plain.returncode == 2 and "chip id 0xa1 at address 0x28" in plain.stderr
        assert '"imu_chip_id": "0xa1"' in " ".join(plain.stderr.split())
    assert told["is_up"] and told["problem"] is None


@pytest.mark.parametrize(
    ("data", "words"),
    [(POINTER, "Git-LFS pointer to a file of 884177"), (b"", "an empty file"), (b"<!DOCTYPE html>", "a web page")],
)
def test_files_that_are_something_else_are_named(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "file.pkl"
    path.write_bytes(data)
    with pytest.raises(PolicyError, match=words):
        Policy.load(path)
    with pytest.raises(RecordingError, match=words):
        Recording.load(path)
    with pytest.raises(UsageError, match=words):
        Calibration.load(path)
    with pytest.raises(RecordingError, match=words):
        observations.load(path)


def test_pickles_of_another_chip_and_of_another_policy_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file.pkl"
    path.write_bytes(pickle.dumps({"gyro_bias": [0, 0, 0], "accel_bias": [0, 0, 0]}))
    with pytest.raises(UsageError, match=r"of a BNO055, .*found one of another: gyro_bias"):
        Calibration.load(path)
    path.write_bytes(pickle.dumps([[0.1] * 47] * 3))
    with pytest.raises(UsageError, match="rows of 47 numbers, and gaitway_walk takes 101: another policy saw them"):
        observations.replay(Policy.load(DUCK.default_policy), observations.load(path), path)


def test_who_asks_for_too_much_is_told_where_they_ask(tmp_path: Path) -> None:
    contract = Policy.load(DUCK.default_policy).contract
    with pytest.warns(UserWarning, match="vx: asked 1.00, allowed 0.15") as told:
        gaitway.command(vx=1.0, contract=contract)
    assert told[0].filename == __file__
    script = tmp_path / "walk.toml"
    script.write_text('[[segment]]\nname = "sprint"\nseconds = 0.5\nvx = 1.0\n')
    for options, name in (("--command", "1,0,0"), "--command"), (("--script", script), "sprint"):
        done = run_gaitway("run", "--fast", "--seconds", 0.5, *options, "--no-record", "--json", cwd=tmp_path)
        assert f"{name}: vx: asked 1.00, allowed 0.15" in done.stderr, done.stderr


@pytest.mark.parametrize(("key", "known"), [("family", "feetech_sts3215"), ("chip", "bno055")])
def test_a_device_without_a_driver_is_refused_with_the_list_of_those_there_are(
    bench: Bench, tmp_path: Path, key: str, known: str
) -> None:
    profile, bus = tmp_path / "profile.toml", tmp_path / "i2c"
    profile.write_text((DUCK.folder / "profile.toml").read_text().replace(f'{key} = "{known}"', f'{key} = "dynamixel"'))
    command = [BINARY, "--robot", profile, "--port", bench.link, "--imu", bus, "--no-config"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and f'expected one of {known}, found "dynamixel"' in refused.stderr, refused.stderr
    duck = Robot.load(profile)
    with pytest.raises(GaitwayError, match=f"expected one of {known}"):
        if key == "family":
            Motors(duck, bench.link)
        else:
            _native.Imu(duck.native, bus)
