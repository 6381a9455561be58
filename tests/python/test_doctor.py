"""The doctor and a duck with something wrong: every planted fault is found, called by its name, and has a remedy."""

import array
import fcntl
import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from background import Background
from daemon_bench import Bench
from program import parse, run_gaitway

from gaitway import Robot, _native
from gaitway.bringup.doctor import Finding, Verdict, body, bus, machine, software
from gaitway.bringup.motors import Motors

DUCK = Robot.load()
JOINTS = DUCK.joint_names
PASS, WARN, FAIL = Verdict.PASS, Verdict.WARN, Verdict.FAIL


def expect(findings: Iterable[Finding], what: str, verdict: Verdict, remedy: str) -> Finding:
    """The finding called `what`; whatever is wrong anywhere has a remedy."""
    every = list(findings)
    assert all(found.remedy for found in every if found.verdict in (WARN, FAIL))
    [found] = [found for found in every if found.what == what]
    assert found.verdict == verdict and remedy in found.remedy, found
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_a_sound_duck_may_walk(binary: None, tmp_path: Path) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text(json.dumps({"joints_offsets": {"left_knee": 0.03}}))
    chip = Bench(tmp_path, has_chip=True)
    try:
        places = ["--port", chip.link, "--imu", chip.socket, "--config", config, "--recordings", tmp_path]
        report = parse(run_gaitway("doctor", *places, "--json"))
        told = run_gaitway("doctor", *places)
    finally:
        chip.close()
    assert report["may_run"] and report["may_walk"] and report["fail"] == 0, report
    assert told.returncode == 0 and "it may run" in told.stdout
    verdicts = {found["what"]: found["verdict"] for found in report["findings"]}
    servos = ("serial port", "servo power", "servo ids", "servo settings", "servo faults", "torque", "supply")
    assert all(verdicts[what] == PASS for what in (*servos, "policy", "gaitwayd", "configuration", "IMU"))
    # Nobody was driven, whatever was looked at.
    assert chip.most_driven == 0


def test_a_duck_in_pieces_is_told_so() -> None:
    report = run_gaitway("doctor", "--port", "/dev/ttyNONE", "--imu", "/dev/i2c-none", "--json")
    assert report.returncode == 1
    assert not parse(report)["may_run"]


@pytest.mark.parametrize(
    ("config", "what", "verdict", "remedy"),
    [
        ("{", "configuration", FAIL, ""),
        ('{"joints_offsets": {"left_knee": "high"}}', "configuration", FAIL, ""),
        ('{"imu_upside_dwon": true}', "configuration", FAIL, "docs/formats.md"),
        ('{"joints_offsets": {"tail": 0.1}}', "configuration", FAIL, "docs/formats.md"),
        ('{"left_knee": 0.1}', "configuration", FAIL, "put them into it"),
        ('{"colour": "blue"}', "configuration", WARN, "correct or remove"),
        (
            '{"joints_offsets": {"neck_pitch": -53}}',
            "configuration",
            FAIL,
            "gaitway motors calibrate neck_pitch --config",
        ),
        ('{"joints_signs": {"left_knee": -1}, "debug": true}', "configuration", PASS, ""),
        ('{"joints_offsets": {"left_knee": 0.3}}', "offsets", WARN, "gaitway motors calibrate"),
        ("{}", "offsets", WARN, "gaitway motors calibrate"),
        (None, "configuration", FAIL, "gaitway motors calibrate"),
    ],
)
def test_configurations(tmp_path: Path, config: str | None, what: str, verdict: Verdict, remedy: str) -> None:
    path = None
    if config is not None:
        path = tmp_path / "duck_config.json"
        path.write_text(config)
    expect(software.look(DUCK, path, None), what, verdict, remedy)
    if path is None:
        expect(software.look(DUCK, None, None, no_config=True), what, PASS, "")


