"""`gaitway.connect`: every robot a program can hold is held the same way."""

import asyncio
import csv
import math
import os
import signal
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Bench
from program import listens, wait_until

import gaitway
from gaitway.api import AsyncRobot, ConnectedRobot, RobotState, SimulatedRobot, TwinRobot
from gaitway.errors import (
    DaemonError,
    GaitwayError,
    PolicyError,
    RecordingError,
    RefusedError,
    UsageError,
)
from gaitway.recording import Recording

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def simulated() -> Iterator[SimulatedRobot]:
    with gaitway.connect("sim:", fast=True) as robot:
        yield robot


def test_a_simulated_robot_walks_three_of_its_seconds_and_stands_again(simulated: SimulatedRobot) -> None:
    simulated.walk(vx=0.15, seconds=3)
    assert simulated.seconds == pytest.approx(3.0)
    assert 0.2 < simulated.trunk().position_m[0] < 1.0
    assert simulated.status.command["vx"] == 0.0 and simulated.status.state == "running"
    simulated.wait(1)
    there_m = simulated.trunk().position_m[0]
    simulated.wait(1)
    assert abs(simulated.trunk().position_m[0] - there_m) < 0.05, "it stands"


def test_the_same_calls_give_the_same_bytes_in_a_fast_simulation() -> None:
    from gaitway.sim import Noise, Pushes, World

    def way(seed: int) -> bytes:
        world = World(noise=Noise(), pushes=Pushes(every_s=(0.5, 1.0)))
        with gaitway.connect("sim:", fast=True, seed=seed, world=world) as robot:
            robot.walk(vx=0.1, wz=0.3, seconds=1)
            robot.look(yaw=0.4, seconds=1)
            joints = [joint.position_rad or math.nan for joint in robot.observe().joints.values()]
            return robot.trunk().position_m.tobytes() + array("d", joints).tobytes()

    assert way(1) == way(1) != way(2)


def test_time_of_a_fast_simulation_passes_only_where_it_is_waited_for(simulated: SimulatedRobot) -> None:
    simulated.walk(vx=0.1)
    assert simulated.seconds == 0.0
    times = [state.clock_ns for state, _ in zip(simulated.states(rate_hz=10), range(3), strict=False)]
    assert times[1] - times[0] == times[2] - times[1] == 100_000_000
    simulated.wait(0.5)
    assert simulated.status.command["vx"] == 0.1, "it goes on as it was told"


def test_a_simulation_in_real_time_goes_on_by_itself() -> None:
    with gaitway.connect("sim:") as robot:
        robot.walk(vx=0.1)
        first = robot.observe()
        wait_until(lambda: robot.status.tick > first.tick + 10, "it stands still")
        before = robot.seconds
        robot.walk(vx=0.1, seconds=0.5)
        assert robot.seconds >= before + 0.5
    with pytest.raises(UsageError, match="closed"):
        robot.walk(vx=0.1)
    robot.close()


def test_what_the_state_says_of_a_simulated_robot(simulated: SimulatedRobot) -> None:
    seen = simulated.observe()
    assert seen.projected_gravity is not None and seen.projected_gravity[2] == pytest.approx(-1.0, abs=0.01)
    assert math.hypot(*seen.projected_gravity) == pytest.approx(1.0)
    assert set(seen.contacts) == {"left_foot", "right_foot"} and set(seen.joints) == set(simulated.joint_names)
    assert seen.joints["left_knee"].goal_rad is not None and seen.joints["left_knee"].target_rad is not None
    simulated.limp()
    simulated.wait(2)
    fallen = simulated.observe()
    assert fallen.state == "limp" and fallen.joints["left_knee"].goal_rad is None
    assert simulated.trunk().tilt_rad > 0.5
    gravity = fallen.projected_gravity
    assert gravity is not None
    # Two ways to the same angle, of which one is the simulator's own.
    assert math.acos(-gravity[2]) == pytest.approx(simulated.trunk().tilt_rad, abs=1e-6)


