"""`gaitway run --port`: gaitwayd drives a real robot, watched from here until both end."""

import math
import sys
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway import signals
from gaitway.cli.common.output import print_json
from gaitway.cli.run.command import standing_command
from gaitway.cli.run.daemon import arguments as of_gaitwayd
from gaitway.cli.run.daemon import identity, policy_arguments, refuse_together
from gaitway.cli.run.port_report import print_report
from gaitway.cli.run.port_view import PortView
from gaitway.cli.run.scripted import ScriptedCommands
from gaitway.cli.run.settings import RunSettings
from gaitway.cli.run.watched import Page
from gaitway.errors import DaemonError
from gaitway.robot import Robot
from gaitway.script import Script
from gaitway.socket_folder import socket_folder

if TYPE_CHECKING:
    from gaitway.controller import Controller
    from gaitway.twin import Daemon

#: Between two looks at gaitwayd's log, s.
_LOOK_S = 0.05
#: gaitwayd ends within this time of being asked to: the slowest way down is the one of an arm, 10 s.
_ENDS_WITHIN_S = 20.0


def refuse(settings: RunSettings) -> None:
    """Refuses what makes no sense on a real robot, by name."""
    options: dict[str, object] = {
        "--sim": settings.sim,
        "--twin": settings.twin,
        "--fast": settings.fast,
        "--seed": settings.seed != 0,
        "--noise": settings.noise,
        "--pushes": settings.pushes,
        "--vary": settings.vary,
        "--no-backlash": not settings.backlash,
        "--video": settings.video,
        "--video-width": settings.video_width,
        "--picture": settings.picture,
        "--engine": settings.engine != "native",
    }
    refuse_together("--port", options)
    commanded = settings.command is not None or settings.script is not None
    refuse_together("--stand", {"--command or --script": settings.stand and commanded})
    refuse_together("--config", {"--no-config": settings.no_config and settings.config is not None})


def run(settings: RunSettings, controller: "Controller", plan: Script | None) -> int:
    """gaitwayd on the robot, until it is asked to end. Returns 1 where the robot fell or never ran its policy.

    The robot stands, unless a plan has commands: those go through the local API with a lease that lapses when this
    program halts, and then it stands. The controller says only who the robot is.
    """
    from gaitway.twin import Daemon

    robot = controller.robot
    # Weaker than every other client of the local API: gaitway walk in another terminal overrides it.
    commands = None if plan is None else ScriptedCommands(plan, list(robot.command_axes), source="agent")
    view = None if settings.as_json else PortView(robot, controller.policy.contract.name, settings)
    usual_s = math.inf if settings.script is None or plan is None else plan.seconds
    seconds = usual_s if settings.seconds is None else settings.seconds
    with socket_folder() as folder:
        daemon = Daemon(
            [*policy_arguments(controller), *_arguments(settings, robot)],
            Path(folder),
            at_home=True,
            has_terminal=settings.keyboard or (sys.stdin is not None and sys.stdin.isatty()),
        )
        page = None if settings.view is None else Page(settings.robot)
        # One that only stands never runs its policy.
        watch = _Watch(daemon, commands, (view, page), ("ready" if settings.stand else "running", seconds))
        try:
            watch.run()
            statistics = daemon.result()
        finally:
            # The robot first, whatever else goes wrong.
            try:
                watch.end_softly()
            finally:
                daemon.close()
                for shown in (view, page):
                    if shown is not None:
                        shown.close()
    result = identity(controller, daemon.events) | {
        "seconds": statistics["policy_ticks"] / controller.policy.contract.policy_rate_hz,
        "falls": statistics["falls"],
        "interrupted": watch.interrupted,
        "command_ended": None if watch.failure is None else watch.failure.message,
        "gaitwayd": statistics,
    }
    if settings.as_json:
        print_json(result | {"log": daemon.events})
    else:
        print_report(result, daemon.events, robot.joint_names)
    has_run = statistics["policy_ticks"] > 0 or settings.stand or settings.dry_run
    return 1 if statistics["falls"] or not has_run or watch.failure is not None else 0


