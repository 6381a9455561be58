"""`gaitway teleop`: one arm follows another one that is moved by hand."""

import math
import stat
import tempfile
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

if TYPE_CHECKING:
    from gaitway.teleop import Calibrated, Follower, HostedFollower, JointMap, Leader

#: Recorded ranges that differ by more than this are told, as a share.
_OTHER_RANGE = 0.15


@with_settings(TeleopSettings)
def teleop(settings: TeleopSettings) -> int:
    """Let one arm follow another one that is moved by hand.

    The leader's servos are limp, and their angles become the follower's goals. The follower first goes to the leader's
    pose slowly. It holds its pose while the leader is lost, and after Ctrl-C until its torque is softly disabled.
    """
    _check(settings)
    robot = _robot(settings)
    with tempfile.TemporaryDirectory(prefix="gaitway-teleop-") as name:
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
    seconds = settings.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"--seconds: expected more than 0, found {seconds}", hint="leave it out to run on")
    if settings.no_record and settings.record is not None:
        raise UsageError("--record and --no-record exclude each other", hint="give one of them")
    if str(settings.leader) == settings.follower:
        raise UsageError("--leader and --follower: expected two ports, found one", hint="ls /dev/serial/by-id")
    if settings.key is not None and not settings.follower.startswith("tcp://"):
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
    if follower.startswith("tcp://"):
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
        from gaitway.teleop import Follower
        from gaitway.teleop.follower import dial

        if _is_running_robot(self._settings.follower):
            follower = Follower(dial(self._settings.follower, self._settings.key))
            try:
                return self._session(leader, follower, self._map(follower, leading, following), None)
            finally:
                follower.close()
        hosted = self._hosted(following)
        try:
            return self._session(leader, hosted.follower, self._map(hosted.follower, leading, following), hosted)
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

    def _map(self, follower: "Follower", leading: "Calibrated", following: "Calibrated") -> "JointMap":
        from gaitway.teleop import JointMap
        from gaitway.teleop.mapping import different_ranges

        shared = self._settings.by_share or []
        if missing := [joint for joint in shared if joint not in follower.limits_rad]:
            known = ", ".join(follower.limits_rad)
            raise UsageError(f"--by-share: no joint is called {missing[0]!r}", hint=f"the follower has {known}")
        if list(follower.limits_rad) != self._robot.joint_names:
            found = f"{follower.title} with {', '.join(follower.limits_rad)}"
            message = f"expected a follower with the joints of {self._robot.name}, found {found}"
            raise UsageError(message, hint="name the robot of both with --robot")
        for told in different_ranges(leading.recorded_rad, following.recorded_rad, _OTHER_RANGE):
            joint = told.partition(":")[0]
            if joint not in shared:
                self._tell(f"{told}: --by-share {joint} maps one to the other")
        ranges = {joint: (leading.recorded_rad[joint], following.recorded_rad[joint]) for joint in shared}
        return JointMap(follower.limits_rad, ranges)

    def _session(
        self, leader: "Leader", follower: "Follower", joints: "JointMap", hosted: "HostedFollower | None"
    ) -> dict[str, Any]:
        from gaitway.teleop import TeleopSession

        settings = self._settings
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
        begun_s = time.monotonic()

        def watch(session: TeleopSession) -> bool:
            if hosted is not None and session.figures.ticks % 8 == 0:
                hosted.check()
            self._line.show(session)
            is_over = settings.seconds is not None and time.monotonic() - begun_s >= settings.seconds
            return not self._stops and not is_over

        try:
            session.run(watch)
        finally:
            self._tell("follower: holds its pose, then is limp, softly")
            # Whatever ended it, a pose is held until the torque has gone softly.
            (hosted or follower).end(session.planner.goal_rad)
        figures = session.figures.summary(session.pacer, follower.latency.samples_s)
        return {"robot": follower.name, "ended": "asked" if self._stops else "time", **figures} | {"told": self._told}

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
