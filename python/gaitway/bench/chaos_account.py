"""What a run of chaos comes to: rows by class, sums, and the marks."""

from collections import Counter
from typing import Any

from gaitway.bench.chaos_episode import Episode
from gaitway.bench.chaos_table import LIMP_WITHIN_MS, REPLUGGED_WITHIN_MS, FaultClass

#: What a whole run has at least.
FULL_FAULTS, FULL_EPISODES, FULL_OF_EACH = 10_000, 1_000, 300

#: Counts that must be 0 whatever happens.
_NEVER = ("goals_out_of_range", "goals_not_finite", "stale_joints", "stale_imu", "impossible", "worn", "allocations")
#: Figures of which the largest counts.
_LARGEST = ("longest_limp_ns", "longest_replugged_ns", "largest_step_rad", "largest_jerk_rad")

_Row = dict[str, Any]


class Account:
    """Adds up the episodes of one class, in their order."""

    def __init__(self, kind: FaultClass) -> None:
        self.kind = kind
        self.episodes = 0
        self.faults = 0
        self.panics: list[str] = []
        self.watched: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()
        self._noticed: Counter[str] = Counter()
        self._fell = 0
        self._largest_off_ns = 0
        self._noticed_ns: list[int] = []
        self._outside: list[_Row] = []

    def add(self, episode: Episode) -> None:
        """One episode more."""
        self.episodes += 1
        self.faults += len(episode.outcomes)
        self.panics += [episode.panic] if episode.panic else []
        for name, value in episode.watched.items():
            self.watched[name] = max(self.watched[name], value) if name in _LARGEST else self.watched[name] + value
        for outcome in episode.outcomes:
            self._ends[outcome.end] += 1
            self._fell += outcome.fell
            self._largest_off_ns = max(self._largest_off_ns, outcome.off_after_ns or 0)
            if outcome.noticed_after_ns is not None:
                self._noticed[outcome.noticed] += 1
                self._noticed_ns.append(outcome.noticed_after_ns)
            if not outcome.fits:
                found = {"end": outcome.end, "fell": outcome.fell, "reason": outcome.reason, "noticed": outcome.noticed}
                self._outside.append({"episode": self.episodes - 1, **found})

    def row(self) -> _Row:
        """What came of the class."""
        kind, noticed_ns = self.kind, sorted(self._noticed_ns)
        known = ("ran on", "held", "limp")
        return {
            "name": kind.name,
            "may": str(kind.may),
            "may_fall": kind.may_fall,
            "off_within_ms": kind.off_within_ms,
            "episodes": self.episodes,
            "faults": self.faults,
            "ran_on": self._ends["ran on"],
            "held": self._ends["held"],
            "limp": self._ends["limp"],
            "stuck": sum(count for end, count in self._ends.items() if end not in known),
            "fell": self._fell,
            "noticed": dict(self._noticed),
            "noticed_after_ns": {"p50": noticed_ns[len(noticed_ns) // 2], "max": noticed_ns[-1]}
            if noticed_ns
            else None,
            "largest_off_ns": self._largest_off_ns if kind.off_within_ms is not None else None,
            "outside": self._outside,
            "panics": self.panics,
        }


def summary(accounts: list[Account], *, is_full: bool) -> _Row:
    """Rows, sums and marks of all classes. How many faults there must be is a mark of a full run only."""
    struck = [account for account in accounts if account.kind.steps]
    watched: Counter[str] = Counter()
    for account in accounts:
        for name, value in account.watched.items():
            watched[name] = max(watched[name], value) if name in _LARGEST else watched[name] + value
    rows = [account.row() for account in accounts]
    faults, episodes = sum(account.faults for account in struck), sum(account.episodes for account in struck)
    least = min(account.faults for account in struck)
    sizes = [
        _mark("episodes", episodes, at_least=FULL_EPISODES),
        _mark("faults", faults, at_least=FULL_FAULTS),
        _mark("faults_of_each_class", least, at_least=FULL_OF_EACH),
    ]
    marks = [
        _mark("outside_the_table", sum(len(row["outside"]) for row in rows), at_most=0),
        _mark("panics", sum(len(row["panics"]) for row in rows), at_most=0),
        *(_mark(name, watched[name], at_most=0) for name in _NEVER),
        _mark("longest_limp_ns", watched["longest_limp_ns"], at_most=LIMP_WITHIN_MS * 1_000_000),
        _mark("longest_replugged_ns", watched["longest_replugged_ns"], at_most=REPLUGGED_WITHIN_MS * 1_000_000),
    ]
    return {
        "episodes": episodes,
        "faults": faults,
        "is_full": is_full,
        "classes": rows,
        "watched": dict(watched),
        "marks": (sizes if is_full else []) + marks,
    }


def _mark(name: str, found: float, *, at_least: float | None = None, at_most: float | None = None) -> _Row:
    passed = (at_least is None or found >= at_least) and (at_most is None or found <= at_most)
    return {"name": name, "found": found, "at_least": at_least, "at_most": at_most, "passed": passed}
