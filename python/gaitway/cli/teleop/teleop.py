"""`gaitway teleop`: one arm follows another one that is moved by hand."""

import math
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gaitway import signals
from gaitway.cli.common.output import print_json
from gaitway.cli.common.settings import with_settings
from gaitway.cli.teleop.settings import TeleopSettings
from gaitway.errors import UsageError
from gaitway.robot import Robot
from gaitway.socket_folder import socket_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from gaitway.teleop import Calibrated, Follower, HostedFollower, Leader, TeleopSession
    from gaitway.teleop.mapping import Range

#: Recorded ranges that differ by more than this are told, as a share.
_OTHER_RANGE = 0.15
#: gaitwayd's log is read every so many ticks.
_LOOK_TICKS = 8


@with_settings(TeleopSettings)
def teleop(settings: TeleopSettings) -> int:
    """Let one arm follow another one that is moved by hand.

    The leader's servos are limp, and their angles become the follower's goals. The follower first goes to the leader's
    pose slowly. It holds its pose while the leader is lost, and after Ctrl-C until its torque is softly disabled.
    """
    _check(settings)
    robot = _robot(settings)
    with socket_folder("gaitway-teleop-") as name:
        folder = Path(name)
        (folder / "leader").mkdir()
        (folder / "follower").mkdir()
        result = _Run(settings, robot, folder).run()
    if settings.as_json:
        print_json(result)
    else:
        from gaitway.cli.teleop.report import print_report

        print_report(result)
    return 0


def _check(settings: TeleopSettings) -> None:
    from gaitway.api.address import is_elsewhere

    seconds = settings.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"--seconds: expected more than 0, found {seconds}", hint="leave it out to run on")
    if settings.no_record and settings.record is not None:
        raise UsageError("--record and --no-record exclude each other", hint="give one of them")
    if str(settings.leader) == settings.follower:
        raise UsageError("--leader and --follower: expected two ports, found one", hint="ls /dev/serial/by-id")
    if settings.key is not None and not is_elsewhere(settings.follower):
        raise UsageError("--key: expected a follower at a tcp:// address, found none", hint="leave --key out")
    if not _is_running_robot(settings.follower):
        return
    options = {
        "--follower-config": settings.follower_config,
        "--policy": settings.policy,
        "--record": settings.record,
        "--no-record": settings.no_record or None,
    }
    if given := [option for option, value in options.items() if value is not None]:
        message = f"{', '.join(given)}: expected a follower's port, found a running gaitwayd, which has its own"
        raise UsageError(message, hint="give them to gaitwayd")


def _is_running_robot(follower: str) -> bool:
    """A socket or an address of a gaitwayd that runs; else it is a port."""
    from gaitway.api.address import is_elsewhere

    if is_elsewhere(follower):
        return True
    path = Path(follower)
    return path.exists() and stat.S_ISSOCK(path.stat().st_mode)


def _robot(settings: TeleopSettings) -> Robot:
    """The robot of both arms: the one that is named, else the only one that ships and is commanded by angles."""
    if settings.robot is not None:
        return Robot.load(settings.robot)
    shipped = [Robot.load(name) for name in Robot.names()]
    arms = [robot for robot in shipped if list(robot.command_axes.items()) == [(j, "rad") for j in robot.joint_names]]
    if len(arms) != 1:
        named = ", ".join(robot.name for robot in arms) or "none"
        raise UsageError(f"expected one robot that is commanded by angles, found {named}", hint="name it with --robot")
    return arms[0]


