"""`TeleopSession`: read the leader, map, plan, command the follower, on the clock."""

import time
from collections.abc import Callable, Mapping

from gaitway._native import Pacer
from gaitway.errors import BusError, DaemonError, RefusedError
from gaitway.teleop.figures import Figures
from gaitway.teleop.follower import Follower, Seen
from gaitway.teleop.leader import Leader, Reading
from gaitway.teleop.mapping import JointMap
from gaitway.teleop.planner import GoalPlanner, Phase

#: What goes on is told so often at most, s.
_TELL_EVERY_S = 1.0
#: A leader that is gone is looked for so often, s.
_LOOK_EVERY_S = 1.0
#: States of the follower in which it goes on by itself; in all others it has let go of its pose.
_GOES_ON = ("running", "holding", "ready")


class TeleopSession:
    """One run. The leader is open, and the follower runs its policy at `start_rad`."""

    def __init__(
        self,
        leader: Leader,
        follower: Follower,
        joints: JointMap,
        start_rad: Mapping[str, float],
        *,
        hz: float,
        approach_rps: float,
        tell: Callable[[str], None],
    ) -> None:
        self.leader, self.follower, self.joints = leader, follower, joints
        self.planner = GoalPlanner(start_rad, speed_rps=approach_rps, hz=hz)
        self.figures = Figures(list(start_rad), hz)
        self.pacer = Pacer(round(1e9 / hz))
        self._tell = tell
        self._told_s: dict[str, float] = {}
        self._silent: set[str] = set()
        self._phase: Phase | None = None
        self._is_leader_gone = False
        self._looked_s = 0.0
        self._was_led = True

    def run(self, watch: Callable[["TeleopSession"], bool]) -> None:
        """Runs until `watch`, which is called in every tick, returns False.

        Raises DaemonError where the follower let go of its pose or has ended, RefusedError where it does not obey.
        """
        while watch(self):
            self.pacer.wait()
            reading = self._read()
            asked = None if reading is None else self.joints.goals_rad(reading.angles_rad)
            # While it does not follow, its own goals are asked: when it does again, nothing jumps.
            goal_rad = self.planner.step(asked) if self._was_led else self._own_goals_rad()
            fate = self.follower.command(goal_rad, None if reading is None else reading.at_ns)
            self._account(goal_rad, self._seen(fate))

    def _own_goals_rad(self) -> dict[str, float]:
        return {**self.planner.goal_rad, **self.follower.see().goals_rad}

    def _read(self) -> Reading | None:
        """The leader's angles; None while it is gone, which is told, and looked for."""
        if self._is_leader_gone and not self._look_for_leader():
            return None
        try:
            reading = self.leader.read()
        except BusError as error:
            self._lose_leader(error)
            return None
        silent = {joint for joint, angle in reading.angles_rad.items() if angle is None}
        for joint in silent:
            self.figures.lost[joint] += 1
        if lost := sorted(silent - self._silent):
            self._tell_seldom("silent", f"leader: no reply from {', '.join(lost)}: the last angle is held")
        if back := sorted(self._silent - silent):
            self._tell_seldom("back", f"leader: {', '.join(back)} replies again")
        self._silent = silent
        return reading

    def _lose_leader(self, error: BusError) -> None:
        self.leader.close()
        self._is_leader_gone, self._looked_s = True, time.monotonic()
        self.figures.unplugged += 1
        self._tell(f"leader lost: {error.message}: the follower holds its pose; looking for the leader")

    def _look_for_leader(self) -> bool:
        if time.monotonic() < self._looked_s + _LOOK_EVERY_S:
            return False
        self._looked_s = time.monotonic()
        try:
            self.leader.open()
        except BusError:
            return False
        self._is_leader_gone = False
        self._tell("leader found again: the follower approaches it slowly")
        return True

    def _seen(self, fate: str) -> Seen:
        """How the follower is; what keeps it from following is told."""
        seen = self.follower.see()
        if seen.is_stopped:
            raise RefusedError("the follower's emergency stop was set", hint="clear it there", code="stopped")
        if seen.state not in _GOES_ON:
            raise DaemonError(f"the follower let go: it is {seen.state}", hint=seen.fault or "gaitway record list")
        self.figures.late += fate == "late"
        is_led = fate in ("followed", "late") and seen.state == "running"
        if not is_led:
            why = f"{seen.owner} has control" if fate == "overridden" else seen.fault or f"it is {seen.state}"
            self._tell_seldom("not led", f"the follower does not follow: {why}")
        elif not self._was_led:
            self.planner.begin_anew({**self.planner.goal_rad, **seen.goals_rad})
            self._tell("the follower follows again: it approaches the leader slowly")
        self._was_led = is_led
        return seen

    def _account(self, goal_rad: Mapping[str, float], seen: Seen) -> None:
        self.figures.tick()
        self.figures.clip(self.joints.beyond_rad)
        if clipped := self.joints.clipped():
            self._tell_seldom("clipped", f"leader beyond the follower's range: {'; '.join(clipped)}")
        if self.planner.phase == "following" and self._was_led:
            self.figures.follow(goal_rad, seen.positions_rad)
        if self.planner.phase != self._phase:
            self._phase = self.planner.phase
            self._tell(f"follower: {self._phase}")

    def _tell_seldom(self, subject: str, text: str) -> None:
        now_s = time.monotonic()
        if now_s >= self._told_s.get(subject, -_TELL_EVERY_S) + _TELL_EVERY_S:
            self._told_s[subject] = now_s
            self._tell(text)
