"""`GoalPlanner`: what the follower is asked, tick by tick, so that it never jumps."""

from collections.abc import Mapping
from typing import Literal

Phase = Literal["approaching", "following", "holding"]

#: The leader counts as reached within this, rad.
_NEAR_RAD = 0.02
#: A leader that is so far from where it was a tick ago was not moved there by a hand, rad: 30 rad/s at 60 Hz.
_JUMP_RAD = 0.5


class GoalPlanner:
    """Goals, rad, from where the follower is to where the leader is, then along with it.

    It approaches at `speed_rps` at the start, after the leader was lost, and after a jump. A joint whose angle is not
    known keeps its last goal.
    """

    def __init__(self, start_rad: Mapping[str, float], *, speed_rps: float, hz: float) -> None:
        self.goal_rad = dict(start_rad)
        self.phase: Phase = "approaching"
        self._leader_rad = dict(start_rad)
        self._step_rad = speed_rps / hz

    def step(self, asked_rad: Mapping[str, float | None] | None) -> dict[str, float]:
        """The goals of this tick. `asked_rad` is where the leader is; None where nothing is known of it."""
        if asked_rad is None or all(angle is None for angle in asked_rad.values()):
            self.phase = "holding"
            return self.goal_rad
        known = {joint: angle for joint, angle in asked_rad.items() if angle is not None}
        jumped = any(abs(angle - self._leader_rad[joint]) > _JUMP_RAD for joint, angle in known.items())
        if self.phase == "holding" or (self.phase == "following" and jumped):
            self.phase = "approaching"
        self._leader_rad = self._leader_rad | known
        if self.phase == "approaching":
            self.goal_rad = {joint: self._towards(joint, angle) for joint, angle in self.goal_rad.items()}
            apart = (abs(self.goal_rad[joint] - angle) for joint, angle in self._leader_rad.items())
            self.phase = "following" if max(apart) <= _NEAR_RAD else "approaching"
        else:
            self.goal_rad = dict(self._leader_rad)
        return self.goal_rad

    def begin_anew(self, start_rad: Mapping[str, float]) -> None:
        """Approaches once more, from here."""
        self.goal_rad, self.phase = dict(start_rad), "approaching"

    def _towards(self, joint: str, goal_rad: float) -> float:
        way = self._leader_rad[joint] - goal_rad
        return goal_rad + max(-self._step_rad, min(self._step_rad, way))
