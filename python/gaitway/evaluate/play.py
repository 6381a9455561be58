"""Plays one case, and keeps of it what the figures are made of."""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.controller import Controller
from gaitway.evaluate.battery import STEP_HELD_S, STEP_REST_S
from gaitway.evaluate.case import SETTLE_S, Case
from gaitway.evaluate.effort import Effort, EffortFigures
from gaitway.evaluate.plan import head_of
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim import RobotSim

Floats = NDArray[np.float64]

#: How much is shown before a step of the command, s.
LEAD_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run. Means are over the time after settling, until the end or the fall."""

    fell: bool
    seconds: float
    #: Mean vx, vy of the trunk's origin in its own frame, m/s, and turning rate, rad/s; zero where it fell before.
    velocity: tuple[float, ...]
    #: Mean angles of the head's joints, rad.
    head_rad: tuple[float, ...]
    #: Way from where it stood after settling to where it ended, m, and the time between, s.
    distance_m: float
    settled_s: float
    #: Root mean square over joints: true speed, rad/s; change of the action from tick to tick, and change of that.
    joint_motion_rps: float
    action_change: float
    action_second_change: float
    effort: EffortFigures | None = None
    #: vx, vy, turning rate tick by tick from `LEAD_S` before a step of the command on; empty without one.
    response: tuple[tuple[float, ...], ...] = ()


class _Rows:
    """What is written down every tick."""

    def __init__(self, ticks: int, joints: int, actions: int) -> None:
        self.velocity = np.zeros((ticks, 3))
        self.position = np.zeros((ticks, 2))
        self.joint = np.zeros((ticks, joints))
        self.joint_speed = np.zeros((ticks, joints))
        self.action = np.zeros((ticks, actions))


def play(case: Case, policy: Policy, robot: Robot) -> Outcome:
    """Runs the case to its end, or until the robot falls."""
    controller = Controller(policy, robot, loop_hz=robot.control_hz)
    sim = RobotSim(robot, backlash=case.backlash, seed=case.seed, world=case.world)
    sim.set_gains(controller.gains)
    commands = [array("f", row) for seconds, row in case.segments for _ in range(round(seconds * sim.loop_hz))]
    rows = _Rows(len(commands), len(robot.joint_names), policy.contract.action_len)
    effort = Effort(sim, len(commands)) if case.effort else None
    fell, done = False, 0
    while done < len(commands) and not fell:
        goals = controller.step(sim.sense(), commands[done])
        sim.step(goals, effort.watch if effort else None)
        record = controller.record()
        trunk = sim.trunk()
        rows.velocity[done] = (trunk.velocity_mps[0], trunk.velocity_mps[1], trunk.yaw_rate_rps)
        rows.position[done] = trunk.position_m[:2]
        rows.joint[done] = sim.joint_position_rad
        rows.joint_speed[done] = sim.data.qvel[sim.layout.qvel]
        rows.action[done] = record.action
        fell = sim.fallen or record.fallen
        if effort and not fell:
            effort.tick()
        done += 1
    head = [robot.joint_names.index(joint) for joint in head_of(sim.description)]
    return _outcome(case, robot.control_hz, head, rows, done, fell, effort)


def _outcome(
    case: Case, hz: int, head: list[int], rows: _Rows, done: int, fell: bool, effort: Effort | None
) -> Outcome:
    settled = slice(round(SETTLE_S * hz), done - 1 if fell else done)
    velocity, position, joint = rows.velocity[settled], rows.position[settled], rows.joint[settled]
    action = rows.action[settled]
    return Outcome(
        fell=fell,
        seconds=done / hz,
        velocity=_mean(velocity),
        head_rad=_mean(joint[:, head]),
        distance_m=float(np.hypot(*(position[-1] - position[0]))) if len(position) else 0.0,
        settled_s=len(position) / hz,
        joint_motion_rps=_rms(rows.joint_speed[settled]),
        action_change=_rms(np.diff(action, axis=0)),
        action_second_change=_rms(np.diff(action, n=2, axis=0)),
        effort=effort.figures() if effort else None,
        response=_response(case, rows.velocity, hz),
    )


def _response(case: Case, velocity: Floats, hz: int) -> tuple[tuple[float, ...], ...]:
    if case.step_tick is None:
        return ()
    start = case.step_tick - round(LEAD_S * hz)
    ticks = round((LEAD_S + STEP_HELD_S + STEP_REST_S) * hz)
    return tuple(tuple(row) for row in velocity[start : start + ticks].tolist())


def _mean(rows: Floats) -> tuple[float, ...]:
    mean = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
    return tuple(mean.tolist())


def _rms(rows: Floats) -> float:
    return float(np.sqrt((rows**2).mean())) if rows.size else 0.0
