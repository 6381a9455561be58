"""`JointMap`: from the leader's angles to goals of the follower."""

from collections.abc import Mapping

from gaitway.errors import UsageError

#: A leader that begins further outside the follower's range than this is in another pose than it is taken for, rad.
_FAR_RAD = 0.1

Range = tuple[float, float]


class JointMap:
    """Goals of the follower, rad: the leader's angles, within the follower's range.

    Of joints in `shares` the goal is as far between the ends of the follower's range as the leader's angle is between
    those of its own. So the short way of a leader's trigger opens a gripper whole.
    """

    def __init__(self, limits_rad: Mapping[str, Range], shares: Mapping[str, tuple[Range, Range]]) -> None:
        """`shares` has the range of the leader and that of the follower for each joint that it names."""
        self._limits_rad, self._shares = dict(limits_rad), dict(shares)
        #: How far beyond the follower's range each joint of the leader is now, rad; joints within are not in it.
        self.beyond_rad: dict[str, float] = {}

    def goals_rad(self, angles_rad: Mapping[str, float | None]) -> dict[str, float | None]:
        """A goal for each joint of the follower; None where the leader's is not known."""
        self.beyond_rad = {}
        return {joint: self._goal(joint, angles_rad.get(joint)) for joint in self._limits_rad}

    def check(self, angles_rad: Mapping[str, float | None]) -> None:
        """Raises UsageError where the leader's pose is not one that the follower can take."""
        self.goals_rad(angles_rad)
        far = {joint: beyond for joint, beyond in self.beyond_rad.items() if abs(beyond) > _FAR_RAD}
        if far:
            told = "; ".join(self._told(joint, beyond) for joint, beyond in far.items())
            hint = "move the leader there by hand and start again; an angle it does not have is a wrong calibration"
            raise UsageError(f"leader: expected a pose within the follower's range, found {told}", hint=hint)

    def clipped(self) -> list[str]:
        """A sentence for each joint whose goal is cut off now."""
        return [self._told(joint, beyond) for joint, beyond in self.beyond_rad.items()]

    def _goal(self, joint: str, angle_rad: float | None) -> float | None:
        if angle_rad is None:
            return None
        low, high = self._limits_rad[joint]
        if joint in self._shares:
            (from_low, from_high), (to_low, to_high) = self._shares[joint]
            angle_rad = to_low + (angle_rad - from_low) / (from_high - from_low) * (to_high - to_low)
        goal_rad = min(max(angle_rad, low), high)
        if goal_rad != angle_rad:
            self.beyond_rad[joint] = angle_rad - goal_rad
        return goal_rad

    def _told(self, joint: str, beyond_rad: float) -> str:
        low, high = self._limits_rad[joint]
        end = high if beyond_rad > 0 else low
        return f"{joint} at {end + beyond_rad:+.2f} rad, {abs(beyond_rad):.2f} beyond its {low:+.2f} to {high:+.2f}"


def within(limits_rad: Mapping[str, Range], recorded_rad: Mapping[str, Range]) -> dict[str, Range]:
    """Ranges of goals that lie in both: a servo that LeRobot has calibrated stops at the ends that were recorded."""
    return {
        joint: (max(low, recorded_rad[joint][0]), min(high, recorded_rad[joint][1]))
        for joint, (low, high) in limits_rad.items()
    }


def different_ranges(leader_rad: Mapping[str, Range], follower_rad: Mapping[str, Range], least: float) -> list[str]:
    """Joints whose recorded ranges differ by more than this share of the longer one, in words."""
    told = []
    for joint, (low, high) in leader_rad.items():
        own, other = high - low, follower_rad[joint][1] - follower_rad[joint][0]
        if abs(own - other) > least * max(own, other):
            told.append(f"{joint}: the leader's range is {own:.2f} rad, the follower's {other:.2f}")
    return told