def _arguments(settings: RunSettings, robot: Robot) -> list[str | Path]:
    result = of_gaitwayd(settings, robot, standing_command(robot))
    for flag, value in (("--port", settings.port), ("--imu", settings.imu)):
        if value is not None:
            result += [flag, value]
    switches = {
        "--no-config": settings.no_config,
        "--stand": settings.stand,
        "--on-stand": settings.on_stand,
        "--dry-run": settings.dry_run,
    }
    return [*result, *(flag for flag, is_given in switches.items() if is_given)]


class _Watch:
    """Follows gaitwayd to its end, which a signal, the time or gaitwayd itself begins."""

    def __init__(
        self,
        daemon: "Daemon",
        commands: ScriptedCommands | None,
        shown: tuple[PortView | None, Page | None],
        length: tuple[str, float],
    ) -> None:
        """`length` is the state from which the time counts, and that time, s."""
        self.interrupted = False
        self._daemon, self._commands = daemon, commands
        self._view, self._page = shown
        self._up, self._seconds = length
        self._up_s = self._asked_s = math.inf
        self._is_stuck = False
        self._error: DaemonError | None = None

    @property
    def failure(self) -> Any:
        """Why the commands ended before their time; None where they did not."""
        return None if self._commands is None else self._commands.failure

    def run(self) -> None:
        """Until gaitwayd has ended. Raises DaemonError where it does not."""
        try:
            with signals.caught(self._hear):
                while self._daemon.is_running():
                    now_s = time.monotonic()
                    self._follow(now_s)
                    if self._view is not None:
                        self._view.update(self._daemon, self.failure)
                    if self._page is not None:
                        self._page.show(self._daemon.api_socket)
                    time.sleep(_LOOK_S)
        finally:
            if self._commands is not None:
                self._commands.close()
        if self._error is not None:
            raise self._error
        # Somebody else asked it: a key at the terminal, another signal.
        self.interrupted = self.interrupted or math.isinf(self._asked_s)

    def end_softly(self) -> None:
        """Whatever went wrong here, the robot does not drop: gaitwayd is asked, and given its time."""
        end_s = time.monotonic() + _ENDS_WITHIN_S
        if self._daemon.is_running() and not self._is_stuck:
            self._daemon.signal()
            while self._daemon.is_running() and time.monotonic() < end_s:
                time.sleep(_LOOK_S)

    def _follow(self, now_s: float) -> None:
        daemon, commands = self._daemon, self._commands
        if math.isinf(self._up_s) and daemon.state == self._up:
            self._up_s = now_s
        if math.isfinite(self._asked_s):
            if now_s > self._asked_s + _ENDS_WITHIN_S:
                self._is_stuck = True
                message = f"gaitwayd did not end within {_ENDS_WITHIN_S:g} s of being asked to, and was killed"
                raise DaemonError(message, hint="its guard has cut the torque; please report it with its log")
        elif now_s > self._up_s + self._seconds:
            self._end(now_s)
            daemon.signal()
        elif commands is not None and commands.has_begun:
            commands.watch(now_s)
        elif commands is not None and daemon.api_failure is not None:
            message = f"no command can be given, without a local API: {daemon.api_failure}"
            self._error = DaemonError(message, hint="name another socket: --socket PATH")
            self._end(now_s)
            daemon.signal()
        elif commands is not None and daemon.state == "running" and daemon.api_socket is not None:
            commands.begin(now_s, daemon.api_socket)

    def _end(self, now_s: float) -> None:
        self._asked_s = now_s
        if self._commands is not None:
            self._commands.end()

    def _hear(self, number: int) -> None:
        # A terminal tells gaitwayd, too; it takes both for one. The second one ends it at once.
        self.interrupted = True
        self._end(time.monotonic())
        self._daemon.signal(number)


def plan_of(settings: RunSettings, row: "array[float] | None", robot: Robot) -> Script | None:
    """What the robot is asked over time; None where it stands, or somebody drives it."""
    from gaitway.script import load_script, steady

    if settings.script is not None:
        return load_script(settings.script, robot)
    return None if row is None else steady(row, math.inf)
