"""`Walk`: gaitwayd walks a twin, both at once, until the time on its own feet is over."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gaitway import signals
from gaitway.errors import DaemonError, GaitwayError
from gaitway.twin.daemon import Daemon
from gaitway.twin.figures import Figures
from gaitway.twin.host import Twin

if TYPE_CHECKING:
    from gaitway.sim.live import LiveRobot
    from gaitway.twin.tracking import Tracking

#: A robot that has not come onto its own feet by then never will, s.
UP_BY_S = 30.0
#: gaitwayd ends by itself within this time of being asked to, s.
ENDS_WITHIN_S = 15.0
#: Between two looks at gaitwayd's log, s.
_READ_EVERY_S = 0.05


class Commands(Protocol):
    """A script of commands, given to gaitwayd from when the robot runs; nothing of it waits for the robot."""

    #: Why they ended before their time; None where they did not.
    failure: GaitwayError | None
    #: How well they are followed; None where nobody measures it.
    tracking: "Tracking | None"

    @property
    def has_begun(self) -> bool:
        """Whether the first command was given."""

    def seconds(self, now_s: float) -> float:
        """How long they have been going on."""

    def begin(self, now_s: float, socket: Path) -> None:
        """The robot runs, and listens at `socket`."""

    def watch(self, now_s: float) -> None:
        """Goes on to the command that is due."""

    def end(self) -> None:
        """No more commands."""

    def close(self) -> None:
        """Waits until the lease is given up."""


class Walk:
    """The run as it stands: what truly happens to the robot, and what gaitwayd says.

    The time counts from when the stand lets go. It ends with the time, with a fall, with a signal, or with gaitwayd;
    gaitwayd is asked to end and ends limp, which is no fall any more. With a `script` the time counts from its first
    command.
    """

    def __init__(
        self, twin: Twin, body: "LiveRobot", daemon: Daemon, seconds: float, script: Commands | None = None
    ) -> None:
        self.twin = twin
        self.daemon = daemon
        self.seconds = seconds
        self.figures = Figures(body)
        self.interrupted = False
        self._body = body
        self._script = script
        self._read_s = 0.0
        self._ending_s = math.inf
        self._truth: dict[str, Any] = {}

    def run(self, show: Callable[["Walk"], None]) -> dict[str, Any]:
        """Runs to the end, calling `show` now and then; SIGINT and SIGTERM end it in order. Returns all figures."""
        try:
            with signals.caught(self._hear):
                self.twin.run(lambda now_s: self._watch(now_s, show))
        finally:
            if self._script is not None:
                self._script.close()
        if self.daemon.is_running():
            raise DaemonError(
                f"gaitwayd did not end within {ENDS_WITHIN_S:g} s of being asked to",
                hint="this is a bug: please report it with its log",
            )
        statistics = self.daemon.result()
        self.twin.host.stop()
        if self._script is not None and self._script.failure is not None and not self.interrupted:
            raise self._script.failure
        if not self._is_up() and not self.interrupted:
            raise self._not_up()
        return {
            "seconds": self._truth["released_s"],
            **self._truth,
            **self._tracking(),
            "interrupted": self.interrupted,
            "twin": self.twin.figures(),
            "gaitwayd": statistics,
        }

    def _watch(self, now_s: float, show: Callable[["Walk"], None]) -> bool:
        is_walking = math.isinf(self._ending_s)
        if is_walking:
            self.figures.watch(now_s)
            self._follow_script(now_s)
        if now_s >= self._read_s:
            self._read_s = now_s + _READ_EVERY_S
            is_running = self.daemon.is_running()
            show(self)
            if not is_running:
                self.interrupted = self.interrupted or (is_walking and not self._is_over(now_s))
                self._end(now_s)
                return False
        if is_walking and (self.interrupted or self._is_over(now_s)):
            self._end(now_s)
            if not self.interrupted:
                self.daemon.signal()
        return now_s < self._ending_s + ENDS_WITHIN_S

    def _follow_script(self, now_s: float) -> None:
        if self._script is None:
            return
        if self._script.has_begun:
            self._script.watch(now_s)
        elif self._body.released and self.daemon.state == "running" and self.daemon.api_socket is not None:
            self._script.begin(now_s, self.daemon.api_socket)

    def _tracking(self) -> dict[str, Any]:
        tracking = None if self._script is None else self._script.tracking
        return {} if tracking is None else {"tracking": tracking.summary()}

    def _is_up(self) -> bool:
        """On its own feet, and where commands come from a script, running."""
        return self._body.released and (self._script is None or self._script.has_begun)

    def _is_over(self, now_s: float) -> bool:
        if not self._is_up():
            return now_s >= UP_BY_S or self._body.falls > 0
        if self._script is None:
            return self._body.falls > 0 or self.figures.released_s >= self.seconds
        is_over = self._script.seconds(now_s) >= self.seconds
        return is_over or self._body.falls > 0 or self._script.failure is not None

    def _end(self, now_s: float) -> None:
        """What happens from now on is no walk."""
        if math.isinf(self._ending_s):
            self._truth = self.figures.summary()
            self._ending_s = now_s
            if self._script is not None:
                self._script.end()

    def _hear(self, number: int) -> None:
        # A terminal tells gaitwayd, too; it takes both for one.
        self.interrupted = True
        self.daemon.signal(number)

    def _not_up(self) -> DaemonError:
        """What kept it: the fault that made it limp, else what gaitwayd says of its being limp."""
        events = self.daemon.events
        fell_limp = [event["reason"] for event in events if event["event"] == "state" and event["to"] == "limp"]
        kept = [event for event in events if event["event"] == "stays limp"]
        faults = [reason for reason in fell_limp if reason not in ("begin", "asked")]
        hint = "the twin misses its timing where the machine is too busy: try again"
        if faults:
            why = f"it went limp: {faults[-1]}"
        elif kept:
            why, hint = kept[-1]["why"], kept[-1]["hint"]
        else:
            why = "gaitwayd says nothing of it"
        came_up = "come onto its own feet" if not self._body.released else "run its policy"
        return DaemonError(f"the robot did not {came_up} within {UP_BY_S:g} s: {why}", hint=hint)
