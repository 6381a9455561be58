"""The view: what it serves, to whom, and that it shows what is there. A browser is not needed."""

import http.client
import json
import math
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program import run_gaitway, wait_until

from gaitway import Policy, Robot
from gaitway.errors import GaitwayError, RecordingError, UsageError
from gaitway.recording import Recording
from gaitway.sim import RobotSim
from gaitway.sim.shapes import RobotShapes, base_pose
from gaitway.sim.trunk import pose_of
from gaitway.view import SimulationSource, State, Steering, ViewServer, load_recorded
from gaitway.view.simulated import COMMAND_HOLDS_S

HERE = Path(__file__).parent
SIMULATED = HERE.parent / "recordings" / "v1-simulated.mcap"
ON_TWIN = HERE.parent / "recordings" / "v1-walk.mcap"
ROBOTS = [HERE / "robots" / name / "profile.toml" for name in ("arm", "quadruped")]
MODULES = [path.name for path in (HERE.parents[1] / "python/gaitway/view/page").glob("*.js")]
JSON = {"Content-Type": "application/json"}


class StillSource:
    """A source that a test holds in its hands."""

    lost: str | None = None

    def __init__(self) -> None:
        self.robot = Robot.load()
        self.asked: list[Any] = []
        self.ended: str | None = None
        ranges = {"vx": (-0.15, 0.15)}
        stand = {"stand": lambda: self.asked.append("stand")}
        self.steering = Steering(ranges, self.asked.append, lambda: self.asked.append("stop"), modes=stand)
        self.state: State | None = None

    def latest(self) -> State | None:
        return self.state


@pytest.fixture
def still() -> StillSource:
    return StillSource()


@pytest.fixture
def server(still: StillSource) -> Iterator[ViewServer]:
    with ViewServer(still) as server:
        yield server


def ask(
    server: ViewServer,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        path = f"/{server.token if token is None else token}/{path}"
        line.request("GET" if body is None else "POST", path, body, headers or {})
        answer = line.getresponse()
        assert answer.getheader("Access-Control-Allow-Origin") is None
        return answer.status, answer.read()
    finally:
        line.close()


def scene(server: ViewServer) -> dict[str, Any]:
    status, body = ask(server, "scene")
    assert status == 200
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def test_the_page_and_everything_it_names_are_served(server: ViewServer) -> None:
    status, page = ask(server, "")
    assert status == 200 and b'src="view.js"' in page
    for name in ("view.css", *MODULES):
        status, content = ask(server, name)
        assert status == 200 and len(content) > 500, name
    assert ask(server, "../server.py")[0] == 404
    assert ask(server, "three.LICENSE")[0] == 404
    licence = HERE.parents[1] / "python/gaitway/view/page/three.LICENSE"
    assert "MIT" in licence.read_text()


@pytest.mark.parametrize("token", ["", "wrong", "%C3%A9"])
def test_who_does_not_know_the_token_gets_nothing(server: ViewServer, still: StillSource, token: str) -> None:
    for name in ("", "scene", "live"):
        assert ask(server, name, token=token)[0] == 404
    assert ask(server, "stop", body=b"{}", headers=JSON, token=token)[0] == 404
    assert still.asked == []


def test_another_name_for_this_machine_is_refused(server: ViewServer, still: StillSource) -> None:
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", ""):
        status, _ = ask(server, "stop", body=b"{}", headers=JSON | {"Host": host})
        assert status == 421, host
    assert still.asked == []
    assert ask(server, "stop", body=b"{}", headers=JSON | {"Host": f"localhost:{server.port}"})[0] == 200
    assert still.asked == ["stop"]


def test_a_page_of_another_site_cannot_steer(server: ViewServer, still: StillSource) -> None:
    assert ask(server, "stop", body=b"{}", headers=JSON | {"Origin": "http://evil.example"})[0] == 403
    assert ask(server, "stop", body=b"{}", headers=JSON | {"Origin": "null"})[0] == 403
    # What a form can send.
    assert ask(server, "stop", body=b"{}", headers={"Content-Type": "text/plain"})[0] == 415
    assert still.asked == []
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    assert ask(server, "stop", body=b"{}", headers=JSON | own)[0] == 200


def test_only_this_machine_is_listened_to(server: ViewServer) -> None:
    assert server._server.server_address[0] == "127.0.0.1"
    assert server.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"[" * 3000, "JSON"),
        (b"{}", "values"),
        (b"[]", "values"),
        (b'{"values": [0.1]}', "values"),
        (b'{"values": {"wings": 1}}', "wings"),
        (b'{"values": {"vx": "fast"}}', "vx"),
        (b'{"values": {"vx": NaN}}', "vx"),
        (b'{"values": {"vx": 1e999}}', "vx"),
        (b'{"values": {"vx": true}}', "vx"),
        (b'{"values": {"vx": 0.2}}', "-0.15 to 0.15"),
    ],
)
def test_a_bad_command_is_refused_and_says_why(server: ViewServer, still: StillSource, body: bytes, says: str) -> None:
    status, answer = ask(server, "command", body=body, headers=JSON)
    assert status == 400
    assert says in json.loads(answer)["error"]
    assert still.asked == []


