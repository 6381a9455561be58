"""The view of a robot that runs under gaitwayd: what it shows, who may command, and how a lost robot is found again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_bench import Bench
from program import listens, wait_until
from test_view import ROBOTS, Stream, ask, scene

from gaitway import Robot
from gaitway.api import Connection
from gaitway.errors import DaemonError, ProfileError, RefusedError
from gaitway.view import LocalSource, State, ViewServer

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def running(bench: Bench) -> Iterator[Path]:
    """The socket of a robot that runs on the emulated bus."""
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    try:
        wait_until(lambda: listens(path))
        yield path
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def source(running: Path) -> Iterator[LocalSource]:
    source = LocalSource(running)
    try:
        wait_until(lambda: source.latest() is not None and state_of(source).state == "running")
        yield source
    finally:
        source.close()


def state_of(source: LocalSource) -> State:
    state = source.latest()
    assert state is not None
    return state


def command(source: LocalSource, **axes: float) -> str | None:
    work = source.steering.command
    assert work is not None
    return work(axes)


def test_it_shows_the_joints_and_goals_of_the_robot_as_it_runs(source: LocalSource) -> None:
    state = state_of(source)
    assert source.robot.name == "open_duck_mini_v2" and source.lost is None
    assert len(state.joint_rad) == len(state.goal_rad) == len(source.robot.joint_names)
    near = zip(state.joint_rad, state.goal_rad, strict=True)
    assert all(abs(angle - goal) < 1.0 for angle, goal in near)
    assert state.owner is None and state.held_by is None, "nobody has commanded it yet"
    assert source.steering.ranges["vx"][0] < 0 < source.steering.ranges["vx"][1]
    assert source.steering.clear is None and set(source.steering.modes) == {"run", "stand", "limp"}
    with ViewServer(source) as server:
        assert scene(server)["mode"] == "live"
        stream = Stream(server)
        assert "vx" in stream.next("may")["ranges"]
        assert len(stream.next("frame")["goal_bodies"]) == 7 * scene(server)["bodies"]
        stream.close()


def test_a_command_holds_while_it_is_renewed_and_then_others_may_have_the_robot(
    source: LocalSource, running: Path
) -> None:
    def commanded() -> bool:
        assert command(source, vx=0.1) is None
        return abs(state_of(source).command[0] - 0.1) < 1e-6 and state_of(source).owner == "this view"

    wait_until(commanded)
    assert state_of(source).held_by is None
    other = Connection(running, client="anna")
    try:
        with pytest.raises(RefusedError, match="view has control"):
            other.request("lease", source="network", seconds=5)
        # Nobody renews it: it goes to zero, and the lease is given up.
        wait_until(lambda: state_of(source).command[0] == 0)
        lease = 0

        def granted() -> bool:
            nonlocal lease
            with contextlib.suppress(RefusedError):
                lease = other.request("lease", source="network", seconds=10)["lease"]
            return lease > 0

        wait_until(granted)
        with pytest.raises(RefusedError, match="anna has control"):
            command(source, vx=0.1)
        now_ns = other.request("clock")["clock_ns"]
        other.request("command", lease=lease, sequence=1, deadline_ns=now_ns + 900_000_000, axes={"wz": 0.2})
        wait_until(lambda: state_of(source).held_by is not None)
        assert state_of(source).owner == state_of(source).held_by != "this view"
    finally:
        other.close()
    wait_until(lambda: state_of(source).held_by is None)
    wait_until(lambda: command(source, vx=0.05) is None)


def test_a_mode_is_taken_and_a_command_to_a_robot_that_stands_says_what_to_do(source: LocalSource) -> None:
    source.steering.modes["stand"]()
    wait_until(lambda: state_of(source).state == "ready")
    assert "run" in (command(source, vx=0.1) or "")
    source.steering.modes["run"]()
    wait_until(lambda: state_of(source).state == "running")


def test_a_robot_with_other_joints_than_the_profile_is_refused(running: Path) -> None:
    with pytest.raises(ProfileError, match="joints of") as refused:
        LocalSource(running, Robot.load(ROBOTS[0]))
    assert "--robot" in refused.value.hint


def test_no_robot_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DaemonError, match="no running gaitwayd"):
        LocalSource(tmp_path / "none.sock")


def test_a_robot_that_ends_or_dies_is_told_found_again_and_not_commanded(bench: Bench, binary: None) -> None:
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    wait_until(lambda: listens(path))
    source = LocalSource(path)
    try:
        wait_until(lambda: source.latest() is not None and state_of(source).state == "running")
        command(source, vx=0.1)
        process.terminate()
        process.communicate(timeout=60)
        wait_until(lambda: source.lost == "gaitwayd has ended")
        with pytest.raises(DaemonError):
            command(source, vx=0.1)
        before_s = state_of(source).time_s
        process = bench.start("--no-record", "--socket", str(path))
        wait_until(lambda: source.lost is None and state_of(source).state == "running")
        assert state_of(source).time_s != before_s
        assert state_of(source).command[0] == 0, "a robot that is back is not commanded"
        process.kill()
        process.communicate(timeout=60)
        wait_until(lambda: source.lost is not None and "died" in source.lost)
        # The page is told with every look, and how old the picture is.
        with ViewServer(source) as server:
            stream = Stream(server)
            told = stream.next("silence")
            assert "died" in told["why"] and told["age_s"] >= 0
            assert ask(server, "stop", body=b"{}", headers=JSON)[0] == 400
            stream.close()
    finally:
        source.close()
        process.kill()
        process.communicate(timeout=60)
    assert source.ended is not None


def test_a_stop_needs_no_control_and_says_how_it_is_cleared(bench: Bench, binary: None) -> None:
    path = bench.folder / "api.sock"
    process = bench.start("--no-record", "--socket", str(path))
    wait_until(lambda: listens(path))
    source = LocalSource(path)
    try:
        wait_until(lambda: source.latest() is not None and state_of(source).state == "running")
        with ViewServer(source) as server:
            assert ask(server, "stop", body=b"{}", headers=JSON)[0] == 200
            wait_until(lambda: state_of(source).state == "limp")
            assert "press c" in (state_of(source).stopped_hint or "")
            assert ask(server, "mode", body=b'{"mode": "run"}', headers=JSON)[0] == 400
            assert ask(server, "clear", body=b"{}", headers=JSON)[0] == 404
    finally:
        source.close()
        process.terminate()
        process.communicate(timeout=60)
