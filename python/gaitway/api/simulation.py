"""`Simulation`: physics and controller in lockstep, told what to do tick by tick. No clock, no thread."""

from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path

from gaitway.api.state import JointState, RobotState
from gaitway.controller import Controller
from gaitway.errors import PolicyError, RecordingError
from gaitway.policy import Policy
from gaitway.recorder import Recorder
from gaitway.robot import Robot
from gaitway.sim import RobotSim, TrunkState, World
from gaitway.sim.lockstep import LYING_S
from gaitway.sim.trunk import pose_of

#: How fast joints go to the default pose, rad/s: as a robot that aligns.
_ALIGN_RPS = 1.0
#: Ticks over which goals go over to a policy that takes over.
_BLEND_TICKS = 3
#: What the bits of a record's joint limits mean.
_LIMITS = {1: "range", 2: "velocity", 4: "non_finite", 8: "fallen"}
_FELL = "a hand puts it back on its feet after a second"


class Simulation:
    """One simulated robot. It stands and runs its policy from the start; a fallen one is put back on its feet."""

    def __init__(self, robot: Robot, policy: str | Path | None, *, seed: int = 0, world: World | None = None) -> None:
        self.robot = robot
        self.sim = RobotSim(robot, seed=seed, world=world)
        self.ticks = 0
        #: Falls since the start.
        self.falls = 0
        #: running, ready (holds the default pose) or limp.
        self.state = "running"
        self.is_stopped = False
        self.gait_speed = 0.0
        self._trim: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._owner = "program"
        self._lying_ticks = 0
        self._goals = array("f", robot.default_pose_rad)
        self._recorder: Recorder | None = None
        self._sensors = self.sim.sense()
        self.load(policy)

    @property
    def seconds(self) -> float:
        """Time since the start, s."""
        return self.ticks / self.sim.loop_hz

    def load(self, policy: str | Path | None) -> None:
        """Runs this policy from now on, by its name or file; the robot's own where none is named.

        Raises PolicyError where there is none such, ContractError for one that does not fit, RecordingError while
        the one before is recorded.
        """
        controller = self._controller_of(policy)
        controller.reset(self._goals)
        self.sim.set_gains(controller.gains)
        self.controller = controller
        self.command({})

    def switch(self, policy: str | Path | None) -> None:
        """As `load`, but what the robot does goes on: goals go over to the other policy's within a few ticks.

        Raises PolicyError for one with other gains, too, which servos that bear a robot keep.
        """
        controller = self._controller_of(policy)
        if controller.gains != self.controller.gains:
            raise PolicyError(f"policy {policy}: expected the gains of the one that runs", hint="load it instead")
        controller.take_over(self.controller, _BLEND_TICKS)
        self.controller = controller

    def _controller_of(self, policy: str | Path | None) -> Controller:
        if self._recorder is not None:
            raise RecordingError("a recording has one policy", hint="close the recording before another policy is used")
        if policy is None:
            loaded = Policy.default(self.robot)
        else:
            loaded = Policy.load(self.robot.policy_file(policy), robot=self.robot)
        return Controller(loaded, self.robot, loop_hz=self.sim.loop_hz)

    def command(self, axes: Mapping[str, float]) -> None:
        """The command from now on."""
        self._asked = dict(axes)
        self._owner = "network" if axes else self._owner

    def trim(self, axes: Mapping[str, float], gait_speed: float) -> None:
        """Added to every command that moves."""
        self._trim, self.gait_speed = dict(axes), gait_speed

    def run(self) -> None:
        """Gets up, where it lies or is limp, and runs the policy."""
        if self.state == "limp":
            self._put_on_its_feet()
        if self.state != "running":
            self.controller.reset(self._goals)
        self.state = "running"

    def stand(self) -> None:
        """Gets up, and holds the default pose."""
        if self.state == "limp":
            self._put_on_its_feet()
        self.state = "ready"

    def drop(self) -> None:
        """Torque off."""
        self.sim.set_torque(False)
        self.state, self._lying_ticks = "limp", 0

    def record(self, recorder: Recorder | None) -> None:
        """Every tick of the policy goes through this recorder from now on; none ends that."""
        self._recorder = recorder

    def tick(self) -> None:
        """One tick of the loop."""
        self._sensors = self.sim.sense()
        if self.state == "running":
            self._step()
        elif self.state == "ready":
            self._align()
        self.sim.step(self._goals)
        self.ticks += 1
        if self._lying_ticks > 0:
            self._lying_ticks -= 1
            if self._lying_ticks == 0:
                self.run()
        elif self.state in ("running", "ready") and self._has_fallen():
            self.falls += 1
            self.drop()
            self._lying_ticks = round(LYING_S * self.sim.loop_hz)

    def trunk(self) -> TrunkState:
        """The trunk as it truly is."""
        return self.sim.trunk()

    def seen(self) -> RobotState:
        """How it is."""
        has_imu = self.robot.imu_bus is not None
        contacts = zip(self.robot.contact_names, self._sensors.foot_contact, strict=True)
        return RobotState(
            tick=self.ticks,
            clock_ns=round(self.seconds * 1e9),
            state=self.state,
            stopped=self.is_stopped,
            fault="fallen" if self._lying_ticks else None,
            fault_hint=_FELL if self._lying_ticks else "",
            owner=self._owner,
            command={axis: self._asked.get(axis, 0.0) for axis in self.robot.command_axes},
            joints={name: self._joint(index, name) for index, name in enumerate(self.robot.joint_names)},
            projected_gravity=self._gravity() if has_imu else None,
            angular_velocity_rps=_triple(self._sensors.gyro) if has_imu else None,
            contacts={name: touches > 0 for name, touches in contacts},
        )

    def _step(self) -> None:
        moves = any(self._asked.values())
        trim, speed = (self._trim, self.gait_speed) if moves else ({}, 0.0)
        row = self.robot.command(
            **{axis: self._asked.get(axis, 0.0) + trim.get(axis, 0.0) for axis in {**self._asked, **trim}}
        )
        if self._recorder is None:
            goals = self.controller.step(self._sensors, row, phase_factor_offset=speed)
        else:
            goals = self._recorder.step(self._sensors, row, self.sim.trunk().row(), phase_factor_offset=speed)
        self._goals = array("f", goals)

    def _align(self) -> None:
        most_rad = _ALIGN_RPS / self.sim.loop_hz
        for joint, (goal_rad, pose_rad) in enumerate(zip(self._goals, self.robot.default_pose_rad, strict=True)):
            self._goals[joint] = goal_rad + max(-most_rad, min(most_rad, pose_rad - goal_rad))

    def _has_fallen(self) -> bool:
        return self.sim.fallen or (self.state == "running" and self.controller.record().fallen)

    def _put_on_its_feet(self) -> None:
        if self.sim.description.trunk is None:
            # What is fixed to the ground goes on from where its joints are.
            self.sim.set_torque(True)
            self._goals = array("f", self.sim.joint_position_rad.tolist())
        else:
            self.sim.stand_up()
            self._goals = array("f", self.robot.default_pose_rad)
        self._lying_ticks = 0
        self.controller.reset(self._goals)

    def _joint(self, index: int, name: str) -> JointState:
        is_on, runs = self.state in ("running", "ready"), self.state == "running" and self.ticks > 0
        record = self.controller.record() if runs else None
        changed = 0 if record is None else record.joint_limits[index]
        return JointState(
            name,
            goal_rad=self._goals[index] if is_on else None,
            position_rad=float(self._sensors.joint_position[index]),
            age_s=float(self._sensors.joint_age[index]),
            voltage_v=None,
            temperature_c=None,
            current_a=None,
            target_rad=None if record is None else float(record.target_rad[index]),
            limits=tuple(limit for bit, limit in _LIMITS.items() if changed & bit),
        )

    def _gravity(self) -> tuple[float, float, float]:
        """Unit vector of gravity in the trunk's frame: the world's -z, turned back."""
        w, x, y, z = pose_of(self.sim.data, self.sim.layout)[3:]
        return _triple((-2 * (x * z - w * y), -2 * (y * z + w * x), -(1 - 2 * (x * x + y * y))))


def _triple(values: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z
