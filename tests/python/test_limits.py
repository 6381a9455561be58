"""Numbers nobody means, and processes that are forked: an error in words, never a hang and never a crash.

Each call is made in a process of its own whose memory is limited: what asks for more than that would kill it.
"""

import subprocess
import sys

import pytest

BEGIN = """
import os, resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import gaitway
from gaitway import _native as native
from gaitway.errors import UsageError
robot = gaitway.Robot.load()
policy = gaitway.Policy.load(robot.default_policy)
n = 14
layout = dict(
    qpos_len=7 + n, qvel_len=6 + n, sensor_len=8, joint_qpos=list(range(7, 7 + n)), joint_qvel=list(range(6, 6 + n)),
    play_qpos=[], gyro=0, accelerometer=3, contacts=[6, 7],
)
disturbance = dict(
    gyro_rps=0.0, accel_mps2=0.0, joint_position_rad=[0.0] * n, joint_velocity_rps=0.0, joint_zero_rad=0.0,
    late_goals=[1.0], late_imu=0.0, lost_answers=0.0,
)
virtual = lambda **options: native.VirtualRobot(robot.native, policy.native, **options)
batch = lambda count, **changed: native.Batch(
    policy.contract, robot.native, count, seed=1, layout=layout | changed, disturbance=disturbance
)
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("virtual().starve(10**18)", "for_ns: expected 0 to 10000000000, found 1000000000000000000"),
        ("virtual(step_ns=0)", "step_ns: expected 100000 to 100000000, found 0"),
        ("virtual(step_ns=1)", "step_ns: expected 100000 to 100000000, found 1"),
        ("virtual(step_ns=2**64 - 1)", "step_ns: expected 100000 to 100000000"),
        ("batch(2**62)", "robots: expected at most 65536, found 4611686018427387904"),
        ("batch(10**9)", "robots: expected at most 65536"),
        ("batch(1, qpos_len=2**60)", "qpos_len: expected at most 4096"),
        (
            "native.tick_times(policy.native, gaitway.Controller(policy, robot).native, 2**63)",
            "ticks: expected 1 to 10000000",
        ),
        ("native.push_times(policy.native, robot.native, 10**12)", "ticks: expected 1 to 10000000"),
        ("native.pace(1, 10**12)", "ticks: expected 1 to 10000000"),
        ("native.pace(10**10, 10**6)", "an hour at most"),
        ("native.canary(2**63, 2)", "an hour at most"),
        ("policy.native.infer(b'', b'', 10**6)", "observations: expected a buffer of float32"),
        ("policy.native.infer(b'', b'', 2**63)", "rows: expected 0 to 1000000"),
        ("virtual().inject('at=1e300 unplug')", "expected at= a time"),
        ("virtual().inject('late servo=1 by=18446744073709551615ms')", "expected by= a time"),
        ("native.TwinHost(robot.native, exchanges=2**63)", "exchanges: expected 0 to"),
        ("native.TwinHost(robot.native, turnaround_us=2**63)", "turnaround_us: expected 0 to"),
        ("native.TwinHost(robot.native, usb_latency_us=2**63)", "usb_latency_us: expected 0 to"),
    ],
)
def test_a_number_nobody_means_is_refused_in_words(code: str, expected: str) -> None:
    done = run(code)
    assert done.returncode == 1, done.stderr
    last = "\n".join(done.stderr.splitlines()[-3:])
    assert expected in last, done.stderr
    assert "hint: " in last
    assert "panicked" not in done.stderr


def test_the_longest_faults_and_the_most_of_them_leave_the_robot_its_ticks() -> None:
    done = run(
        """
robot = virtual()
for fault in ("at=999999999 unplug", "imu-late by=999999999 for=999999999", "late servo=1 by=999999999"):
    robot.inject(fault)
for place in range(1000):
    robot.starve(10**10, after_ns=place * 10**9)
ticks = 0
while robot.now_ns < 30 * 10**9:
    robot.wait()
    robot.tick()
    ticks += 1
print("ticks", ticks)
"""
    )
    assert done.returncode == 0, done.stderr
    # Ten seconds at most from one tick to the next, whatever follows.
    assert 3 <= int(done.stdout.split()[1]) < 1000


FORKED = """
import signal
signal.alarm(60)
child = os.fork()
if child == 0:
    try:
        {use}
    except UsageError as error:
        print(error, flush=True)
    {end}
    raise SystemExit(7)
_, status = os.waitpid(child, 0)
print("child ended with", os.waitstatus_to_exitcode(status), flush=True)
{use}
{end}
"""


@pytest.mark.parametrize(
    ("make", "use", "end"),
    [
        ("host = native.TwinHost(robot.native, imu_socket='imu')", "host.statistics()", "host.stop(); del host"),
        (
            "host = native.TwinHost(robot.native, i2c_socket='i2c'); imu = native.Imu(robot.native, 'i2c')",
            "imu.state()",
            "del imu; del host",
        ),
        (
            "host = native.TwinHost(robot.native); desk = native.ServoDesk(host.path, 1000000)",
            "desk.ping(10)",
            "desk.close(); host.stop()",
        ),
        (
            "from pathlib import Path; controller = gaitway.Controller(policy, robot); "
            "recorder = gaitway.Recorder(controller, Path('recordings'))",
            "recorder.step(gaitway.Sensors(robot), gaitway.command(vx=0.1))",
            "del recorder",
        ),
        (
            "from pathlib import Path; virtual_robot = virtual(); "
            "virtual_robot.record(Path('recordings'), policy.native, policy.path.read_bytes())",
            "virtual_robot.tick()",
            "del virtual_robot",
        ),
    ],
)
def test_a_forked_process_is_told_that_it_has_none_of_its_parents_threads(
    make: str, use: str, end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fork")
    code = BEGIN + f"os.chdir({str(folder)!r})\n" + make + FORKED.format(use=use, end=end)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "child ended with 7" in done.stdout, done.stdout + done.stderr
    assert "which made it, found" in done.stdout, done.stdout
    # The parent goes on as if nothing had been.
    assert done.returncode == 0, done.stderr


def test_ctrl_c_ends_the_longest_wait_of_a_pacer() -> None:
    done = run(
        """
import signal
pacer = native.Pacer(10**10)
pacer.wait()
signal.setitimer(signal.ITIMER_REAL, 0.2)
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    pacer.wait()
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    assert done.stdout == "interrupted\n", done.stderr
