"""Controller and physics in lockstep: the loop of every simulated run."""

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gaitway._native import Pacer, Record
from gaitway.controller import Controller
from gaitway.errors import SimulationError, UsageError
from gaitway.recorder import Recorder
from gaitway.script import Script
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trace import Trace, summary

#: Longest run, s.
MAX_S = 86_400
#: How long a fallen robot lies limp before it is put back on its feet.
LYING_S = 1.0


@dataclass
class Run:
    """A simulated run, as it stands."""

    script: Script
    trace: Trace
    ticks: int = 0
    seconds: float = 0.0
    wall_s: float = 0.0
    falls: int = 0
    interrupted: bool = False
    #: Set by whoever watches while the robot shall lie limp: that is no fall, and it does not get up.
    stopped: bool = False
    #: The last tick's record.
    record: Record | None = None
    #: The pacer of a run in real time.
    pacer: Pacer | None = None
    #: Duration of each tick's work, ns.
    work_ns: list[int] = field(default_factory=list)

    @property
    def realtime_factor(self) -> float:
        """Simulated seconds in a second."""
        return self.seconds / self.wall_s if self.wall_s > 0 else 0.0

    def figures(self) -> dict[str, Any]:
        """The figures of the run, as `gaitway run --json` prints them."""
        refusals, limited, position, velocity, action, commands, _ = (
            self.record.counters if self.record is not None else [0] * 7
        )
        return {
            "seconds": round(self.seconds, 6),
            "ticks": self.ticks,
            **summary(self.trace),
            "falls": self.falls,
            "realtime_factor": self.realtime_factor,
            "refusals": refusals,
            "limited": limited,
            "limited_by": {"position": position, "velocity": velocity, "action": action, "command": commands},
            "interrupted": self.interrupted,
        }


Watch = Callable[[Run], bool]


def simulate(
    sim: RobotSim,
    controller: Controller,
    script: Script,
    seconds: float,
    *,
    realtime: bool = False,
    watch: Watch | None = None,
    recorder: Recorder | None = None,
) -> Run:
    """Runs `script` for `seconds` of virtual time.

    With `realtime` every tick waits for its deadline on the machine's clock; otherwise the run goes as fast as it
    can, to the same result. `watch` sees the run after every tick and ends it by returning False. A fallen robot
    lies limp for a second and is put back on its feet: the run goes on, the fall counts. A `recorder` of that
    controller steps it, and writes down beside every tick what the simulator knows.
    """
    if controller.loop_hz != sim.loop_hz:
        message = f"the simulation ticks at {sim.loop_hz} Hz and the controller at {controller.loop_hz} Hz"
        raise SimulationError(message, hint="give both the same loop_hz")
    if not 0 < seconds <= MAX_S:
        raise UsageError(f"seconds: expected more than 0, at most {MAX_S}, found {seconds}", hint="a day is enough")
    run = Run(script, Trace(sim.robot, sim.model.nq))
    period_s = 1.0 / sim.loop_hz
    if realtime:
        run.pacer = Pacer(round(1e9 / sim.loop_hz))
    sim.set_gains(controller.gains)
    lying_ticks = 0
    start = time.perf_counter()
    # At least one tick, so that there is something to report.
    while run.ticks == 0 or run.seconds < seconds - 0.5 * period_s:
        if run.pacer is not None:
            run.pacer.wait()
        began_ns = time.perf_counter_ns()
        lying_ticks = _tick(run, sim, controller, recorder, lying_ticks)
        run.work_ns.append(time.perf_counter_ns() - began_ns)
        if watch is not None and not watch(run):
            run.interrupted = True
            break
    run.wall_s = time.perf_counter() - start
    return run


def _tick(run: Run, sim: RobotSim, controller: Controller, recorder: Recorder | None, lying_ticks: int) -> int:
    """One tick; returns how many more the robot shall lie."""
    segment = run.script.at(run.seconds)
    command = run.script.segments[segment].command
    if recorder is None:
        goals = controller.step(sim.sense(), command)
    else:
        goals = recorder.step(sim.sense(), command, sim.trunk().row())
    sim.step(goals)
    record = controller.record()
    run.trace.add(segment, record, sim, sim.trunk())
    run.record = record
    run.ticks += 1
    run.seconds = run.ticks / sim.loop_hz
    if run.stopped:
        return 0
    if lying_ticks == 0 and (sim.fallen or record.fallen):
        run.falls += 1
        sim.set_torque(False)
        return round(LYING_S * sim.loop_hz)
    if lying_ticks == 1:
        sim.stand_up()
        controller.reset(array("f", sim.robot.default_pose_rad))
    return max(0, lying_ticks - 1)
