"""How soon a joint follows a command: from the call in Python to the first other goal on the wire."""

import json
import random
import time
from collections.abc import Callable
from typing import Any

from gaitway.api import Connection
from gaitway.bench.account import quantiles
from gaitway.bench.clock import Progress
from gaitway.bench.local_api.peers import round_trips
from gaitway.bench.local_api.running_robot import Change, RunningRobot
from gaitway.bench.local_api.walker import take_lease
from gaitway.errors import UsageError
from gaitway.policy import Policy
from gaitway.robot import Robot

#: Part of an axis' range that is commanded, to one side and then to the other.
_SHARE = 0.4
#: A goal that moves by this from one tick to the next follows the command: the policy alone moves it by less, rad.
_MOVES_RAD = 0.04
#: Between two commands, s: the joint is there by then, and the calls meet the loop at every phase of its tick.
_APART_S = (0.4, 0.5)
_HOLDS_S, _LEASE_S = 0.4, 10.0

#: Commands the axis' value; returns when the call began and ended, ns of the monotonic clock.
Command = Callable[[float], tuple[int, int]]


def measure_joints(robot: Robot, count: int, progress: Progress) -> dict[str, Any]:
    """Quantiles over `count` commands, ns: of `walk`, of a message alone, and of round trips beside echo servers.

    `joint` is the time to the first goal on the wire that follows, `call` how long the call took. Raises UsageError
    where no joint of the policy follows an axis.
    """
    axis, joint, ends = _follower(robot)
    with RunningRobot(robot) as running:
        follow = _Follow(running, robot.joint_names.index(joint), ends, count, progress)
        found = {}
        with running.connect("command bench") as connected:
            found["robot.walk()"] = follow.measure(
                "robot.walk()", lambda value: _timed(connected.walk, **{axis: value})
            )
        message = _Message(running, axis)
        try:
            found["command message"] = follow.measure("command message", message.say)
        finally:
            message.close()
        trips = round_trips(running.socket, max(count, 100), progress)
    period_ns = round(1e9 / robot.control_hz)
    return {"axis": axis, "joint": joint, "period_ns": period_ns, "commands": found, "round_trips_ns": trips}


class _Follow:
    """Commands to and fro, and looks for the joint on the wire."""

    def __init__(
        self, running: RunningRobot, joint: int, ends: tuple[float, float], count: int, progress: Progress
    ) -> None:
        self._running, self._joint, self._ends = running, joint, ends
        self._count, self._progress, self._chance = count, progress, random.Random(0)

    def measure(self, name: str, command: Command) -> dict[str, Any]:
        calls, joints, unsure = [], [], []
        # The first one starts the policy, and leaves the joint at one end.
        command(_SHARE * self._ends[0])
        for number in range(self._count):
            time.sleep(self._chance.uniform(*_APART_S))
            self._progress(f"command to joint: {name}", number, self._count)
            end = self._ends[(number + 1) % 2]
            began_ns, ended_ns = command(_SHARE * end)
            change = self._first(began_ns, 1.0 if end > self._ends[number % 2] else -1.0)
            calls.append(ended_ns - began_ns)
            joints.append(change.seen_ns - began_ns)
            unsure.append(change.seen_ns - change.before_ns)
        return {
            "count": self._count,
            "joint_ns": quantiles(joints),
            "call_ns": quantiles(calls),
            "unsure_ns": quantiles(unsure),
        }

    def _first(self, after_ns: int, direction: float) -> Change:
        """The first change that moves the joint's goal that way."""
        before = self._running.goals_at(after_ns)[self._joint]

        def follows(change: Change) -> bool:
            return direction * (change.goals_rad[self._joint] - before) > _MOVES_RAD

        return self._running.change(after_ns, follows, "the joint does not follow")


class _Message:
    """A client of the bare protocol: one line a command."""

    def __init__(self, running: RunningRobot, axis: str) -> None:
        self._connection, self._axis = Connection(running.socket, client="command bench"), axis
        self._lease = take_lease(self._connection, "network", _LEASE_S)
        before_ns = time.monotonic_ns()
        clock_ns = self._connection.request("clock")["clock_ns"]
        self._ahead_ns = clock_ns - before_ns
        self._sequence = 0

    def say(self, value: float) -> tuple[int, int]:
        """One command; the lease is renewed before it."""
        self._connection.request("lease", source="network", seconds=_LEASE_S, lease=self._lease)
        self._sequence += 1
        deadline_ns = time.monotonic_ns() + self._ahead_ns + round(_HOLDS_S * 1e9)
        order = {"lease": self._lease, "sequence": self._sequence, "deadline_ns": deadline_ns}
        return _timed(self._connection.request, "command", **order, axes={self._axis: value})

    def close(self) -> None:
        """Goes, and takes its lease with it."""
        self._connection.close()


def _timed(call: Callable[..., object], *arguments: Any, **fields: Any) -> tuple[int, int]:
    began_ns = time.monotonic_ns()
    call(*arguments, **fields)
    return began_ns, time.monotonic_ns()


def _follower(robot: Robot) -> tuple[str, str, tuple[float, float]]:
    """An axis that moves one joint, that joint, and the axis' ends: the one with the widest range."""
    policy = Policy.load(robot.default_policy, robot=robot)
    followers = json.loads(policy.contract.to_json())["head_command"]["joints"]
    ends = policy.contract.envelope
    if not followers:
        raise UsageError(f"{robot.name}: no joint of its policy follows an axis", hint="name a robot with such a joint")
    row = max(followers, key=lambda row: ends[row["axis"]][1] - ends[row["axis"]][0])
    return row["axis"], row["joint"], ends[row["axis"]]
