"""`SimulationSource`: a robot that walks in simulation, in real time, and takes commands while it does."""

import threading
import time
from array import array
from collections.abc import Mapping

from gaitway._native import Pacer
from gaitway.controller import Controller
from gaitway.errors import GaitwayError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim import RobotSim, World
from gaitway.sim.lockstep import LYING_S
from gaitway.sim.trunk import pose_of
from gaitway.view.source import State, Steering
from gaitway.view.stop_button import GO_ON, StopButton, stand_up

#: A command that is not renewed for so long is over: whoever gave it has gone, s.
COMMAND_HOLDS_S = 0.5
#: A joint that is commanded directly goes at this share of its largest velocity.
_DIRECT_SHARE = 0.5


class SimulationSource:
    """A robot in MuJoCo on a thread of its own.

    Without a policy it holds its default pose. One whose command axes are its joints, an arm, goes to the angles it is
    commanded; another one takes no commands.

    A fallen robot lies limp for a second and is put back on its feet. A stopped one is limp until `clear`.
    """

    def __init__(self, robot: Robot, policy: Policy | None, *, seed: int = 0, world: World | None = None) -> None:
        self._robot = robot
        self._sim = RobotSim(robot, seed=seed, world=world)
        self._controller = None if policy is None else Controller(policy, robot)
        if self._controller is not None:
            self._sim.set_gains(self._controller.gains)
        self._is_velocity = [unit.endswith("/s") for unit in robot.command_axes.values()]
        pose = dict(zip(robot.joint_names, robot.default_pose_rad, strict=True))
        #: The joints that are commanded directly, and where each of them goes, rad.
        self._directly = [axis for axis in robot.command_axes if policy is None and axis in pose]
        self._goals = pose
        self._asked: array[float] = robot.command(**{axis: pose[axis] for axis in self._directly})
        self._asked_at_s = float("-inf")
        self._stop_button, self._closing = StopButton(self._sim, self._controller), threading.Event()
        self._latest: State | None = None
        self._ended: str | None = None
        self._contacts: list[bool] = []
        self._lying_ticks = 0
        self._is_steered = False
        self._thread = threading.Thread(target=self._run, name="simulation", daemon=True)
        self._thread.start()

    @property
    def robot(self) -> Robot:
        """The robot it is."""
        return self._robot

    @property
    def steering(self) -> Steering:
        """Every axis that the policy follows, or every joint that is commanded directly; stop; clear."""
        if self._controller is None:
            limits = dict(zip(self._robot.joint_names, self._robot.limits_rad, strict=True))
            joints = {axis: limits[axis] for axis in self._directly}
            return Steering(joints, self.command if joints else None, self._stop_button.press, self._stop_button.clear)
        ranges = {axis: ends for axis, ends in self._controller.policy.contract.envelope.items() if ends[0] < ends[1]}
        return Steering(ranges, self.command, self._stop_button.press, self._stop_button.clear)

    def command(self, values: Mapping[str, float]) -> None:
        """Commands these axes, the others zero. Velocities hold until `COMMAND_HOLDS_S` after the last command."""
        self._asked, self._asked_at_s = self._robot.command(**values), time.monotonic()

    def latest(self) -> State | None:
        """The newest state."""
        return self._latest

    @property
    def lost(self) -> str | None:
        """Never: it is in this process."""
        return None

    @property
    def ended(self) -> str | None:
        """Why the simulation ended; None while it runs."""
        return self._ended

    def close(self) -> None:
        """Ends the simulation."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            pacer = Pacer(round(1e9 / self._sim.loop_hz))
            while not self._closing.is_set():
                pacer.wait()
                began_ns = time.perf_counter_ns()
                if self._stop_button.obey():
                    self._lying_ticks = 0
                command, goals = self._tick()
                self._latest = self._state(command, goals, (time.perf_counter_ns() - began_ns) / 1e6)
        except GaitwayError as error:
            self._ended = error.message
        self._ended = self._ended or "the simulation was ended"

    def _tick(self) -> "tuple[array[float], array[float]]":
        """The command and the goals of this tick."""
        command = self._asked
        self._is_steered = not self._stop_button.is_set and time.monotonic() - self._asked_at_s <= COMMAND_HOLDS_S
        if not self._is_steered:
            held = zip(command, self._is_velocity, strict=True)
            command = array("f", (0.0 if is_velocity else value for value, is_velocity in held))
        sensors = self._sim.sense()
        self._contacts = [contact > 0 for contact in sensors.foot_contact]
        goals = array(
            "f", self._directed(command) if self._controller is None else self._controller.step(sensors, command)
        )
        self._sim.step(goals)
        if self._stop_button.is_set:
            return command, goals
        if self._lying_ticks == 1:
            stand_up(self._sim, self._controller)
        elif self._lying_ticks == 0 and self._has_fallen():
            self._sim.set_torque(False)
            self._lying_ticks = round(LYING_S * self._sim.loop_hz) + 1
        self._lying_ticks = max(0, self._lying_ticks - 1)
        return command, goals

    def _directed(self, command: "array[float]") -> list[float]:
        """The goals of a robot without a policy: joints go to the angles asked for, at most at half their speed."""
        asked = dict(zip(self._robot.command_axes, command, strict=True))
        for joint, limit_rps in zip(self._robot.joint_names, self._robot.velocity_limits_rps, strict=True):
            if joint in self._directly and not self._stop_button.is_set:
                step_rad = _DIRECT_SHARE * limit_rps / self._sim.loop_hz
                away_rad = asked[joint] - self._goals[joint]
                self._goals[joint] += max(-step_rad, min(step_rad, away_rad))
        return list(self._goals.values())

    def _has_fallen(self) -> bool:
        return self._sim.fallen or (self._controller is not None and self._controller.record().fallen)

    def _state(self, command: "array[float]", goals: "array[float]", tick_ms: float) -> State:
        sim = self._sim
        is_limp = self._stop_button.is_set or self._lying_ticks > 0
        what = "stopped" if self._stop_button.is_set else "fallen" if self._lying_ticks else "running"
        return State(
            time_s=sim.time_s,
            joint_rad=sim.joint_position_rad.tolist(),
            goal_rad=[float("nan")] * len(goals) if is_limp else goals.tolist(),
            state=what,
            base=pose_of(sim.data, sim.layout).tolist(),
            contacts=self._contacts,
            tilt_rad=None if sim.description.trunk is None else sim.trunk().tilt_rad,
            command=command.tolist(),
            tick_ms=tick_ms,
            owner="this view" if self._is_steered else None,
            stopped_hint=GO_ON if self._stop_button.is_set else None,
        )
