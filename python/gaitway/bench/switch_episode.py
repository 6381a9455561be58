"""Episodes of a policy set: a robot that stands still, and one that is sent walking and told to stand again."""

import json
import math
import random
from array import array
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from gaitway.controller import Controller
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim import Noise, RobotSim, World

#: A standing robot is looked at for so long, after so long, s.
STILL_S, SETTLE_S = 20.0, 2.0
#: Ticks of the policy behind a switch whose acceleration counts as the switch's.
SWITCH_TICKS = 10
#: For so many ticks a command, and its absence, last.
_WALK_TICKS, _STAND_TICKS = (40, 110), (15, 90)


@dataclass(frozen=True, slots=True)
class Still:
    """What a robot does that nobody asks to move."""

    fell: bool
    #: Way over the ground, m; joint speed, root mean square, rad/s; tilt of the trunk, mean and largest, degrees.
    drift_m: float
    joint_speed_rps: float
    tilt_deg: float
    largest_tilt_deg: float


@dataclass(frozen=True, slots=True)
class Switch:
    """One policy took over from another."""

    to: str
    #: Where in the gait, ticks of the gait clock.
    phase_ticks: float
    fell: bool
    #: Largest acceleration of a joint's goal, and of the joint, within `SWITCH_TICKS`, rad/s².
    goal_rps2: float
    joint_rps2: float


@dataclass(slots=True)
class Episode:
    """What came of one."""

    switches: list[Switch] = field(default_factory=list)
    #: The same accelerations over as many ticks while one policy runs, by its name.
    between: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def stand_still(robot: Robot, policy: Policy, *, backlash: bool, seed: int) -> Still:
    """Asks for nothing, with noise on every sensor."""
    sim, controller = _begin(robot, policy, backlash, seed)
    rest = robot.command()
    speeds, tilts, places = [], [], []
    for tick in range(round((SETTLE_S + STILL_S) * sim.loop_hz)):
        sim.step(controller.step(sim.sense(), rest))
        if sim.fallen:
            return Still(True, math.nan, math.nan, math.nan, math.nan)
        if tick >= SETTLE_S * sim.loop_hz:
            trunk = sim.trunk()
            speeds.extend(sim.data.qvel[sim.layout.qvel].tolist())
            tilts.append(math.degrees(trunk.tilt_rad))
            places.append(trunk.position_m[:2].tolist())
    speed_rps = math.sqrt(mean(speed**2 for speed in speeds))
    return Still(False, math.dist(places[0], places[-1]), speed_rps, mean(tilts), max(tilts))


def send_about(robot: Robot, policy: Policy, *, backlash: bool, seed: str, switches: int) -> Episode:
    """Asks for velocities and for none in turn, each for a time by chance, until so many switches have come of it."""
    chance = random.Random(seed)
    walker = _Walker(robot, policy, backlash, chance)
    while len(walker.episode.switches) < switches:
        walker.tick()
    # What the last one leads to counts, too.
    for _ in range(_STAND_TICKS[1]):
        walker.tick()
    del walker.episode.switches[switches:]
    return walker.episode


class _Walker:
    """A robot that is sent about, and what is counted of it."""

    def __init__(self, robot: Robot, policy: Policy, backlash: bool, chance: random.Random) -> None:
        self.episode = Episode()
        self._robot, self._chance = robot, chance
        self._sim, self._controller = _begin(robot, policy, backlash, chance.randrange(1 << 30))
        self._ranges = _velocities(policy, robot)
        self._names = policy.native.set_names
        self._pose = array("f", robot.default_pose_rad)
        self._rest()

    def _rest(self) -> None:
        """A robot that stands, told to."""
        self._row, self._is_walking = self._robot.command(), False
        self._left = self._chance.randrange(*_STAND_TICKS)
        self._active = self._controller.record().policy
        self._since = SWITCH_TICKS
        self._goals: list[list[float]] = []
        self._speed: list[float] = []
        self._most = self._of_switch = (0.0, 0.0)
        self._begun: tuple[str, float] | None = None

    def tick(self) -> None:
        goals = self._controller.step(self._sim.sense(), self._row)
        self._sim.step(goals)
        record = self._controller.record()
        bend = self._bend(goals)
        if record.policy != self._active:
            self._count(fell=False)
            self._active, self._since = record.policy, 0
            self._begun, self._most = (self._names[record.policy], record.phase_step), (0.0, 0.0)
        self._most = (max(self._most[0], bend[0]), max(self._most[1], bend[1]))
        self._since += 1
        if self._since % SWITCH_TICKS == 0:
            self._close_window()
        if self._sim.fallen or record.fallen:
            self._count(fell=True)
            self._sim.stand_up()
            self._controller.reset(self._pose)
            self._rest()
            return
        self._left -= 1
        if self._left <= 0:
            self._is_walking = not self._is_walking
            self._left = self._chance.randrange(*(_WALK_TICKS if self._is_walking else _STAND_TICKS))
            asked = {axis: self._chance.uniform(*ends) for axis, ends in self._ranges.items()}
            self._row = self._robot.command(**(asked if self._is_walking else {}))

    def _bend(self, goals: Any) -> tuple[float, float]:
        """Largest acceleration of goals and of joints in this tick, rad/s², from differences."""
        hz = self._sim.loop_hz
        goal = joint = 0.0
        self._goals = [*self._goals[-2:], list(goals)]
        if len(self._goals) == 3:
            rows = zip(*self._goals, strict=True)
            goal = max(abs(now - 2 * last + before) for before, last, now in rows) * hz * hz
        speed = self._sim.data.qvel[self._sim.layout.qvel].tolist()
        if self._speed:
            joint = max(abs(now - before) for now, before in zip(speed, self._speed, strict=True)) * hz
        self._speed = speed
        return goal, joint

    def _close_window(self) -> None:
        """So many ticks have gone by: the first ones after a switch are the switch's, others the policy's."""
        if self._since > SWITCH_TICKS or self._begun is None:
            between = self.episode.between.setdefault(self._names[self._active], [])
            between.append(self._most)
        else:
            self._of_switch = self._most
        self._most = (0.0, 0.0)

    def _count(self, *, fell: bool) -> None:
        """The switch that was last begun is over: with another one, or with a fall."""
        if self._begun is None:
            return
        goal, joint = self._of_switch if self._since >= SWITCH_TICKS else self._most
        self.episode.switches.append(Switch(*self._begun, fell, goal, joint))
        self._begun = None


def _begin(robot: Robot, policy: Policy, backlash: bool, seed: int) -> tuple[RobotSim, Controller]:
    controller = Controller(policy, robot, loop_hz=robot.control_hz)
    sim = RobotSim(robot, backlash=backlash, seed=seed, world=World(noise=Noise()))
    sim.set_gains(controller.gains)
    return sim, controller


def _velocities(policy: Policy, robot: Robot) -> dict[str, tuple[float, float]]:
    """What may be asked along each axis that is a velocity."""
    axes = json.loads(policy.contract.to_json())["command"]
    units = robot.command_axes
    named = {axis.get("axis"): (axis["min"], axis["max"]) for axis in axes}
    return {name: ends for name, ends in named.items() if units.get(name, "").endswith("/s")}