def test_policies(tmp_path: Path) -> None:
    expect(software.look(DUCK, None, tmp_path / "none.onnx"), "policy", FAIL, "")
    damaged = tmp_path / "walk.onnx"
    onnx = DUCK.default_policy.read_bytes()
    damaged.write_bytes(onnx[: len(onnx) // 2])
    expect(software.look(DUCK, None, damaged), "policy", FAIL, "")
    # Weights that are others than those the contract was made for.
    middle = len(onnx) // 2
    damaged.write_bytes(onnx[:middle] + bytes(64) + onnx[middle + 64 :])
    expect(software.look(DUCK, None, damaged), "policy", FAIL, "export the policy again")


def test_daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAITWAYD", str(tmp_path / "none"))
    expect(software.look(DUCK, None, None), "gaitwayd", FAIL, "name the binary")
    other = tmp_path / "gaitwayd"
    monkeypatch.setenv("GAITWAYD", str(other))
    other.write_text("#!/bin/sh\necho gaitwayd 9.9.9\n")
    other.chmod(0o755)
    expect(software.look(DUCK, None, None), "gaitwayd", WARN, "build and install both anew")
    other.write_bytes(b"\x7fELF of another machine")
    expect(software.look(DUCK, None, None), "gaitwayd", FAIL, "for this machine")


#: What a Raspberry Pi says whose supply was too low.
SAGGED = {"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1"}


@pytest.mark.parametrize(
    ("files", "what", "verdict", "remedy"),
    [
        (SAGGED, "board supply", FAIL, "stronger supply"),
        ({"sys/class/thermal/thermal_zone0/temp": "78400"}, "board temperature", WARN, "heat sink"),
        ({"sys/class/thermal/thermal_zone0/temp": "84000"}, "board temperature", FAIL, "heat sink"),
        ({"run/systemd/system/x": ""}, "clock", WARN, "set-ntp"),
        ({"proc/meminfo": "MemTotal: 426000 kB\nMemAvailable:   30000 kB"}, "memory", FAIL, "end other programs"),
    ],
)
def test_machines(tmp_path: Path, files: dict[str, str], what: str, verdict: Verdict, remedy: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    expect(machine.look(tmp_path, tmp_path), what, verdict, remedy)


def test_a_supply_that_dipped_is_remembered_by_the_kernels_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {**SAGGED, "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    journal = tmp_path / "journalctl"
    journal.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for said, verdict, found in (
        ("echo hwmon hwmon1: Undervoltage detected!; echo hwmon hwmon1: Voltage normalised", FAIL, "too low 1 times"),
        ("echo Linux version 6.12", PASS, "since the board started"),
        # Who may not read it.
        ("exit 1", PASS, "last two seconds"),
    ):
        journal.write_text(f"#!/bin/sh\n{said}\n")
        remedy = "stronger supply" if verdict == FAIL else ""
        assert found in expect(machine.look(tmp_path, tmp_path), "board supply", verdict, remedy).found


def test_a_full_disk(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        expect(machine.look(Path("/"), folder / "recordings"), "disk", FAIL, "make room")
    finally:
        subprocess.run(["umount", folder], check=True)


NOBODY = """
import json, os, resource, sys
from dataclasses import asdict
from pathlib import Path
from gaitway import Robot
from gaitway.bringup.doctor import bus, machine
duck = Robot.load()
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
found = [*machine.look(Path("/"), Path("/root/recordings")), *bus.look(duck, Path(sys.argv[1]))]
print(json.dumps({each.what: asdict(each) for each in found}))
"""


def test_a_user_without_rights(bench: Bench) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    device = bench.link.resolve()
    device.chmod(0o600)
    done = subprocess.run([sys.executable, "-c", NOBODY, device], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["real time: priority"]["verdict"] == WARN and "rtprio" in found["real time: priority"]["remedy"]
    assert (
        found["real time: memory lock"]["verdict"] == WARN and "limits.d" in found["real time: memory lock"]["remedy"]
    )
    assert found["serial port"]["verdict"] == FAIL and "dialout" in found["serial port"]["remedy"]
    assert found["disk"]["verdict"] == WARN and "--record" in found["disk"]["remedy"]


def test_ports(bench: Bench, tmp_path: Path) -> None:
    expect(bus.look(DUCK, Path("/dev/ttyNONE")), "serial port", FAIL, "plug the servo board in")
    expect(bus.look(DUCK, Path("/dev/null")), "serial port", FAIL, "/dev/ttyACM0")
    with bench.link.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        found = expect(bus.look(DUCK, bench.link), "serial port", FAIL, f"end process {os.getpid()}")
        assert "held by" in found.found


#: A servo that is too hot says so itself, and speeds in other units are none a servo can have.
FOLLOWS = {"servo temperature": "servo faults", "servo settings": "bus noise", "supply": "servo faults"}
BUS_FAULTS: list[tuple[list[str], str, Verdict, str]] = [
    ([f"silent servo={joint} later=answer" for joint in JOINTS], "servo power", FAIL, "battery"),
    (["silent servo=left_knee later=answer"], "servo ids", FAIL, "check plug and wire"),
    (["set-id servo=left_knee id=1"], "servo ids", FAIL, "gaitway motors setup left_knee"),
    (["set-id servo=left_knee id=24"], "servo ids", FAIL, "unplug all but one"),
    (["setting servo=left_knee register=7 value=250"], "servo settings", FAIL, "audit --fix"),
    (["setting servo=left_knee register=8 value=0"], "servo settings", WARN, "audit --fix"),
    (["setting servo=left_knee register=33 value=1"], "servo settings", FAIL, "audit --fix"),
    (["setting servo=left_knee register=18 value=8"], "servo settings", FAIL, "audit --fix"),
    (["setting servo=left_knee register=9 value=2000"], "servo settings", FAIL, "audit --fix"),
    (["setting servo=left_knee register=16 value=500"], "servo settings", WARN, "audit --fix"),
    (["setting servo=left_knee register=31 value=85"], "servo settings", WARN, "audit tells"),
    (["setting servo=left_knee register=0 value=2"], "servo settings", WARN, "audit tells"),
    (["setting servo=left_knee register=19 value=0"], "servo settings", WARN, "audit --fix"),
    (["setting servo=left_knee register=36 value=25"], "servo settings", FAIL, "audit --fix"),
    (["setting servo=left_knee register=46 value=100"], "servo settings", WARN, "audit --fix"),
    (["shows servo=left_knee register=56 value=7042"], "servo positions", FAIL, "register 31"),
    (["shows servo=left_hip_roll register=56 value=3000"], "servo positions", FAIL, "calibrate left_hip_roll"),
    (["sag volts=-4.6"], "supply", FAIL, "disconnect the supply"),
    (["shows servo=left_knee register=62 value=0"], "supply", FAIL, "not the battery"),
    (["shows servo=left_knee register=62 value=120"], "supply", FAIL, "not the battery"),
    (["shows servo=left_knee register=62 value=68"], "supply", WARN, "not the battery"),
    (["echo"], "servo adaptor", WARN, "RX and TX"),
    (["bulk-first"], "bulk reads", FAIL, "firmware"),
    (["setting servo=left_knee register=3 value=1284"], "servo settings", WARN, "audit tells"),
    (["sag volts=0.6"], "supply", WARN, "charge"),
    (["sag volts=1.2"], "supply", FAIL, "charge"),
    (["over-temperature servo=left_knee"], "servo temperature", FAIL, "cool"),
    (["overload servo=left_knee"], "servo faults", FAIL, "power was off and on"),
]


@pytest.mark.parametrize(("faults", "what", "verdict", "remedy"), BUS_FAULTS)
def test_servos(bench: Bench, faults: list[str], what: str, verdict: Verdict, remedy: str) -> None:
    for fault in faults:
        bench.host.inject(fault)
    # A host that halts the emulated servos for seconds looks like bad wires, which are bad every time.
    for _ in range(5):
        findings = list(bus.look(DUCK, bench.link))
        # One thing that is wrong is not blamed on another.
        blamed = {each.what for each in findings if each.verdict in (WARN, FAIL)} - {what, FOLLOWS.get(what)}
        if not blamed:
            break
        time.sleep(2)
    assert not blamed, findings
    found = expect(findings, what, verdict, remedy)
    assert len(faults) > 1 or "left_" in found.found or what in ("supply", "servo adaptor", "bulk reads")


def test_a_full_pack_is_no_fault(bench: Bench) -> None:
    # Above the limit that servos for 7.4 V have from the factory, and every one of them says so.
    bench.host.inject("sag volts=-1")
    findings = list(bus.look(DUCK, bench.link))
    assert expect(findings, "supply", PASS, "").found.startswith("8.4 V")
    assert "above the servo's own limit of 8.0 V, as a full pack is" in expect(findings, "servo faults", PASS, "").found


def test_a_servo_that_misses_every_bulk_read_is_not_passed(bench: Bench) -> None:
    with Motors(DUCK, bench.link) as motors:
        looks = {joint: look for joint, look in motors.look().items() if look is not None and joint != "left_knee"}
    found = bus._positions(DUCK, looks, ["left_knee"])
    assert found.verdict == FAIL and "bulk read: left_knee" in found.found and "firmware" in found.remedy


def test_a_new_servo_alone_says_nothing_of_the_others(bench: Bench) -> None:
    bench.host.inject("set-id servo=left_knee id=1")
    for joint in JOINTS:
        if joint != "left_knee":
            bench.host.inject(f"silent servo={joint} later=answer")
    findings = list(bus.look(DUCK, bench.link))
    expect(findings, "servo ids", FAIL, "gaitway motors setup")
    unknown = {"bulk reads", "servo settings", "servo positions"}
    unknown |= {"supply", "servo temperature", "servo faults", "torque", "bus noise"}
    assert {found.what for found in findings if found.verdict == Verdict.SKIP} == unknown


def test_a_board_that_is_unplugged_while_it_is_looked_at(bench: Bench) -> None:
    findings = bus.look(DUCK, bench.link)
    assert next(findings).what == "serial port"
    bench.host.inject("unplug")
    expect(findings, "servo bus", FAIL, "")


def test_a_noisy_bus(tmp_path: Path) -> None:
    host = _native.TwinHost(DUCK.native, link=tmp_path / "bus", faults=["rates corrupted=0.03 lost=0.01"], seed=3)
    try:
        expect(bus.look(DUCK, tmp_path / "bus"), "bus noise", WARN, "shorter wires")
    finally:
        host.stop()


def test_an_adaptor_that_holds_bytes_back(tmp_path: Path) -> None:
    link = tmp_path / "bus"
    host = _native.TwinHost(DUCK.native, link=link, usb_latency_us=16_000)
    try:
        # Adaptors of FTDI have one; the servo board's own has not.
        timer = tmp_path / "sys/class/tty" / link.resolve().name / "device/latency_timer"
        timer.parent.mkdir(parents=True)
        timer.write_text("16\n")
        expect(bus.look(DUCK, link, tmp_path), "round trip", FAIL, f"echo 1 | sudo tee {timer}")
    finally:
        host.stop()


@pytest.mark.parametrize(
    ("times_ms", "verdict", "found"),
    [
        ([0.4] * 20, PASS, "0.40 ms for 0.12 ms of wire"),
        ([4.0] * 20, WARN, "4.00 ms"),
        ([15.9] * 20, FAIL, "15.90 ms"),
        # A computer that is busy most of the time.
        ([0.4] * 6 + [12.0] * 14, PASS, "0.40 ms"),
        ([2.4] * 4 + [2.5] * 16, WARN, "2.50 ms"),
        ([7.9] * 20, WARN, "7.90 ms"),
        ([8.0] * 20, FAIL, "8.00 ms"),
        ([], Verdict.SKIP, "no sound answer"),
    ],
)
def test_round_trips_are_judged(tmp_path: Path, times_ms: list[float], verdict: Verdict, found: str) -> None:
    finding = bus.judge_round_trips(times_ms, 1_000_000, tmp_path)
    assert finding.verdict == verdict and found in finding.found
    assert ("another USB port" in finding.remedy) == (verdict in (WARN, FAIL))


def test_torque_that_was_left_on(bench: Bench) -> None:
    with Motors(DUCK, bench.link) as motors:
        motors.hold(["head_yaw"])
        bench.wait_for(1)
    # What a program does that is killed without a guard: nobody is told anything.
    bench.wait_for(0)
    bench.host.inject("setting servo=head_yaw register=40 value=1")
    found = expect(bus.look(DUCK, bench.link), "torque", WARN, "gaitway motors limp")
    assert "head_yaw" in found.found
    # A robot that stands on its own is not made to fall by looking at it.
    bench.wait_for(1)


class Chip(Background):
    """A chip on a bus that somebody holds."""

    def __init__(self, folder: Path) -> None:
        self.bus = folder / "i2c"
        self.host = _native.TwinHost(DUCK.native, i2c_socket=self.bus)
        self.feels = (0.0, 0.0, 0.0, 0.0, 0.0, 9.81)
        self.begin()

    def close(self) -> None:
        super().close()
        self.host.stop()

    def _run(self) -> None:
        turn = 0
        while not self._end.is_set():
            turn += 1
            noise = 0.02 * math.sin(turn)
            self.host.sample_imu(array.array("f", (*(value + noise for value in self.feels), 1, 1)))
            time.sleep(0.005)


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Chip]:
    chip = Chip(tmp_path)
    yield chip
    chip.close()


def tilted(degrees: float) -> Callable[[Chip], None]:
    def tilt(chip: Chip) -> None:
        angle_rad = math.radians(degrees)
        chip.feels = (0, 0, 0, -9.81 * math.sin(angle_rad), 0, 9.81 * math.cos(angle_rad))

    return tilt


def turning(chip: Chip) -> None:
    chip.feels = (0.0, 0.0, 0.4, 0.0, 0.0, 9.81)


def weak(chip: Chip) -> None:
    chip.feels = (0.0, 0.0, 0.0, 0.0, 0.0, 7.5)


def fault(text: str) -> Callable[[Chip], None]:
    return lambda chip: chip.host.inject(text)


@pytest.mark.parametrize(
    ("plant", "what", "verdict", "remedy"),
    [
        (fault("chip-silent for=60"), "IMU", FAIL, "SDA, SCL"),
        (fault("chip-frozen for=60"), "IMU", FAIL, "off and on"),
        (fault("chip-slow by=40ms for=60"), "IMU samples", WARN, "wires"),
        (fault("chip-saturated for=60"), "IMU samples", WARN, "shaken"),
        (tilted(180), "IMU gravity", FAIL, "gaitway imu mount"),
        (tilted(90), "IMU gravity", WARN, "gaitway imu mount"),
        (weak, "IMU gravity", WARN, "gaitway imu calibrate"),
        (turning, "IMU rest", WARN, "keep it still"),
    ],
)
def test_imus(chip: Chip, plant: Callable[[Chip], None], what: str, verdict: Verdict, remedy: str) -> None:
    plant(chip)
    expect(body.look_at_imu(DUCK, chip.bus, None), what, verdict, remedy)


def test_no_imu_and_one_that_knows_nothing(chip: Chip, tmp_path: Path) -> None:
    expect(body.look_at_imu(DUCK, tmp_path / "none", None), "IMU", FAIL, "")
    expect(body.look_at_imu(DUCK, chip.bus, None), "IMU calibration", WARN, "gaitway imu calibrate")
    expect(body.look_at_imu(DUCK, chip.bus, tmp_path / "none.json"), "IMU", FAIL, "check the path")


def test_contacts(tmp_path: Path) -> None:
    expect(body.look_at_contacts(DUCK, tmp_path / "none"), "contacts", WARN, "gpiochip")
    pipe = tmp_path / "gpio"
    os.mkfifo(pipe)
    end = threading.Event()

    def chatter() -> None:
        """Edges as the kernel tells them: time, which edge, which line, and two counts."""
        with pipe.open("wb", buffering=0) as lines:
            turn = 0
            while not end.wait(0.02):
                turn += 1
                edge = array.array("Q", [time.monotonic_ns()]).tobytes()
                edge += array.array("I", [1 + turn % 2, 22, turn, turn, *[0] * 6]).tobytes()
                lines.write(edge)

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        found = expect(body.look_at_contacts(DUCK, pipe), "contacts", WARN, "lever")
        assert "left_foot switch chatters" in found.found
    finally:
        end.set()
        thread.join()


@pytest.mark.skipif(any(Path("/dev/input").glob("event*")), reason="there may be a pad")
def test_no_pad() -> None:
    """One that is there, and one that may not be read: kernel/test_kernel_pad.py."""
    expect(body.look_at_pad(DUCK), "pad", WARN, "pair it")


def test_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    expect(body.look_at_sound(DUCK, tmp_path, None), "sound", WARN, "alsa-utils")
    shutil.copy("/bin/true", tmp_path / "aplay")
    expect(body.look_at_sound(DUCK, tmp_path, None), "sound", WARN, "dtoverlay")
    cards = tmp_path / "proc/asound/cards"
    cards.parent.mkdir(parents=True)
    cards.write_text(" 0 [sndrpihifiberry]: HifiberryDac\n")
    expect(body.look_at_sound(DUCK, tmp_path, tmp_path), "sound", WARN, "--sounds")
    expect(body.look_at_sound(DUCK, tmp_path, None), "sound", PASS, "")
    (tmp_path / "BEEP.WAV").touch()
    expect(body.look_at_sound(DUCK, tmp_path, tmp_path), "sound", PASS, "")
    # A screen's alone.
    cards.write_text(" 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n                      vc4-hdmi\n")
    expect(body.look_at_sound(DUCK, tmp_path, None), "sound", WARN, "dtoverlay")
