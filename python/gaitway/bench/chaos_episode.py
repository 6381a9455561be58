"""One episode of chaos: a robot is led to walk, and is struck by faults of one class until it walks no more."""

import math
import random
from dataclasses import dataclass, field
from typing import Any

from gaitway.bench.chaos_table import FaultClass, May
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.sim.virtual import SimulatedLoop

_TICK_MS = 20
#: A robot that has fallen must be limp so many ticks after the judgement.
_FALLEN_TICKS = 150
#: A limp robot is looked at for so many ticks more, and as many after the last step of a fault.
_AFTERWARDS_TICKS = 15


@dataclass(slots=True)
class Outcome:
    """What came of one fault."""

    #: "ran on", "held" and ran again, "limp", or the state it was stuck in.
    end: str
    fell: bool
    #: Why it is in its state.
    reason: str
    #: From the strike to the last torque's end, ns, where it came.
    off_after_ns: int | None
    #: What the fault table noticed first.
    noticed: str
    #: From the strike to that, ns.
    noticed_after_ns: int | None
    fits: bool


@dataclass(slots=True)
class Episode:
    """What came of all faults of an episode."""

    outcomes: list[Outcome] = field(default_factory=list)
    watched: dict[str, Any] = field(default_factory=dict)
    #: Where and why the native module panicked.
    panic: str = ""


def run_episode(robot: Robot, policy: Policy, kind: FaultClass, seed: str) -> Episode:
    """Leads a robot from limp on its stand to walking, and strikes as often as the class says while it runs."""
    chance = random.Random(seed)
    scene = _Scene(robot, policy, chance)
    scene.walk()
    episode = Episode()
    for _ in range(kind.per_episode):
        scene.ticks(chance.randrange(5, 15))
        if scene.simulated.loop.state != "running":
            break
        episode.outcomes.append(scene.strike(kind))
    episode.watched = dict(scene.simulated.loop.watched())
    return episode