def test_modes_of_a_simulated_robot(simulated: SimulatedRobot) -> None:
    simulated.walk(vx=0.1)
    for enter, state in ((simulated.off, "limp"), (simulated.limp, "limp"), (simulated.stand, "ready")):
        enter()
        simulated.wait(0.2)
        assert simulated.status.state == state
        assert simulated.status.command["vx"] == 0.0, "what was commanded before is forgotten"
    simulated.walk(vx=0.1, seconds=2)
    assert simulated.status.state == "running" and simulated.trunk().tilt_rad < 0.3
    simulated.stop()
    with pytest.raises(RefusedError, match="emergency stop is set") as refused:
        simulated.walk(vx=0.1)
    assert refused.value.code == "stopped" and "clear_stop" in refused.value.hint
    with pytest.raises(RefusedError, match="emergency stop is set"):
        simulated.stand()
    simulated.clear_stop()
    simulated.walk(vx=0.1, seconds=1)


def test_a_fall_in_simulation_is_counted_and_the_robot_goes_on(simulated: SimulatedRobot) -> None:
    simulated.walk(vx=0.1)
    simulated._simulation.sim.push(5.0, 3.0)
    for state in simulated.states(rate_hz=50):
        if state.fault is not None:
            break
        assert simulated.seconds < 5
    assert (state.fault, state.state, simulated.falls) == ("fallen", "limp", 1) and state.fault_hint
    simulated.wait(2)
    assert simulated.status.fault is None and simulated.status.state == "running"
    assert simulated.status.command["vx"] == 0.1


def test_trim_is_added_to_what_moves(simulated: SimulatedRobot) -> None:
    simulated.trim(wz=0.5)
    simulated.wait(1)
    assert abs(simulated.trunk().yaw_rad) < 0.1, "what stands is not trimmed"
    simulated.walk(vx=0.1, seconds=3)
    assert simulated.trunk().yaw_rad > 0.4
    with pytest.raises(UsageError, match="no command axis 'jump'"):
        simulated.trim(jump=1.0)
    with pytest.raises(UsageError, match=r"gait_speed: expected -0\.5 to 0\.5, found 2"):
        simulated.trim(gait_speed=2.0)


def test_another_policy_in_simulation(simulated: SimulatedRobot) -> None:
    assert {policy.name: policy.runs for policy in simulated.policies} == {"stand": False, "walk": True}
    simulated.use("stand")
    assert {policy.name: policy.runs for policy in simulated.policies} == {"stand": True, "walk": False}
    simulated.wait(1)
    assert simulated.trunk().tilt_rad < 0.3 and simulated.contract == "gaitway_stand"
    with pytest.raises(PolicyError, match="no policy of open_duck_mini_v2"):
        simulated.use("fly")