def test_a_good_command_arrives(server: ViewServer, still: StillSource) -> None:
    assert ask(server, "command", body=b'{"values": {"vx": 0.1}}', headers=JSON)[0] == 200
    assert still.asked == [{"vx": 0.1}]


def test_one_page_steers_at_a_time(server: ViewServer, still: StillSource) -> None:
    def command(page: str) -> tuple[int, bytes]:
        return ask(server, "command", body=json.dumps({"page": page, "values": {"vx": 0.1}}).encode(), headers=JSON)

    assert command("one")[0] == 200
    status, answer = command("other")
    assert status == 400 and "another page" in json.loads(answer)["error"]
    assert len(still.asked) == 1
    wait_until(lambda: command("other")[0] == 200)


def test_a_mode_is_asked_by_its_name(server: ViewServer, still: StillSource) -> None:
    assert ask(server, "mode", body=b'{"mode": "stand"}', headers=JSON)[0] == 200
    assert still.asked == ["stand"]
    for body in (b'{"mode": "fly"}', b"{}", b"[]", b'{"mode": 3}'):
        status, answer = ask(server, "mode", body=body, headers=JSON)
        assert status == 400 and "stand" in json.loads(answer)["error"]
    assert still.asked == ["stand"]


def test_why_a_command_is_not_followed_is_answered(server: ViewServer, still: StillSource) -> None:
    still.steering = Steering({"vx": (-0.15, 0.15)}, lambda _: "it lies")
    assert ask(server, "command", body=b'{"values": {"vx": 0.1}}', headers=JSON) == (200, b'{"note":"it lies"}')


def test_what_may_be_asked_is_told_again_where_it_has_changed(server: ViewServer, still: StillSource) -> None:
    stream = Stream(server)
    assert stream.next("may")["ranges"] == {"vx": [-0.15, 0.15]}
    still.steering = Steering()
    assert stream.next("may") == {"ranges": {}, "modes": [], "command": False, "stop": False, "clear": False}
    still.lost = "it was unplugged"
    assert stream.next("silence")["why"] == "it was unplugged"
    stream.close()


def test_a_robot_that_does_not_know_where_it_is_lies_on_the_floor() -> None:
    shapes = RobotShapes(Robot.load())
    pose = Robot.load().default_pose_rad
    standing = shapes.on_floor(pose, None)
    assert standing is not None and standing == pytest.approx(shapes.standing_base, abs=1e-6)
    on_its_side = shapes.on_floor(pose, (0.0, 1.0, 0.0))
    assert on_its_side is not None and 0.02 < on_its_side[2] < 0.8 * standing[2]
    assert RobotShapes(Robot.load(ROBOTS[0])).on_floor([0.0] * len(Robot.load(ROBOTS[0]).joint_names), None) is None


def test_the_joints_of_an_arm_without_a_policy_go_where_they_are_asked() -> None:
    robot = Robot.load("so101")
    source = SimulationSource(robot, None)
    try:
        wait_until(lambda: source.latest() is not None)
        before = list(state_of(source).joint_rad)
        assert source.steering.command is not None
        source.steering.command(dict(zip(robot.joint_names, before, strict=True)) | {"shoulder_pan": before[0] + 0.5})
        wait_until(lambda: state_of(source).joint_rad[0] > before[0] + 0.4)
        # It keeps the angle: what is no velocity does not end.
        wait_until(lambda: state_of(source).owner is None)
        assert state_of(source).command[0] == pytest.approx(before[0] + 0.5, abs=1e-5)
    finally:
        source.close()


def test_what_is_too_long_or_unknown_is_refused(server: ViewServer, still: StillSource) -> None:
    assert ask(server, "command", body=b" " * 5000, headers=JSON)[0] == 413
    assert ask(server, "clear", body=b"{}", headers=JSON)[0] == 404, "nobody but at the robot"
    assert ask(server, "ended", body=b"{}", headers=JSON)[0] == 404
    assert ask(server, "frames?first=0&count=1")[0] == 400
    assert still.asked == []


class Stream:
    """The live stream, event by event."""

    def __init__(self, server: ViewServer) -> None:
        self._line = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        request = f"GET /{server.token}/live HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
        self._line.sendall(request.encode())
        self._text = self._line.makefile("r", encoding="utf-8")

    def next(self, wanted: str) -> Any:
        for line in self._text:
            if line.startswith("event: "):
                name, data = line[7:].strip(), next(self._text)
                if name == wanted:
                    return json.loads(data.removeprefix("data: "))
        raise AssertionError(f"the stream ended without {wanted}")

    def close(self) -> None:
        self._text.close()
        self._line.close()


