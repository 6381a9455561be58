"""`SimulatedRobot`: a robot in the embedded simulation, held as a running one is."""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway import _native
from gaitway.api.base import Mode, RobotConnection
from gaitway.api.flight import FlightRecording
from gaitway.api.info import PolicyInfo, RobotInfo
from gaitway.api.motion import Motion
from gaitway.api.state import RobotState
from gaitway.errors import DaemonError, RefusedError, UsageError

if TYPE_CHECKING:
    from gaitway.api.simulation import Simulation
    from gaitway.robot import Robot
    from gaitway.sim import TrunkState, World

#: A tick is over within this time, s; a generous limit against waiting for ever.
_PATIENCE_S = 30.0
#: What a trim may change the speed of the gait by.
_MOST_GAIT_SPEED = 0.5


class SimulatedRobot(RobotConnection):
    """Physics and controller in this process: no gaitwayd, no wire, no lease.

    Time passes by itself, in a thread; with `fast` only while the program waits for it (`walk` for some seconds,
    `wait`, `observe`, `states`), as fast as it can be computed: the same calls then give the same bytes each time. It
    stands from the start; a robot that falls lies limp for a second, is put back on its feet, and goes on.
    """

    def __init__(
        self,
        robot: "Robot",
        *,
        policy: str | Path | None = None,
        seed: int = 0,
        world: "World | None" = None,
        fast: bool = False,
    ) -> None:
        from gaitway.api.simulation import Simulation

        self._simulation = Simulation(robot, policy, seed=seed, world=world)
        self._policy = str(policy or "walk")
        #: Held during a tick, and told after it.
        self._ticked = threading.Condition()
        self._watchers: list[tuple[int, Callable[[RobotState], None]]] = []
        self._failure: Exception | None = None
        super().__init__(_info(self._simulation))
        self._thread: threading.Thread | None = None
        if not fast:
            self._thread = threading.Thread(target=self._live, name="simulation", daemon=True)
            self._thread.start()

    @property
    def status(self) -> RobotState:
        """How it is now."""
        with self._ticked:
            self._check()
            return self._simulation.seen()

    def observe(self) -> RobotState:
        """How it is after the next tick."""
        with self._ticked:
            self._advance(1, Motion())
            return self._simulation.seen()

    @property
    def seconds(self) -> float:
        """Time since the start, s."""
        return self._simulation.seconds

    @property
    def falls(self) -> int:
        """Falls since the start."""
        return self._simulation.falls

    def trunk(self) -> "TrunkState":
        """Where the trunk truly is and how it moves, which no robot can sense."""
        with self._ticked:
            return self._simulation.trunk()

    def clear_stop(self) -> None:
        """Clears the emergency stop: who simulates a robot stands beside it."""
        with self._ticked:
            self._simulation.is_stopped = False

    @property
    def policies(self) -> list[PolicyInfo]:
        """The policies that ship with the robot, and the one that runs."""
        shipped = {path.stem: path for path in sorted(self._simulation.robot.folder.glob("*.onnx"))}
        files = shipped | ({} if self._policy in shipped else {self._policy: Path(self._policy)})
        return [PolicyInfo(name, file, runs=name == self._policy) for name, file in files.items()]

    def mark(self, text: str = "") -> None:
        """Raises UsageError: a simulation keeps what it was asked to record, and nothing else."""
        raise UsageError("mark: expected a robot that records by itself", hint="robot.record_flight(FOLDER) records")

    def record_flight(self, folder: str | Path | None = None) -> FlightRecording:
        """Records every tick of the policy into a file of this folder, until its `close` or the end of `with`.

        `gaitway replay` runs it again to the bit. The folder is that of gaitwayd where none is named. Raises
        RecordingError where no file can be begun.
        """
        from gaitway.recorder import Recorder

        with self._ticked:
            self._check()
            recorder = Recorder(self._simulation.controller, None if folder is None else Path(folder))
            self._simulation.record(recorder)
        return FlightRecording(recorder, self._end_flight)

    def _end_flight(self) -> None:
        with self._ticked:
            self._simulation.record(None)

    def _run(self, motion: Motion) -> None:
        with self._ticked:
            self._check_stop()
            if not motion.is_over:
                self._simulation.run()

    def _command(self, axes: Mapping[str, float]) -> None:
        with self._ticked:
            self._check()
            self._simulation.command(axes)

    def _pass(self, seconds: float, motion: Motion) -> None:
        with self._ticked:
            # At least one, so that there is something to see.
            self._advance(max(1, round(seconds * self._simulation.sim.loop_hz)), motion)

    def _enter(self, mode: Mode) -> None:
        with self._ticked:
            if mode == "stand":
                self._check_stop()
                self._simulation.stand()
            else:
                self._check()
                self._simulation.drop()
            self._simulation.command({})

    def _stop(self) -> None:
        with self._ticked:
            self._simulation.is_stopped = True
            self._simulation.drop()
            self._simulation.command({})

    def _use(self, policy: str) -> None:
        with self._ticked:
            self._check()
            self._simulation.load(policy)
            self._policy = policy
            self.info = _info(self._simulation)

    def _switch(self, policy: str) -> None:
        with self._ticked:
            self._check()
            self._simulation.switch(policy)
            self._policy = policy
            self.info = _info(self._simulation)

    def _trim(self, axes: Mapping[str, float], gait_speed: float) -> None:
        if not abs(gait_speed) <= _MOST_GAIT_SPEED:
            most = f"{-_MOST_GAIT_SPEED:g} to {_MOST_GAIT_SPEED:g}"
            raise UsageError(f"gait_speed: expected {most}, found {gait_speed}", hint="0.1 is ten percent faster")
        with self._ticked:
            self._check()
            self._simulation.trim(axes, gait_speed)

    def _states(self, rate_hz: float) -> Iterator[RobotState]:
        every = self._every(rate_hz)
        while not self._is_closed:
            with self._ticked:
                if self._is_closed:
                    return
                self._advance(every, Motion())
                state = self._simulation.seen()
            yield state

    def _watch(self, see: Callable[[RobotState], None], rate_hz: float) -> Callable[[], None]:
        watcher = (self._every(rate_hz), see)
        with self._ticked:
            self._watchers.append(watcher)

        def stop() -> None:
            with self._ticked:
                self._watchers.remove(watcher)

        return stop

    def _every(self, rate_hz: float) -> int:
        return max(1, round(self._simulation.sim.loop_hz / rate_hz))

    def _close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        with self._ticked:
            self._failure = self._failure or UsageError("this robot is closed", hint="connect again")
            self._ticked.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _check_stop(self) -> None:
        self._check()
        if self._simulation.is_stopped:
            raise RefusedError("the emergency stop is set", hint="robot.clear_stop()", code="stopped")

    def _advance(self, ticks: int, motion: Motion) -> None:
        """Until so many ticks are over or the motion is; the lock is held."""
        end = self._simulation.ticks + ticks
        while self._simulation.ticks < end and not motion.is_over:
            self._check()
            if self._thread is None:
                self._tick()
            elif not self._ticked.wait(_PATIENCE_S):
                raise DaemonError(f"the simulation has made no tick for {_PATIENCE_S:g} s", hint="is the machine busy?")

    def _tick(self) -> None:
        self._simulation.tick()
        due = [see for every, see in self._watchers if self._simulation.ticks % every == 0]
        if due:
            state = self._simulation.seen()
            for see in due:
                see(state)

    def _live(self) -> None:
        """Ticks in real time until it is closed."""
        try:
            pacer = _native.Pacer(round(1e9 / self._simulation.sim.loop_hz))
            while not self._is_closed:
                pacer.wait()
                with self._ticked:
                    self._tick()
                    self._ticked.notify_all()
        except Exception as error:  # noqa: BLE001 - told to whoever asks next, with all it has
            with self._ticked:
                self._failure = error
                self._ticked.notify_all()


def _info(simulation: "Simulation") -> RobotInfo:
    robot, contract = simulation.robot, simulation.controller.policy.contract
    return RobotInfo(
        name=robot.name,
        title=robot.title,
        contract=contract.name,
        joint_names=robot.joint_names,
        contact_names=robot.contact_names,
        command_axes=robot.command_axes,
        command_ranges={axis: ends for axis, ends in contract.envelope.items() if ends[0] < ends[1]},
    )