def test_states_become_a_table_with_names_and_units(simulated: SimulatedRobot, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "walk.csv"
    with simulated.record(path, rate_hz=25) as log:
        simulated.walk(vx=0.1, seconds=2)
    assert log.rows == 50
    simulated.wait(1)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50, "after its end nothing is written"
    assert float(rows[-1]["time_s"]) == pytest.approx(2.0) and rows[0]["state"] == "running"
    assert {row["command.vx (m/s)"] for row in rows} == {"0.1"}
    knee_rad = [float(row["left_knee.position_rad"]) for row in rows]
    assert max(knee_rad) - min(knee_rad) > 0.1
    assert rows[0]["left_knee.voltage_v"] == "" and rows[0]["contact.left_foot"] in "01"
    with pytest.raises(UsageError, match=r"expected the name of a \.csv file"):
        simulated.record(tmp_path / "walk.npz")
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        simulated.record(tmp_path / "file" / "walk.csv")


def test_a_simulated_flight_replays_to_the_bit(simulated: SimulatedRobot, tmp_path: Path) -> None:
    simulated.walk(vx=0.1, seconds=1)
    with simulated.record_flight(tmp_path) as flight:
        simulated.walk(vx=0.1, seconds=1)
        simulated.trim(wz=0.1, gait_speed=0.2)
        simulated.walk(vx=0.1, seconds=1)
        with pytest.raises(RecordingError, match="one policy"):
            simulated.use("stand")
    simulated.use("stand")
    recording = Recording.load(flight.path)
    verified = recording.verify()
    assert (recording.ticks, verified.different, verified.same) == (100, 0, 100)
    with pytest.raises(UsageError, match="mark"):
        simulated.mark("slipped")


@pytest.mark.parametrize(
    ("where", "options", "told"),
    [
        ("usb:duck", {}, r'expected the path of a socket, "sim:" .*found \'usb:duck\''),
        ("sim:nobody", {}, "no robot is called 'nobody'"),
        ("twin:nobody", {}, "no robot is called 'nobody'"),
        ("twin:", {"fast": True}, r"fast: expected an option of twin: \(client, .*"),
        ("sim:", {"client": "me"}, r"client: expected an option of sim:"),
        ("/run/nobody.sock", {"seed": 1}, r"seed: expected an option of a running robot"),
    ],
)
def test_what_cannot_be_connected_to_is_told(where: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        gaitway.connect(where, **options)
    assert refused.value.hint


def test_no_robot_and_what_to_do_about_it(tmp_path: Path) -> None:
    with pytest.raises(DaemonError, match=r"no running gaitwayd found at .*nobody\.sock") as gone:
        gaitway.connect(tmp_path / "nobody.sock")
    assert "twin:" in gone.value.hint


def test_a_robot_without_a_policy_needs_one_named() -> None:
    profile = Path(__file__).parent / "robots/arm/profile.toml"
    for scheme in ("sim", "twin"):
        with pytest.raises(PolicyError, match="no policy of"):
            gaitway.connect(f"{scheme}:{profile}")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda robot: robot.walk(jump=1.0), r"no command axis 'jump'.*\n.*its axes: vx \(m/s\), vy"),
        (lambda robot: robot.look(tail=1.0), "no command axis 'head_tail'"),
        (lambda robot: robot.walk(vx=math.nan), "vx: expected a number of m/s, found nan"),
        (lambda robot: robot.walk(vx=0.1, seconds=0), "seconds: expected more than 0"),
        (lambda robot: robot.states(rate_hz=1e4), "rate_hz: expected 0.1 to 200"),
    ],
)
def test_wrong_arguments_are_told_and_change_nothing(
    simulated: SimulatedRobot, call: Callable[[SimulatedRobot], None], told: str
) -> None:
    simulated.walk(vx=0.1)
    with pytest.raises(UsageError, match=told):
        call(simulated)
    assert simulated.status.command["vx"] == 0.1


def test_an_arm_goes_to_its_command_in_simulation(tmp_path: Path) -> None:
    policy = tmp_path / "follow.onnx"
    subprocess.run([sys.executable, ROOT / "examples/follow_policy.py", "so101", policy], check=True, timeout=120)
    with gaitway.connect("sim:so101", fast=True, policy=policy) as robot:
        robot.walk(shoulder_pan=0.5)
        robot.wait(2)
        assert robot.observe().joints["shoulder_pan"].position_rad == pytest.approx(0.5, abs=0.1)
        assert robot.status.projected_gravity is None, "it has no IMU"
        robot.limp()
        robot.walk(shoulder_pan=-0.5)
        robot.wait(2)
        assert robot.observe().joints["shoulder_pan"].position_rad == pytest.approx(-0.5, abs=0.1)


def test_the_example_walks_a_square(tmp_path: Path) -> None:
    table = tmp_path / "square.csv"
    command = [sys.executable, ROOT / "examples/steer_a_robot.py", "--side", "0.1", "--table", table]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count("running") == 4
    assert len(table.read_text().splitlines()) > 200
    wrong = subprocess.run([*command, "--robot", "usb:duck"], capture_output=True, text=True, timeout=120, check=False)
    assert wrong.returncode == 1 and "expected the path of a socket" in wrong.stderr and "hint" in wrong.stderr


