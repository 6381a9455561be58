"""`Twin`: emulated servos and physics, kept in step with the clock."""

import math
from array import array
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gaitway._native import Pacer, TwinHost
from gaitway.errors import UsageError
from gaitway.twin.hands import Hands

#: After a stall longer than this many steps the physics gives up catching up; what it leaves out is counted.
MAX_CATCH_UP_STEPS = 50


#: Gyro and accelerometer; the contacts come behind.
_IMU_WIDTH = 6


class Body(Protocol):
    """What hangs on the servos. Rows are float32 buffers as `TwinHost` takes them."""

    #: Length of one step, s.
    step_s: float
    #: How many contacts it has.
    contacts: int
    #: True for a robot that nobody can lift, because it is fixed to the ground.
    has_fixed_base: bool

    def step(self, servos: Any) -> None:
        """One step with goals and stiffnesses [5n]."""

    def take_in_hand(self, held_rad: Mapping[int, float], nose_down_rad: float) -> None:
        """From now on hands hold these joints at these angles, rad, where their servos are limp, and the nose of a
        robot that hangs so far down.
        """

    @property
    def hangs(self) -> bool:
        """True until it was set down."""

    def hang(self) -> None:
        """Somebody takes it up, however it lies, and it hangs upright as at the start."""

    def show(self, joints: Any, imu: Any) -> None:
        """Fills joints [3n] (angles, velocities, drives) and IMU [6 + k] (gyro, accelerometer, contacts)."""


class Twin:
    """Steps `body` in real time between the servos of `host`.

    `watch` is called after every wake-up with the seconds of the body's own time since the start, and ends the run
    by returning False.
    """

    def __init__(
        self, host: TwinHost, body: Body, joints: int, *, imu_hz: int = 100, hands: Hands | None = None
    ) -> None:
        self.host = host
        self.body = body
        self._hands = hands
        self.steps = 0
        #: Steps left out after stalls of the machine.
        self.lost_steps = 0
        self.pacer: Pacer | None = None
        self._servos = _floats(5 * joints)
        self._joints = _floats(3 * joints)
        self._imu = _floats(_IMU_WIDTH + body.contacts)
        #: Joints that were driven by their servos at any time.
        self._driven: set[int] = set()
        steps_per_s = round(1 / body.step_s)
        if not 0 < imu_hz <= steps_per_s or steps_per_s % imu_hz:
            message = f"imu_hz: expected a whole share of the {steps_per_s} Hz of the physics, found {imu_hz}"
            raise UsageError(message, hint="50, 100, 250 and 500 are")
        self._imu_every = steps_per_s // imu_hz

    def run(self, watch: Callable[[float], bool]) -> None:
        """Runs until `watch` has had enough."""
        pacer = self.pacer = Pacer(round(self.body.step_s * 1e9))
        while watch(self.steps * self.body.step_s):
            skipped = pacer.wait().skipped
            due = min(skipped + 1, MAX_CATCH_UP_STEPS)
            self.lost_steps += skipped + 1 - due
            self._step(due)

    def _step(self, due: int) -> None:
        host, body = self.host, self.body
        host.read_servos(self._servos)
        joints = len(self._joints) // 3
        if len(self._driven) < joints:
            self._driven.update(joint for joint in range(joints) if not math.isnan(self._servos[joint]))
        if self._hands is not None:
            if self._hands.takes_up():
                body.hang()
            self._hands.hangs = body.hangs
            body.take_in_hand(self._hands.held_rad, self._hands.nose_down_rad)
        before = self.steps // self._imu_every
        for _ in range(due):
            body.step(self._servos)
        self.steps += due
        body.show(self._joints, self._imu)
        host.set_joints(self._joints)
        if self.steps // self._imu_every > before:
            host.sample_imu(self._imu)
        host.send_imu()

    def figures(self) -> dict[str, Any]:
        """How well the clock was kept, and what went over the wire."""
        late_ns = [0, 0] if self.pacer is None else [self.pacer.lateness_ns(share) for share in (0.5, 0.99)]
        wire = dict(self.host.statistics())
        wire["fault_log"] = [{"at_ns": at_ns, "fault": text} for at_ns, text in self.host.statistics()["fault_log"]]
        return {
            "joints": len(self._joints) // 3,
            "joints_driven": len(self._driven),
            "physics_steps": self.steps,
            "physics_lost_steps": self.lost_steps,
            "physics_late_ns": {"p50": late_ns[0], "p99": late_ns[1]},
            **wire,
        }


def _floats(count: int) -> "array[float]":
    return array("f", bytes(4 * count))
