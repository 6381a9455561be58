"""The twin that `gaitway.connect("twin:")` starts: emulated robot and gaitwayd, in a process of their own.

A process of its own, because a step of the physics is due every 2 ms, whatever the program that steers computes. It
ends in order when its standard input has a line or ends, and when its parent has gone: so also where that program was
killed.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway import signals
from gaitway.errors import DaemonError, GaitwayError
from gaitway.robot import Robot
from gaitway.socket_folder import socket_folder

if TYPE_CHECKING:
    from gaitway.sim.live import LiveRobot
    from gaitway.twin import Daemon, Figures

#: Between two looks at gaitwayd, s.
_LOOK_S = 0.05
#: gaitwayd serves its local API within this time, s.
_SERVES_WITHIN_S = 30.0
#: gaitwayd ends by itself within this time of being asked to, s.
_ENDS_WITHIN_S = 15.0
#: A robot that has lain so long is hung up on its stand again, as somebody beside a real one would do, s.
_LIES_S = 2.0


def main() -> int:
    """Hosts the twin that the one argument describes, a JSON object; says lines of JSON, for `TwinProcess`."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), name="standard input", daemon=True).start()
    settings = json.loads(sys.argv[1])
    try:
        with socket_folder() as folder:
            _say({"figures": _host(settings, Path(folder), ended)})
    except GaitwayError as error:
        _say({"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return 1
    return 0


def _host(settings: Mapping[str, Any], folder: Path, ended: threading.Event) -> dict[str, Any]:
    from gaitway._native import TwinHost
    from gaitway.sim.live import LiveRobot
    from gaitway.twin import Daemon, Figures, Twin

    robot = Robot.load(settings["robot"], config=None if settings["config"] is None else Path(settings["config"]))
    link, imu, socket = folder / "bus", folder / "imu", folder / "api.sock"
    body = LiveRobot(robot, seed=settings["seed"])
    figures = None if body.has_fixed_base else Figures(body)
    host = TwinHost(robot.native, link=link, imu_socket=imu)
    daemon = None
    try:
        twin = Twin(host, body, len(robot.joint_names))
        heard: list[str | Path] = [] if robot.imu_bus is None else ["--imu-socket", imu]
        daemon = Daemon([*settings["arguments"], "--port", link, *heard, "--socket", socket], folder)
        session = _Session(body, daemon, figures, socket, lambda: ended.is_set() or os.getppid() != settings["parent"])
        with signals.caught(lambda _: ended.set()):
            twin.run(session.watch)
        session.check()
    finally:
        if daemon is not None:
            daemon.close()
        host.stop()
    truth = {} if figures is None else figures.summary()
    return {**truth, "twin": twin.figures()}


class _Session:
    """What goes on beside the physics: gaitwayd serves, the robot falls, the end comes."""

    def __init__(
        self,
        body: "LiveRobot",
        daemon: "Daemon",
        figures: "Figures | None",
        socket: Path,
        shall_end: Callable[[], bool],
    ) -> None:
        self._body, self._daemon, self._figures, self._shall_end = body, daemon, figures, shall_end
        self._socket: Path | None = socket
        self._look_s = 0.0
        self._lies_since_s: float | None = None
        self._ending_s: float | None = None

    def watch(self, now_s: float) -> bool:
        """Called after every step; False at the end."""
        if self._figures is not None and self._ending_s is None:
            self._figures.watch(now_s)
        if now_s < self._look_s:
            return True
        self._look_s = now_s + _LOOK_S
        if not self._daemon.is_running():
            return False
        if self._socket is not None and self._socket.exists():
            _say({"socket": str(self._socket)})
            self._socket = None
        if self._socket is not None and now_s > _SERVES_WITHIN_S:
            raise DaemonError(f"gaitwayd does not serve its local API after {now_s:.0f} s", hint="try again")
        self._take_up(now_s)
        # A process that the program forked off holds the other end of the input, too: then only the parent tells.
        if self._ending_s is None and self._shall_end():
            self._ending_s = now_s
            self._daemon.signal(signal.SIGINT)
        return self._ending_s is None or now_s < self._ending_s + _ENDS_WITHIN_S

    def check(self) -> None:
        """Raises what gaitwayd says where it did not end as it was asked to."""
        if self._daemon.is_running():
            message = f"gaitwayd did not end within {_ENDS_WITHIN_S:g} s of being asked to"
            raise DaemonError(message, hint="this is a bug: please report it with its log")
        self._daemon.result()
        if self._ending_s is None:
            raise DaemonError("gaitwayd has ended by itself", hint="its recording shows what went before")

    def _take_up(self, now_s: float) -> None:
        if self._body.has_fixed_base or not self._body.sim.fallen or self._body.hangs:
            self._lies_since_s = None
        elif self._lies_since_s is None:
            self._lies_since_s = now_s
        elif now_s > self._lies_since_s + _LIES_S:
            self._body.hang()


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.buffer.readline()
    ended.set()


def _say(message: Mapping[str, Any]) -> None:
    # Who would read it may have been killed: the twin ends because its standard input has ended, too.
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
