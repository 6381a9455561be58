"""`Controller`: sensors and command in, safe goals out."""

from array import array
from typing import Any

from gaitway import _native
from gaitway.errors import PolicyError, UsageError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sensors import Sensors


class Controller:
    """Runs one policy on one robot: observation, network, action map, safety filter.

    A pure function of its state: it reads no clock, and the same inputs give the same bits on every machine.
    Raises ContractError where the contract does not fit the robot, ControlError for a rate that is no whole
    multiple of the policy's.
    """

    def __init__(
        self,
        policy: Policy,
        robot: Robot,
        *,
        loop_hz: int | None = None,
        kp: float | None = None,
        phase_factor: float = 1.0,
    ) -> None:
        self.policy = policy
        if policy.engine != "native" and policy.state_len:
            message = "a recurrent network remembers what a saved controller would lack: expected the native engine"
            raise PolicyError(f"{message}, found {policy.engine}", hint="leave --engine out")
        self.robot = robot
        self.native = _native.Controller(policy.native, robot.native, loop_hz=loop_hz, kp=kp, phase_factor=phase_factor)
        #: Goals of the last tick [n], rad; overwritten by every step.
        self.goals: array[float] = array("f", robot.default_pose_rad)

    def step(self, sensors: Sensors | Any, command: Any, *, phase_factor_offset: float = 0.0) -> "array[float]":
        """One tick. Returns the goals [n], rad, in the order of the robot's joints.

        `sensors` is a Sensors or its row [9 + 3n] float32, `command` a row [7] float32 (`gaitway.command`).
        `phase_factor_offset` is added to the speed of the gait clock in this tick, one being the contract's: 0.3 for a
        sprint; beyond -0.5 to 0.5 is limited.
        """
        row = sensors.row if isinstance(sensors, Sensors) else sensors
        if self.policy.native.native:
            self.native.step(row, command, self.goals, phase_factor_offset)
        elif self.native.observe(row, command, phase_factor_offset):
            action = self.policy.infer([self.native.record().observation])
            self.native.act(action, self.goals)
        return self.goals

    def ask(self, name: str | None) -> None:
        """Asks for a policy of the set by its name from now on, or for none; the set's rules say when it comes."""
        names = self.policy.native.set_names
        if name is not None and name not in names:
            known = ", ".join(names) or "none: the policy runs alone"
            raise UsageError(
                f"policy: expected one of the set ({known}), found {name!r}", hint="policies.toml names them"
            )
        self.native.ask(None if name is None else names.index(name))

    @property
    def active(self) -> str:
        """Name of the policy of the set that ran in the last tick; the contract's where there is one policy."""
        names = self.policy.native.set_names
        return names[self.native.record().policy] if names else self.policy.contract.name

    def record(self) -> _native.Record:
        """Everything about the last tick."""
        return self.native.record()

    def reset(self, pose_rad: Any) -> None:
        """Starts anew with the robot at `pose_rad` [n] float32: histories, gait clock and fall verdict."""
        self.native.reset(pose_rad)

    def take_over(self, before: "Controller", blend_ticks: int) -> None:
        """Goes on from the controller of another policy, in the middle of what the robot does.

        Goals go over to this one's within `blend_ticks` ticks of the loop.
        """
        self.native.take_over(before.native, blend_ticks)

    def save(self) -> bytes:
        """The state as bytes; a controller restored from them continues bit for bit."""
        return self.native.save()

    def restore(self, state: bytes) -> None:
        """Puts a saved state back. Raises ControlError, with nothing changed, where it is not this controller's."""
        self.native.restore(state)

    @property
    def loop_hz(self) -> int:
        """Ticks of the loop in a second, for which it was made."""
        return self.native.loop_hz

    @property
    def gains(self) -> list[tuple[float, float]]:
        """Proportional and derivative gain of each joint, in servo register units."""
        return self.native.gains

    @property
    def overrides(self) -> list[str]:
        """How this pair differs from what the contract describes; empty where it is fully compatible."""
        return self.native.overrides

    @property
    def verdict(self) -> str:
        """`compatible`, or `compatible with override`. What does not fit at all was refused."""
        return "compatible with override" if self.overrides else "compatible"