def test_the_stream_shows_the_newest_state_and_says_how_old_it_is(server: ViewServer, still: StillSource) -> None:
    stream = Stream(server)
    assert stream.next("silence")["age_s"] >= 0
    pose = still.robot.default_pose_rad
    still.state = State(1.0, pose, [math.nan] * len(pose), "limp", tilt_rad=math.nan, contacts=[True, False])
    frame = stream.next("frame")
    assert frame["joint_rad"] == pytest.approx(pose, abs=1e-4)
    assert frame["goal_rad"] == [None] * len(pose), "no browser reads NaN"
    assert (frame["state"], frame["contacts"], frame["tilt_rad"]) == ("limp", [True, False], None)
    first, second = stream.next("silence")["age_s"], stream.next("silence")["age_s"]
    assert second > first > 0, "the same state again is no news"
    still.ended = "it was unplugged"
    assert stream.next("end")["why"] == "it was unplugged"
    stream.close()


def test_a_server_ends_while_somebody_looks(still: StillSource) -> None:
    with ViewServer(still) as server:
        stream = Stream(server)
        stream.next("silence")
    assert stream.next("closing") == {}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    stream.close()


@pytest.mark.parametrize("profile", [*ROBOTS, "open_duck_mini_v2"], ids=["arm", "quadruped", "default"])
def test_every_robot_has_shapes_and_stands_where_mujoco_has_it(profile: Path | str) -> None:
    robot = Robot.load(profile)
    shapes, sim = RobotShapes(robot), RobotSim(robot, backlash=False)
    drawn = shapes.shapes()
    assert {shape["kind"] for shape in drawn} <= {"plane", "box", "sphere", "capsule", "cylinder", "ellipsoid", "mesh"}
    assert len(drawn) > len(robot.joint_names) / 2
    for shape in drawn:
        assert 0 <= shape["body"] < shapes.bodies and len(shape["rgba"]) == 4
        if shape["kind"] == "mesh":
            assert max(shape["corners"]) < len(shape["vertices"]) / 3
            assert max(shape["corner_normals"]) < len(shape["normals"]) / 3
    base = pose_of(sim.data, sim.layout)
    rows = np.array(shapes.poses(sim.joint_position_rad.tolist(), base.tolist())).reshape(-1, 7)
    np.testing.assert_allclose(rows[:, :3], sim.data.xpos, atol=2e-5)
    np.testing.assert_allclose(rows[:, 3:], sim.data.xquat, atol=2e-5)
    with pytest.raises(UsageError, match="joint angles"):
        shapes.poses([0.0], None)


def test_a_mesh_reaches_the_browser() -> None:
    assert any(shape["kind"] == "mesh" for shape in RobotShapes(Robot.load()).shapes())


def test_the_base_leans_as_up_says_and_heads_as_it_is_told() -> None:
    upright = base_pose((1.0, 2.0, 3.0), 0.0, None)
    assert upright == pytest.approx([1, 2, 3, 1, 0, 0, 0])
    assert base_pose((0, 0, 0), math.pi / 2, (0.0, 0.0, 1.0))[3:] == pytest.approx([0.5**0.5, 0, 0, 0.5**0.5])
    # Nose down by 0.3 rad: up then points backward in the trunk frame.
    leaning = base_pose((0, 0, 0), 0.0, (-math.sin(0.3), 0.0, math.cos(0.3)))
    assert leaning[3:] == pytest.approx([math.cos(0.15), 0, math.sin(0.15), 0])
    assert all(map(math.isfinite, base_pose((0, 0, 0), math.nan, (0.0, 0.0, -1.0))))


@pytest.mark.parametrize("path", [SIMULATED, ON_TWIN], ids=["simulated", "twin"])
def test_frames_of_a_recording_are_the_recording(path: Path) -> None:
    recording = Recording.load(path)
    with ViewServer(load_recorded(path, None)) as server:
        about = scene(server)
        assert about["mode"] == "recording"
        assert len(about["times_s"]) == recording.ticks
        frames = []
        while len(frames) < recording.ticks:
            status, body = ask(server, f"frames?first={len(frames)}&count=100")
            assert status == 200
            frames += json.loads(body)
        assert len(frames) == recording.ticks
        for name, key in (("joint_position_rad", "joint_rad"), ("goal_rad", "goal_rad"), ("command", "command")):
            for index in range(len(frames[0][key])):
                shown = np.array([frame[key][index] for frame in frames], dtype=float)
                recorded = np.array(recording.column(f"tick.{name}[{index}]"))
                assert np.allclose(shown, recorded, atol=1e-4, equal_nan=True), f"{name}[{index}]"
        assert [frame["state"] for frame in frames] == recording.columns["tick.state"]
        base = np.array([frame["bodies"][7:10] for frame in frames])
        truth = [recording.column(f"tick.truth.position_m[{axis}]") for axis in range(3)]
        if truth[0]:
            np.testing.assert_allclose(base, np.array(truth).T, atol=2e-5)
        else:
            assert np.ptp(base[:, :2], axis=0).max() == 0, "nobody knows where a real robot is"
        # No command to a recording, no frame outside it.
        assert ask(server, "stop", body=b"{}", headers=JSON)[0] == 404
        for query in (f"first={recording.ticks}&count=1", "first=0&count=0", "first=-1&count=1", "first=0&count=501"):
            assert ask(server, f"frames?{query}")[0] == 400, query
        assert ask(server, "frames?first=x")[0] == 400
        assert ask(server, "live")[0] == 404