def test_a_newer_motion_takes_the_place_of_one_that_is_waited_for() -> None:
    with gaitway.connect("sim:") as robot:
        waiting = threading.Thread(target=lambda: robot.walk(vx=0.1, seconds=3600))
        waiting.start()
        wait_until(lambda: robot.status.command["vx"] == 0.1)
        robot.walk(wz=0.5)
        waiting.join(timeout=30)
        assert not waiting.is_alive()
        assert robot.observe().command["wz"] == 0.5, "the one before does not end the one after"


def test_a_walk_that_ends_by_an_exception_leaves_a_robot_that_stands(simulated: SimulatedRobot) -> None:
    class BusyError(Exception):
        pass

    def fail(state: RobotState) -> None:
        if state.tick >= 20:
            raise BusyError

    end = simulated._watch(fail, 50)
    with pytest.raises(BusyError):
        simulated.walk(vx=0.1, seconds=3600)
    end()
    assert simulated.status.command["vx"] == 0.0


def test_asyncio_walks_and_sees_at_the_same_time() -> None:
    async def main() -> tuple[list[float], float]:
        async with gaitway.connect_async("sim:") as robot:
            seen = []

            async def look_on() -> None:
                async for state in robot.states(rate_hz=20):
                    seen.append(state.command["vx"] or 0.0)

            looking = asyncio.create_task(look_on())
            await robot.walk(vx=0.1, seconds=1)
            await robot.look(yaw=0.3, seconds=0.2)
            looking.cancel()
            assert [policy.name for policy in await robot.policies] == ["stand", "walk"]
            await robot.trim(vx=0.01)
            await robot.use("stand")
            return seen, (await robot.observe()).command["vx"] or 0.0

    seen, last = asyncio.run(main())
    assert 0.1 in seen and last == 0.0


def test_a_walk_that_asyncio_cancels_leaves_a_robot_that_stands() -> None:
    async def main(*, starts: bool) -> None:
        robot = await gaitway.connect_async("sim:", fast=True)
        try:
            walk = asyncio.create_task(robot.walk(vx=0.1, seconds=86_400))
            # Begun and not, as it comes.
            await asyncio.sleep(0.2 if starts else 0)
            walk.cancel()
            with pytest.raises(asyncio.CancelledError):
                await walk
            assert robot.status.command["vx"] == 0.0
        finally:
            await robot.close()

    for starts in (True, False):
        asyncio.run(main(starts=starts))


