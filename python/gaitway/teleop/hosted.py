"""A follower whose `gaitwayd` is started for it, on the bus of its servos."""

import time
from collections.abc import Mapping
from pathlib import Path

from gaitway.errors import DaemonError
from gaitway.robot import Robot
from gaitway.teleop.calibrated import Calibrated
from gaitway.teleop.follower import Follower, dial
from gaitway.twin import Daemon

#: gaitwayd serves its local API within this time, and ends within that of being asked to, s.
_SERVES_WITHIN_S, _ENDS_WITHIN_S = 20.0, 15.0
_WAIT_S = 0.02
#: Asked for before the policy runs, so that nothing moves before somebody commands: a key of the configuration.
PAUSED = {"start_paused": True}


class HostedFollower:
    """gaitwayd and the connection to it. Closing it makes the arm limp, softly where there is time."""

    def __init__(
        self, arm: Calibrated, profile: Path, policy: Path, port: Path, folder: Path, *, record: Path | None
    ) -> None:
        """`folder` is for files of this run, `record` for the recording; none is made without it.

        Raises what gaitwayd says where it does not start.
        """
        socket = folder / "follower.sock"
        arguments: list[str | Path] = ["--robot", profile, "--config", arm.config, "--policy", policy]
        arguments += ["--port", port, "--socket", socket]
        arguments += ["--no-record"] if record is None else ["--record", record]
        self._daemon = Daemon(arguments, folder)
        try:
            self._wait_for(socket)
            self.follower = Follower(dial(socket))
        except BaseException:
            self._daemon.close()
            raise

    def check(self) -> None:
        """Hears what it says. Raises its error where it has ended."""
        if not self._daemon.is_running():
            self._daemon.result()
            raise DaemonError("the follower's gaitwayd has ended", hint="somebody ended it: gaitway record list")

    def end(self, hold_rad: Mapping[str, float] | None) -> None:
        """Holds the pose until gaitwayd has made the arm limp and has ended."""
        self.follower.end(hold_rad)
        self._daemon.signal()
        end_s = time.monotonic() + _ENDS_WITHIN_S
        while self._daemon.is_running() and time.monotonic() < end_s:
            time.sleep(_WAIT_S)

    def close(self) -> None:
        """Ends it at once where it still runs."""
        self.follower.close()
        self._daemon.close()

    def _wait_for(self, socket: Path) -> None:
        end_s = time.monotonic() + _SERVES_WITHIN_S
        while not socket.exists():
            self.check()
            if time.monotonic() > end_s:
                message = f"gaitwayd does not serve its local API within {_SERVES_WITHIN_S:g} s"
                raise DaemonError(message, hint="this is a bug: please report it")
            time.sleep(_WAIT_S)


def policy_of(robot: Robot) -> Path:
    """The policy that ships with the robot and goes where its command says."""
    return robot.policy_file("follow")