def test_a_recording_of_another_robot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="other joints") as refused:
        load_recorded(SIMULATED, Robot.load(ROBOTS[0]))
    assert "--robot" in (refused.value.hint or "")
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"no recording")
    with pytest.raises(GaitwayError, match="expected a recording"):
        load_recorded(broken, None)


def test_the_simulation_walks_as_asked_stops_and_goes_on() -> None:
    robot = Robot.load()
    source = SimulationSource(robot, Policy.default(robot))
    try:
        wait_until(lambda: source.latest() is not None)

        def walks() -> bool:
            assert source.steering.command is not None
            source.steering.command({"vx": 0.15})
            state = source.latest()
            assert state is not None and state.base is not None
            return state.base[0] > 0.1

        wait_until(walks)
        # Whoever asked has gone: the command is over by itself.
        wait_until(lambda: state_of(source).command[0] == 0)
        assert COMMAND_HOLDS_S < 1
        assert source.steering.stop is not None and source.steering.clear is not None
        source.steering.stop()
        wait_until(lambda: state_of(source).state == "stopped")
        assert all(map(math.isnan, state_of(source).goal_rad)), "it is limp"
        source.steering.command({"vx": 0.15}) if source.steering.command else None
        wait_until(lambda: (state_of(source).tilt_rad or 0) > 0.5 or state_of(source).base[2] < 0.12)  # type: ignore[index]
        assert state_of(source).command[0] == 0, "a stopped robot takes no command"
        source.steering.clear()
        wait_until(lambda: state_of(source).state == "running")
    finally:
        source.close()
    assert source.ended is not None


def state_of(source: SimulationSource) -> State:
    state = source.latest()
    assert state is not None
    return state


def test_a_robot_without_a_policy_stands_in_its_pose() -> None:
    robot = Robot.load(ROBOTS[0])
    source = SimulationSource(robot, None)
    try:
        with ViewServer(source) as server:
            stream = Stream(server)
            assert stream.next("may") == {"ranges": {}, "modes": [], "command": False, "stop": True, "clear": True}
            frame = stream.next("frame")
            assert len(frame["joint_rad"]) == len(robot.joint_names)
            stream.close()
    finally:
        source.close()


@pytest.mark.parametrize(("what", "mode"), [(SIMULATED, "recording"), (ROBOTS[0], "live"), (None, "live")])
def test_the_program_prints_its_address_and_ends_in_order(tmp_path: Path, what: Path | None, mode: str) -> None:
    command = [sys.executable, "-m", "gaitway.cli", "view", *([str(what)] if what else []), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as program:
        assert program.stdout is not None and program.stderr is not None
        url = program.stdout.readline().strip()
        host, token = url.removeprefix("http://").rstrip("/").split("/")
        line = http.client.HTTPConnection(host, timeout=20)
        line.request("GET", f"/{token}/scene")
        assert json.loads(line.getresponse().read())["mode"] == mode
        line.close()
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=60) == 0
        assert "Traceback" not in program.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody"], "no robot is called"),
        (["missing.mcap"], "missing.mcap"),
        ([str(SIMULATED), "--policy", "walk"], "--policy"),
        (["open_duck_mini_v2", "--robot", "arm"], "--robot"),
    ],
)
def test_wrong_use_is_told(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = run_gaitway("view", *arguments, "--no-open", cwd=tmp_path)
    assert result.returncode in (1, 2)
    assert says in result.stderr and "hint" in result.stderr


def test_the_source_in_the_documentation_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (HERE.parents[1] / "docs/view.md").read_text(), re.DOTALL)
    exec(compile(block, "docs/view.md", "exec"), {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_two_views_do_not_share_a_port(still: StillSource) -> None:
    with ViewServer(still) as server, pytest.raises(GaitwayError, match=str(server.port)) as refused:
        ViewServer(still, port=server.port)
    assert "--port" in (refused.value.hint or "")