class _Scene:
    """A robot and the chance that rules over it."""

    def __init__(self, robot: Robot, policy: Policy, chance: random.Random) -> None:
        self._chance = chance
        self._joints = len(robot.joint_names)
        self._knees = [index for index, name in enumerate(robot.joint_names) if "knee" in name]
        self.simulated = SimulatedLoop(robot, policy, seed=chance.randrange(1 << 30), release_after_s=0.5)
        self._command = (chance.uniform(0.06, 0.13), chance.uniform(-0.03, 0.03), chance.uniform(-0.2, 0.2))
        self._fell = False
        # Of the fault at hand: its servo, its first step, when it struck, and what people and physics will do.
        self._servo = 0
        self._first = ""
        self._struck_ns = 0
        self._by_hand: list[tuple[int, str]] = []

    def walk(self) -> None:
        """From limp over standing to walking for a while."""
        self.simulated.walk(*self._command)
        self.ticks(self._chance.randrange(50, 100))

    def ticks(self, count: int) -> None:
        """Lets time go by; a fall of a robot that is not limp is remembered."""
        for _ in range(count):
            falls = self.simulated.body.falls
            if self.simulated.tick() != "limp" and self.simulated.body.falls > falls:
                self._fell = True

    def strike(self, kind: FaultClass) -> Outcome:
        """One fault, and what comes of it."""
        loop = self.simulated.loop
        loop.take_events()
        self._fell = False
        self._struck_ns = self._begin(kind)
        ran_on = self._go_on(kind)
        if self._fell and loop.state != "limp":
            self._while_not_limp(_FALLEN_TICKS)
        noticed = [(at_ns, word) for at_ns, word in loop.take_events() if word.endswith(" came")]
        # Either verdict counts: a robot on its way down may be limp before it lies.
        fell = self._fell or any(word == "fallen came" for _, word in noticed)
        state = loop.state
        end = state if state != "running" else "ran on" if ran_on else "held"
        off_ns = loop.torque_off_since_ns
        outcome = Outcome(
            end=end,
            fell=fell,
            reason=loop.reason,
            off_after_ns=None if off_ns is None else max(0, off_ns - self._struck_ns),
            noticed=noticed[0][1].removesuffix(" came") if noticed else "",
            noticed_after_ns=max(0, noticed[0][0] - self._struck_ns) if noticed else None,
            fits=False,
        )
        outcome.fits = fits(kind, outcome)
        return outcome

    def _begin(self, kind: FaultClass) -> int:
        """Plans the steps of a fault; returns when it strikes, ns."""
        servo, other = self._chance.sample(range(self._joints), 2)
        words = {
            "servo": servo,
            "other": other,
            "keep": self._chance.randrange(1, 10),
            "late": self._chance.randrange(100, 4000),
            "seed": self._chance.randrange(1, 1 << 30),
            "turn": self._chance.choice((-4096, 4096)),
        }
        phase_us = self._chance.randrange(_TICK_MS * 1000) if kind.any_time else 0
        self._servo = servo
        self._first = kind.steps[0][1] if kind.steps else ""
        self._by_hand = []
        for after_ms, text in kind.steps:
            self._plan(after_ms * 1000 + phase_us, text.format(**words))
        return self.simulated.loop.now_ns + phase_us * 1000

    def _plan(self, after_us: int, text: str) -> None:
        loop = self.simulated.loop
        if text.startswith("starve="):
            loop.starve(int(text.removeprefix("starve=")) * 1_000_000, after_ns=after_us * 1000)
        elif text.split("-", 1)[0] in ("command", "wish", "emergency", "block", "unblock"):
            self._by_hand.append((loop.now_ns + after_us * 1000, text))
        else:
            loop.inject(f"at={after_us}us {text}")

    def _go_on(self, kind: FaultClass) -> bool:
        """Ticks until the outcome can be judged; returns whether it ran without a break."""
        ran_on = True
        steps_ticks = max((at_ms for at_ms, _ in kind.steps), default=0) // _TICK_MS
        for count in range(kind.judged_after):
            self._act_by_hand()
            self.ticks(1)
            state = self.simulated.loop.state
            ran_on = ran_on and state == "running"
            if state == "limp" and count >= steps_ticks:
                self.ticks(_AFTERWARDS_TICKS)
                break
        return ran_on

    def _act_by_hand(self) -> None:
        """What people and physics do is done between two ticks."""
        now_ns, loop = self.simulated.loop.now_ns, self.simulated.loop
        due = [text for at_ns, text in self._by_hand if at_ns <= now_ns]
        self._by_hand = [(at_ns, text) for at_ns, text in self._by_hand if at_ns > now_ns]
        for text in due:
            # It counts from now, not from where in the period it was meant to be.
            self._struck_ns = now_ns if text == self._first else self._struck_ns
            match text:
                case "command-nan":
                    loop.command(math.nan, math.inf, math.nan)
                case "command":
                    loop.command(*self._command)
                case "wish-limp":
                    loop.wish("limp")
                case "wish-limp-at-once":
                    loop.wish("limp", at_once=True)
                case "emergency-stop":
                    loop.emergency_stop()
                case "block-knee":
                    self._servo = self._chance.choice(self._knees)
                    self.simulated.body.sim.block(self._servo)
                case _:
                    self.simulated.body.sim.block(self._servo, is_blocked=text == "block")

    def _while_not_limp(self, ticks: int) -> None:
        for _ in range(ticks):
            if self.simulated.loop.state == "limp":
                return
            self.ticks(1)


def fits(kind: FaultClass, outcome: Outcome) -> bool:
    """Whether the table lets this come of a fault. What has fallen must be limp in the end; nothing may be noticed
    where nothing went wrong."""
    if not kind.steps and outcome.noticed:
        return False
    off_in_time = kind.off_within_ms is None or (
        outcome.off_after_ns is not None and outcome.off_after_ns <= kind.off_within_ms * 1_000_000
    )
    if outcome.fell:
        return kind.may_fall and outcome.end == "limp" and off_in_time
    match kind.may:
        case May.RUN_ON:
            return outcome.end == "ran on"
        case May.HOLD:
            return outcome.end in ("ran on", "held")
        case May.END_LIMP:
            return outcome.end in ("ran on", "held", "limp")
        case May.BE_LIMP:
            return outcome.end == "limp" and off_in_time
