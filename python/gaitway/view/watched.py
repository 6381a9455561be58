"""`WatchedRun`: a run of `simulate` that somebody looks at while it goes on, and may steer."""

import time
from array import array
from collections.abc import Mapping

from gaitway.controller import Controller
from gaitway.robot import Robot
from gaitway.sim import RobotSim, Run
from gaitway.sim.trunk import pose_of
from gaitway.view.simulated import COMMAND_HOLDS_S
from gaitway.view.source import State, Steering
from gaitway.view.stop_button import GO_ON, StopButton


class WatchedRun:
    """The run of `sim` and `controller`, a `Source`: `look` is its `watch`, called after every tick.

    With `row`, the command of the run's only segment, it is steered: the row is changed in place.
    """

    def __init__(self, sim: RobotSim, controller: Controller, row: "array[float] | None" = None) -> None:
        self._sim, self._controller, self._row = sim, controller, row
        self._latest: State | None = None
        self._asked: dict[str, float] = {}
        self._asked_at_s = float("-inf")
        #: Its stop button, for keys beside the page.
        self.stop_button = StopButton(sim, controller)
        self._ended: str | None = None
        envelope = controller.policy.contract.envelope
        self._ranges = {axis: ends for axis, ends in envelope.items() if row is not None and ends[0] < ends[1]}

    @property
    def robot(self) -> Robot:
        """The robot it is."""
        return self._sim.robot

    @property
    def steering(self) -> Steering:
        """Stop and its end; of a run that is steered every axis that the policy follows."""
        command = None if self._row is None else self.command
        return Steering(self._ranges, command, self.stop_button.press, self.stop_button.clear)

    def command(self, values: Mapping[str, float]) -> None:
        """Commands these axes until `COMMAND_HOLDS_S` have passed."""
        self._asked, self._asked_at_s = dict(values), time.monotonic()

    def latest(self) -> State | None:
        """The newest state."""
        return self._latest

    @property
    def lost(self) -> str | None:
        """Never: it is in this process."""
        return None

    @property
    def ended(self) -> str | None:
        """Whether the run is over."""
        return self._ended

    def end(self) -> None:
        """The run is over."""
        self._ended = "the run is over"

    @property
    def is_commanded(self) -> bool:
        """Whether somebody commands it in the page now."""
        return time.monotonic() - self._asked_at_s <= COMMAND_HOLDS_S

    def look(self, run: Run, otherwise: Mapping[str, float]) -> None:
        """Takes the state of the run, and sets what it does next: as the page commands, else `otherwise`."""
        self.stop_button.obey()
        run.stopped = self.stop_button.is_set
        if self._row is not None:
            values = self._asked if self.is_commanded else otherwise
            self._row[:] = self.robot.command(**({} if run.stopped else dict(values)))
        self._latest = self._state(run)

    def _state(self, run: Run) -> State:
        sim, record = self._sim, run.record
        has_trunk = sim.description.trunk is not None
        lies = run.stopped or (has_trunk and sim.fallen)
        goals = [] if record is None or lies else list(record.goal_rad)
        return State(
            time_s=run.seconds,
            joint_rad=sim.joint_position_rad.tolist(),
            goal_rad=goals or [float("nan")] * len(self.robot.joint_names),
            state="stopped" if run.stopped else "fallen" if lies else "running",
            base=pose_of(sim.data, sim.layout).tolist(),
            contacts=sim.contact().tolist(),
            tilt_rad=sim.trunk().tilt_rad if has_trunk else None,
            command=[] if record is None else list(record.command),
            tick_ms=run.work_ns[-1] / 1e6 if run.work_ns else None,
            owner="this view" if self.is_commanded else None,
            stopped_hint=GO_ON if run.stopped else None,
        )
