"""`ScriptedCommands`: a script of commands, given to a running robot through its local API."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway.api import connect
from gaitway.errors import GaitwayError, RefusedError

if TYPE_CHECKING:
    from gaitway.script import Script
    from gaitway.twin.tracking import Tracking

#: How often the command is given anew: a lease that was lost is noticed within it.
_AGAIN_S = 0.5
#: A client whose robot has ended notices it within this time.
_ENDS_WITHIN_S = 5.0
_CLIENT = "gaitway run"


class ScriptedCommands:
    """Segments one after the other, from when the robot runs its policy on its own feet.

    A thread of its own waits for the robot's answers: the physics does not. Commands have a lease and a deadline, so
    that the robot stands where this program halts. They end with the emergency stop.
    """

    def __init__(
        self, script: "Script", axes: list[str], tracking: "Tracking | None" = None, *, source: str = "network"
    ) -> None:
        """`axes` are the names of a command row's columns, `source` is as for `connect`."""
        self.script, self.tracking = script, tracking
        #: Why it gave up, where it did.
        self.failure: GaitwayError | None = None
        self._axes, self._source = axes, source
        self._begun_s: float | None = None
        self._segment = 0
        self._news = threading.Condition()
        self._is_over = False
        self._thread: threading.Thread | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the first command was given."""
        return self._begun_s is not None

    def seconds(self, now_s: float) -> float:
        """How long it has been going on."""
        return 0.0 if self._begun_s is None else now_s - self._begun_s

    def begin(self, now_s: float, socket: Path) -> None:
        """The robot runs, and listens at `socket`."""
        self._begun_s = now_s
        self._thread = threading.Thread(target=self._run, args=(socket,), name="script", daemon=True)
        self._thread.start()

    def watch(self, now_s: float) -> None:
        """Goes on to the segment that is due, and looks at how well the robot follows."""
        segment = self.script.at(self.seconds(now_s))
        if segment != self._segment:
            with self._news:
                self._segment = segment
                self._news.notify()
        if self.tracking is not None:
            self.tracking.watch(now_s, segment)

    def end(self) -> None:
        """No more commands. What the robot refuses from now on is no failure: it goes limp."""
        with self._news:
            self._is_over = True
            self._news.notify()

    def close(self) -> None:
        """Waits until the lease is given up."""
        self.end()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN_S)

    def _run(self, socket: Path) -> None:
        try:
            with connect(socket, client=_CLIENT, source=self._source) as robot:
                while not self._is_over:
                    segment, seen = self._segment, robot.observe()
                    if seen.stopped:
                        # One that is cleared does not walk on by itself.
                        raise RefusedError("emergency stop", hint="c at the robot's terminal clears it", code="stopped")
                    # Somebody at the robot may have made it stand: it is not asked to run again.
                    if seen.state == "running":
                        robot.walk(**dict(zip(self._axes, self.script.segments[segment].command, strict=True)))
                    self._wait_for_other_than(segment)
        except GaitwayError as error:
            # Told by the thread that steps the physics.
            self.failure = None if self._is_over else error

    def _wait_for_other_than(self, segment: int) -> None:
        with self._news:
            self._news.wait_for(lambda: self._is_over or self._segment != segment, _AGAIN_S)