class _Run:
    """The arms, from their calibration to their end."""

    def __init__(self, settings: TeleopSettings, robot: Robot, folder: Path) -> None:
        self._settings, self._robot, self._folder = settings, robot, folder
        self._stops: list[int] = []
        self._told: list[dict[str, Any]] = []
        self._begun_s = time.monotonic()
        from gaitway.cli.teleop.live import Line

        self._line = Line(shown=not settings.as_json)

    def run(self) -> dict[str, Any]:
        from gaitway.teleop import Leader

        with signals.caught(self._hear):
            arms = self._calibrated()
            leader = Leader(arms[0].robot, self._settings.leader)
            try:
                if driven := leader.open():
                    self._tell(f"leader: torque was on at {', '.join(driven)}: switched off")
                return self._lead(leader, *arms)
            finally:
                leader.close()
                self._line.clear()

    def _calibrated(self) -> "tuple[Calibrated, Calibrated]":
        from gaitway.teleop import Calibrated
        from gaitway.teleop.hosted import PAUSED

        settings, running = self._settings, _is_running_robot(self._settings.follower)
        leader = Calibrated.load(
            self._robot,
            self._folder / "leader",
            config=settings.leader_config,
            lerobot=settings.leader_calibration,
            port=settings.leader,
        )
        follower = Calibrated.load(
            self._robot,
            self._folder / "follower",
            config=settings.follower_config,
            lerobot=settings.follower_calibration,
            # Nobody but gaitwayd may use the bus of one that runs.
            port=None if running else Path(settings.follower),
            options=PAUSED,
        )
        return leader, follower

    def _lead(self, leader: "Leader", leading: "Calibrated", following: "Calibrated") -> dict[str, Any]:
        from gaitway.teleop import Follower, JointMap
        from gaitway.teleop.follower import dial
        from gaitway.teleop.mapping import within

        shares = self._shares(leading, following)
        # Before anything moves.
        limits_rad = dict(zip(self._robot.joint_names, self._robot.limits_rad, strict=True))
        JointMap(within(limits_rad, following.recorded_rad), shares).check(leader.read().angles_rad)
        if _is_running_robot(self._settings.follower):
            follower = Follower(dial(self._settings.follower, self._settings.key))
            try:
                return self._session(leader, follower, following, shares, None)
            finally:
                follower.close()
        hosted = self._hosted(following)
        try:
            return self._session(leader, hosted.follower, following, shares, hosted)
        finally:
            hosted.close()

    def _hosted(self, following: "Calibrated") -> "HostedFollower":
        from gaitway import _native
        from gaitway.teleop import HostedFollower
        from gaitway.teleop.hosted import policy_of

        settings = self._settings
        named = settings.robot
        profile = Path(named) if named and named not in Robot.names() else self._robot.folder / "profile.toml"
        policy = settings.policy or policy_of(self._robot)
        record = None if settings.no_record else settings.record or _native.recordings_folder()
        self._tell("follower: gaitwayd starts; the arm goes to its default pose")
        return HostedFollower(following, profile, policy, Path(settings.follower), self._folder, record=record)

    def _shares(self, leading: "Calibrated", following: "Calibrated") -> "dict[str, tuple[Range, Range]]":
        """Both recorded ranges of the joints that are mapped by their share; others that differ are told."""
        from gaitway.teleop.mapping import different_ranges

        shared, known = self._settings.by_share or [], self._robot.joint_names
        if missing := [joint for joint in shared if joint not in known]:
            raise UsageError(f"--by-share: no joint is called {missing[0]!r}", hint=f"the arm has {', '.join(known)}")
        for told in different_ranges(leading.recorded_rad, following.recorded_rad, _OTHER_RANGE):
            joint = told.partition(":")[0]
            if joint not in shared:
                self._tell(f"{told}: --by-share {joint} maps one to the other")
        return {joint: (leading.recorded_rad[joint], following.recorded_rad[joint]) for joint in shared}

    def _check_joints(self, follower: "Follower") -> None:
        if list(follower.limits_rad) != self._robot.joint_names:
            found = f"{follower.title} with {', '.join(follower.limits_rad)}"
            message = f"expected a follower with the joints of {self._robot.name}, found {found}"
            raise UsageError(message, hint="name the robot of both with --robot")

    def _session(
        self,
        leader: "Leader",
        follower: "Follower",
        following: "Calibrated",
        shares: "dict[str, tuple[Range, Range]]",
        hosted: "HostedFollower | None",
    ) -> dict[str, Any]:
        from gaitway.teleop import JointMap, TeleopSession
        from gaitway.teleop.mapping import within

        settings, session = self._settings, None
        self._check_joints(follower)
        try:
            joints = JointMap(within(follower.limits_rad, following.recorded_rad), shares)
            joints.check(leader.read().angles_rad)
            start_rad = follower.begin(lambda: self._check_going(hosted))
            session = TeleopSession(
                leader,
                follower,
                joints,
                start_rad,
                hz=settings.hz,
                approach_rps=settings.approach_rps,
                tell=self._tell,
            )
            session.run(self._watch(hosted))
        finally:
            self._tell("follower: holds its pose, then is limp, softly")
            # Whatever ended it, a pose is held until the torque has gone softly.
            (hosted or follower).end(None if session is None else session.planner.goal_rad)
        figures = session.figures.summary(session.pacer, follower.latency.samples_s)
        identity = {"robot": follower.name, "ended": "asked" if self._stops else "time"}
        return identity | figures | {"told": self._told}

    def _watch(self, hosted: "HostedFollower | None") -> "Callable[[TeleopSession], bool]":
        """Looked at in every tick: whether it goes on."""
        seconds, begun_s = self._settings.seconds, time.monotonic()

        def watch(session: "TeleopSession") -> bool:
            if hosted is not None and session.figures.ticks % _LOOK_TICKS == 0:
                hosted.check()
            self._line.show(session)
            is_over = seconds is not None and time.monotonic() - begun_s >= seconds
            return not self._stops and not is_over

        return watch

    def _check_going(self, hosted: "HostedFollower | None") -> None:
        if hosted is not None:
            hosted.check()
        if self._stops:
            raise KeyboardInterrupt

    def _hear(self, number: int) -> None:
        # Who asks a second time does not want to wait for what is soft about the end.
        self._stops.append(number)
        if len(self._stops) > 1:
            raise KeyboardInterrupt

    def _tell(self, text: str) -> None:
        self._told.append({"s": round(time.monotonic() - self._begun_s, 3), "text": text})
        self._line.clear()
        typer.echo(text, err=True)