def test_a_connection_that_asyncio_cancels_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    close = SimulatedRobot.close

    def tell(robot: SimulatedRobot) -> None:
        close(robot)
        closed.set()

    monkeypatch.setattr(SimulatedRobot, "close", tell)

    async def main() -> None:
        opening = asyncio.ensure_future(gaitway.connect_async("sim:")._open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(main())
    assert closed.wait(30)


def walk(robot: ConnectedRobot, **command: float) -> None:
    """Walks. A computer that is busy elsewhere makes a twin fall: then it is hung up, and gets up again."""
    for _ in range(3):
        try:
            robot.walk(**command)
        except DaemonError as error:
            assert "fallen" in error.message or "imu" in error.message, error
        else:
            return
    raise AssertionError("it falls again and again")


def test_the_twin_walks_and_tells_what_truly_happened(binary: None, tmp_path: Path) -> None:
    path = tmp_path / "twin.csv"
    with gaitway.connect("twin:", seed=3, record=tmp_path / "recordings") as robot:
        assert isinstance(robot, TwinRobot) and robot.figures is None
        with robot.record(path) as log:
            walk(robot, vx=0.15, seconds=2)
            wait_until(lambda: robot.status.command["vx"] == 0.0)
        assert log.rows > 10
    assert robot.figures is not None and robot.figures["distance_m"][0] > 0.1
    assert not robot.socket.parent.exists(), "nothing is left behind"
    recording = Recording.load(next((tmp_path / "recordings").glob("*.mcap")))
    assert recording.verify().different == 0


PROGRAM = """
import os, signal, time, gaitway
# Also where a shell had it ignored in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
with gaitway.connect("twin:") as robot:
    print(robot.socket, flush=True)
    if os.fork() == 0:
        # It holds whatever its parent held, and is no business of the twin.
        os.close(1)
        time.sleep(60)
        os._exit(0)
    robot.walk(vx=0.1)
    print("walks", flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_twin_ends_with_its_program_however_that_ends(binary: None, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert process.stdout.readline() == "walks\n"
        assert path.exists()
        process.send_signal(number)
    try:
        wait_until(lambda: not path.parent.exists(), "it goes on")
    finally:
        # The session has the forked process left.
        os.killpg(process.pid, signal.SIGKILL)


def test_a_twin_that_dies_is_told_to_who_steers_it(binary: None) -> None:
    with gaitway.connect("twin:") as robot:
        robot.walk(vx=0.1)
        robot._twin._process.kill()
        with pytest.raises((DaemonError, RefusedError)) as gone:
            robot.walk(vx=0.1, seconds=3600)
        assert gone.value.hint
        with pytest.raises(DaemonError, match="does not answer"):
            while True:
                robot.observe()


def test_what_keeps_a_twin_from_starting_is_told(binary: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "duck_config.json"
    config.write_text("{")
    with pytest.raises(GaitwayError, match=r"duck_config\.json"):
        gaitway.connect("twin:", config=config)
    with pytest.raises(UsageError, match="record: expected a folder, found the file"):
        gaitway.connect("twin:", record=config)
    # Found out by the process of the twin, and told by this one.
    monkeypatch.setenv("GAITWAYD", str(tmp_path / "nobody"))
    with pytest.raises(UsageError, match=r"GAITWAYD: expected a program, found .*nobody") as refused:
        gaitway.connect("twin:")
    assert "name the binary" in refused.value.hint


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, binary: None) -> Iterator[ConnectedRobot]:
    """A robot under gaitwayd that several tests steer, one after the other; its joints bear nothing."""
    folder = tmp_path_factory.mktemp("running")
    bench, path = Bench(folder), folder / "api.sock"
    process = bench.start("--record", str(folder / "recordings"), "--socket", str(path))
    try:
        wait_until(lambda: listens(path))
        with gaitway.connect(path) as robot:
            yield robot
    finally:
        process.terminate()
        process.communicate(timeout=60)
        bench.close()


def use(robot: ConnectedRobot, policy: str) -> None:
    """Uses a policy. A computer that is busy ails the robot now and then."""
    for _ in range(20):
        wait_until(lambda: robot.status.fault is None)
        try:
            robot.use(policy)
        except RefusedError as error:
            assert "fault" in error.message, error
        else:
            return
    raise AssertionError("it ails all the time")


@pytest.mark.realtime
def test_a_robot_gets_up_again_after_it_was_limp(running: ConnectedRobot) -> None:
    walk(running, vx=0.1, seconds=0.5)
    running.limp()
    wait_until(lambda: running.status.state == "limp")
    assert running.status.command["vx"] == 0.0
    walk(running, vx=0.1, seconds=0.5)
    running.stand()
    wait_until(lambda: running.status.state == "ready")
    walk(running, vx=0.1, seconds=0.5)


@pytest.mark.realtime
def test_torque_off_at_once(running: ConnectedRobot) -> None:
    running.walk(vx=0.1)
    running.off()
    wait_until(lambda: running.status.state == "limp")
    assert running.status.command["vx"] == 0.0
    walk(running, vx=0.1, seconds=0.5)


@pytest.mark.realtime
def test_another_policy_takes_over_and_nothing_is_resumed(running: ConnectedRobot) -> None:
    assert {policy.name for policy in running.policies} >= {"walk", "stand"}
    walk(running, vx=0.1, seconds=0.5)
    with pytest.raises(PolicyError, match="no policy 'fly'"):
        running.use("fly")
    assert running.status.state == "running", "it does not go limp for what it lacks"
    walk(running, vx=0.1, seconds=0.5)
    before = running.connection
    use(running, "stand")
    assert running.connection is not before and before.has_ended
    assert [policy.name for policy in running.policies if policy.runs] == ["stand"]
    assert running.status.state != "running" and running.status.command["vx"] == 0.0
    running.look(yaw=0.2)
    use(running, "walk")
    assert [policy.name for policy in running.policies if policy.runs] == ["walk"]
    walk(running, vx=0.1, seconds=0.5)


@pytest.mark.realtime
def test_trim_and_mark_reach_the_robot(running: ConnectedRobot) -> None:
    running.trim(vx=0.01, gait_speed=0.1)
    running.trim()
    running.mark("slipped")


@pytest.mark.realtime
def test_asyncio_cancels_a_walk_of_a_running_robot(running: ConnectedRobot) -> None:
    async def main() -> None:
        robot = AsyncRobot(running)
        walk = asyncio.create_task(robot.walk(vx=0.1, seconds=3600))
        async for state in robot.states(rate_hz=20):
            if state.command["vx"]:
                break
        walk.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walk
        async for state in robot.states(rate_hz=20):
            if not state.command["vx"]:
                break

    asyncio.run(main())
    walk(running, vx=0.1, seconds=0.2)


def test_who_has_control_is_told_to_who_wants_it(bench: Bench) -> None:
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    try:
        wait_until(lambda: listens(path))
        with (
            gaitway.connect(path, client="anna") as anna,
            gaitway.connect(path, client="ben") as ben,
        ):
            anna.walk(vx=0.1)
            with pytest.raises(RefusedError, match=r"anna has control for another [0-3]\.\d s") as refused:
                ben.walk(vx=0.05)
            assert refused.value.code == "lease_held" and refused.value.hint
            told: list[Exception] = []

            def walk_on() -> None:
                try:
                    anna.walk(wz=0.2, seconds=3600)
                except GaitwayError as error:
                    told.append(error)

            waiting = threading.Thread(target=walk_on)
            waiting.start()
            wait_until(lambda: ben.status.command["wz"] == pytest.approx(0.2))
            ben.limp()
            waiting.join(timeout=60)
            (error,) = told
            assert "does not walk any more: it is limp" in str(error) and "walk again gets it up" in str(error)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_walk_that_a_stronger_client_takes_over_is_told(bench: Bench) -> None:
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    try:
        wait_until(lambda: listens(path))
        with gaitway.connect(path, client="model", source="agent") as model:
            with gaitway.connect(path, client="anna") as anna:
                told: list[Exception] = []

                def walk_a_while() -> None:
                    try:
                        model.walk(vx=0.05, seconds=3)
                    except GaitwayError as error:
                        told.append(error)

                walking = threading.Thread(target=walk_a_while)
                walking.start()
                wait_until(lambda: anna.status.command["vx"] == pytest.approx(0.05))
                anna.walk(vx=0.1)
                walking.join(timeout=60)
                (error,) = told
                assert isinstance(error, RefusedError) and error.code == "overridden" and error.hint
                assert "follows anna, not this program" in error.message
            model.walk(vx=0.05, seconds=0.5)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_robot_that_does_not_get_up_says_why(bench: Bench) -> None:
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--stand", "--socket", str(path))
    try:
        wait_until(lambda: listens(path))
        with gaitway.connect(path) as robot:
            with pytest.raises(DaemonError, match="may only stand") as refused:
                robot.walk(vx=0.1)
            assert "--stand" in refused.value.hint
            robot.look(yaw=0.2)
            wait_until(lambda: robot.status.command["head_yaw"] == pytest.approx(0.2))
            robot.limp()
            wait_until(lambda: robot.status.state == "limp")
            robot.patience_s = 0.0
            with pytest.raises(DaemonError, match=r"does not run after 0 s: it is (limp|aligning)") as late:
                robot.look(yaw=0.2)
            assert late.value.hint
    finally:
        process.terminate()
        process.communicate(timeout=30)
