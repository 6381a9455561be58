"""A connection needs no socket: what it speaks over is a stream of anybody's, here one that stays in memory."""

import json
import queue
import threading
import time
from typing import Any

import pytest

from gaitway.api import ConnectedRobot, Connection
from gaitway.errors import DaemonError, RefusedError

HELLO = {
    "kind": "hello",
    "protocol": 1,
    "robot": "stick",
    "title": "Stick",
    "contract": "still",
    "joints": ["knee"],
    "contacts": ["foot"],
    "axes": [{"name": "vx", "unit": "m/s", "min": -0.1, "max": 0.1}, {"name": "tail", "unit": "rad"}],
}
JOINT = dict.fromkeys(("goal_rad", "position_rad", "age_s", "voltage_v", "temperature_c", "current_a"))
STATUS = {"tick": 7, "clock_ns": 1, "state": "running", "stopped": False, "fault": None, "owner": None, "command": {}}


class Stream:
    """A robot that runs; one asked for another policy goes and never comes back."""

    name = "a stream in memory"

    def __init__(self, **status: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self._status: dict[str, Any] = STATUS | status
        self._unread: queue.Queue[bytes] = queue.Queue()
        self._saying = threading.Lock()
        self._is_open = threading.Event()
        self._is_open.set()

    def send(self, data: bytes) -> None:
        request = json.loads(data)
        self.asked.append(request)
        kind = request["kind"]
        answers = {
            "hello": HELLO,
            "clock": {"kind": "clock", "clock_ns": 0},
            "lease": {"kind": "lease", "lease": 1, "expires_ns": 2_000_000_000},
            "policies": {"kind": "policies", "policies": [{"name": "fly", "file": None, "runs": False}]},
            "command": {"kind": "fate", "fate": "followed", "limits": []},
            "dance": {"kind": "refused", "code": "unknown_kind", "message": "kind: found dance", "hint": "walk"},
        }
        self._say(answers.get(kind, {"kind": "accepted"}) | {"id": request["id"]})
        if kind == "subscribe":
            threading.Thread(target=self._tick, daemon=True).start()
        if request.get("mode") == "limp":
            self._status["state"] = "limp"
        if kind == "policy":
            self.close()

    def receive(self) -> bytes:
        return self._unread.get()

    def close(self) -> None:
        self._is_open.clear()
        self._unread.put(b"")

    def _tick(self) -> None:
        while self._is_open.is_set():
            self._status["tick"] += 1
            self._say({"kind": "status", **self._status})
            self._say({"kind": "joints", "joints": [JOINT]})
            time.sleep(0.005)

    def _say(self, message: dict[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        # As it may come from a network: not at the ends of lines.
        with self._saying:
            self._unread.put(line[:5])
            self._unread.put(line[5:])


def test_a_robot_is_steered_over_any_stream() -> None:
    stream = Stream()
    with ConnectedRobot(lambda: Connection(stream)) as robot:
        assert (robot.title, robot.command_axes) == ("Stick", {"vx": "m/s", "tail": "rad"})
        assert robot.command_ranges == {"vx": (-0.1, 0.1)}, "the policy is never told of the tail"
        robot.walk(vx=0.05)
        commands = [request for request in stream.asked if request["kind"] == "command"]
        assert commands[0]["axes"] == {"vx": 0.05} and commands[0]["lease"] == 1
        with pytest.raises(RefusedError, match="found dance") as refused:
            robot.connection.request("dance")
        assert (refused.value.code, refused.value.hint) == ("unknown_kind", "walk")


def test_what_an_older_robot_does_not_say_is_nothing() -> None:
    with ConnectedRobot(lambda: Connection(Stream())) as robot:
        seen = robot.status
    assert (seen.projected_gravity, seen.angular_velocity_rps, seen.lease_holder) == (None, None, None)
    assert seen.contacts == {"foot": None} and seen.joints["knee"].limits == ()


def test_what_a_newer_robot_says_is_read() -> None:
    newer = {"projected_gravity": [0, 0, -1], "angular_velocity_rps": None, "contacts": [True], "lease_holder": "anna"}
    with ConnectedRobot(lambda: Connection(Stream(**newer))) as robot:
        seen = robot.status
    assert (seen.projected_gravity, seen.contacts, seen.lease_holder) == ((0.0, 0.0, -1.0), {"foot": True}, "anna")
    for wrong in ({"contacts": [True, False]}, {"projected_gravity": [0, 1]}, {"command": 3}):
        robot = ConnectedRobot(lambda wrong=wrong: Connection(Stream(**wrong)))
        with robot, pytest.raises(DaemonError, match="found a message without a usable"):
            _ = robot.status


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"state": "limp"}, "it is limp\n  hint: its torque is off"),
        ({"state": "ready"}, "it is ready\n  hint: it holds its pose and starts on the ground alone"),
        (
            {"state": "limp", "fault": {"kind": "low_voltage", "hint": "charge it"}},
            "it is limp, with the fault low_voltage\n  hint: charge it",
        ),
    ],
)
def test_a_robot_that_does_not_get_up_says_what_it_waits_for(status: dict[str, Any], told: str) -> None:
    with ConnectedRobot(lambda: Connection(Stream(**status))) as robot:
        robot.patience_s = 0.0
        with pytest.raises(DaemonError) as kept:
            robot.walk(vx=0.05)
    assert str(kept.value).startswith(f"Stick does not run after 0 s: {told}")


def test_a_robot_that_is_not_back_with_another_policy_is_told_in_time() -> None:
    streams = [Stream()]

    def dial() -> Connection:
        if not streams:
            raise DaemonError("nobody answers")
        return Connection(streams.pop())

    with ConnectedRobot(dial) as robot:
        robot.patience_s = 1.0
        with pytest.raises(DaemonError, match=r"Stick is not back within 1 s .* asked to run fly: nobody answers"):
            robot.use("fly")
        with pytest.raises(DaemonError, match="does not answer"):
            robot.walk(vx=0.1)
