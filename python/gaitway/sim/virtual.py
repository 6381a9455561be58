"""`SimulatedLoop`: the real loop on a virtual clock, driver and supervisor and all, and MuJoCo behind its servos."""

from array import array
from collections.abc import Callable
from pathlib import Path

from gaitway import files
from gaitway._native import VirtualRobot
from gaitway.errors import SimulationError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim.live import LiveRobot

#: Samples of the IMU in a second.
_IMU_HZ = 100
#: Gyro and accelerometer; the contacts come behind.
_IMU_WIDTH = 6
#: A robot on its stand is ready, on its feet, and walks within so many ticks each.
_START_TICKS = 500


class SimulatedLoop:
    """A robot on a stand, limp, with nobody who wants anything of it.

    Its IMU sends datagrams, or is a `chip` on an I²C bus; without `foot_switches` all feet count as on the ground, as
    they do in gaitwayd. Tick after tick of `loop` goes by with `tick`; what is wished of the robot and what goes wrong
    is said to `loop`. Two of them with the same arguments that are told the same give the same bytes on one machine.
    """

    def __init__(
        self,
        robot: Robot,
        policy: Policy,
        *,
        seed: int = 0,
        set_down_after_s: float = 0.0,
        release_after_s: float = 1.5,
        tilt_rad: tuple[float, float] = (0.0, 0.0),
        chip: bool = False,
        foot_switches: bool = True,
    ) -> None:
        self.policy = policy
        self._foot_switches = foot_switches
        self.body = LiveRobot(
            robot,
            seed=seed,
            set_down_after_s=set_down_after_s,
            release_after_s=release_after_s,
            tilt_rad=tilt_rad,
        )
        self._step_ns = round(self.body.step_s * 1e9)
        self.loop = VirtualRobot(robot.native, policy.native, step_ns=self._step_ns, seed=seed)
        if chip:
            self.loop.read_chip(foot_switches, seed)
        joints = len(robot.joint_names)
        self._servos = array("f", bytes(4 * 5 * joints))
        self._joints = array("f", bytes(4 * 3 * joints))
        self._imu = array("f", bytes(4 * (_IMU_WIDTH + self.body.contacts)))
        self._imu_every = round(1e9 / (_IMU_HZ * self._step_ns))
        self._steps = 0
        # The physics begins with the loop's clock.
        self._begun_ns = self.loop.now_ns

    def walk(self, vx_mps: float, vy_mps: float, wz_rps: float) -> None:
        """From limp over standing to walking. Raises SimulationError where it does not come to that."""
        loop = self.loop
        loop.command(vx_mps, vy_mps, wz_rps)
        loop.wish("stand")
        self._until(lambda: loop.state == "ready" and self.body.released)
        loop.wish("walk")
        self._until(lambda: loop.state == "running")

    def record(self, folder: Path) -> None:
        """Records every tick from now on into files of `folder`, as gaitwayd does; `loop.end_recording` ends it."""
        self.loop.record(folder, self.policy.native, files.read_policy(self.policy.path))

    def _until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(_START_TICKS):
            if is_so():
                return
            self.tick()
        found = f"{self.loop.state} because of {self.loop.reason}"
        raise SimulationError(f"expected a robot that walks, found it {found}", hint="this policy cannot be tested")

    def tick(self) -> str:
        """One tick of the loop, the physics up to it before; returns the state."""
        self.loop.wait()
        while steps := self.loop.take_steps(self._servos):
            self._step(steps)
        self.body.show(self._joints, self._imu)
        self.loop.set_joints(self._joints)
        return self.loop.tick()

    def _step(self, count: int) -> None:
        while count > 0:
            # Up to the next sample of the IMU in one go.
            part = min(count, self._imu_every - self._steps % self._imu_every)
            self.body.step(self._servos, part)
            self._steps += part
            count -= part
            if self._steps % self._imu_every == 0:
                self.body.show(self._joints, self._imu)
                if not self._foot_switches:
                    self._imu[_IMU_WIDTH:] = array("f", [1.0] * self.body.contacts)
                self.loop.sample_imu(self._imu, self._begun_ns + self._steps * self._step_ns)
