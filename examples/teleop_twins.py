"""Teleoperation of two emulated arms, measured: a leader moved as a hand moves it, a follower with weight.

    python examples/teleop_twins.py so101 --seconds 20
    python examples/teleop_twins.py so101 --seconds 45 --payload-kg 0.1

The leader's servos are emulated in this process and go slowly from pose to pose of the profile, with a rest in each.
The follower is `gaitway twin` with physics, and `gaitway teleop` drives it; its report is what is printed.
Options that are not this program's go to it, such as --json or --hz.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from array import array
from pathlib import Path
from shutil import copytree

import gaitway
from gaitway._native import TwinHost

#: A hand takes so long from pose to pose, and rests there, s.
MOVE_S, REST_S = 2.0, 2.0
STEP_S = 0.002
#: Radius of the payload, m.
PAYLOAD_M = 0.02
#: Poses that a hand holds an arm in; one that lies on itself or on the table is none.
LEFT_OUT = {"rest", "sit"}


class MovedLeader:
    """Emulated servos whose limp joints somebody moves."""

    def __init__(self, robot: gaitway.Robot, link: Path) -> None:
        names = [name for name in robot.native.pose_names if name not in LEFT_OUT]
        self._poses = [robot.native.pose_rad(name) or [] for name in names]
        self._host = TwinHost(robot.native, link=link)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._move)
        self._thread.start()

    def close(self) -> None:
        """Lets go, and hangs up."""
        self._end.set()
        self._thread.join()
        self._host.stop()

    def _move(self) -> None:
        begun_s = time.monotonic()
        while not self._end.wait(STEP_S):
            position, velocity = self._at(time.monotonic() - begun_s)
            self._host.set_joints(array("f", [*position, *velocity, *(0.0 for _ in position)]))

    def _at(self, seconds: float) -> tuple[list[float], list[float]]:
        """Angles and velocities: cosine from pose to pose, then rest."""
        index, into_s = divmod(seconds, MOVE_S + REST_S)
        start, end = (self._poses[(int(index) + step) % len(self._poses)] for step in (0, 1))
        phase = math.pi * min(into_s / MOVE_S, 1.0)
        share, rate = (1 - math.cos(phase)) / 2, math.pi / MOVE_S * math.sin(phase) / 2
        ways = [goal - here for here, goal in zip(start, end, strict=True)]
        return [here + share * way for here, way in zip(start, ways, strict=True)], [rate * way for way in ways]


def loaded(robot: gaitway.Robot, payload_kg: float, folder: Path) -> Path:
    """Profile of a copy of the robot whose last link but one, the hand, carries a payload in its middle."""
    copied = folder / "loaded"
    copytree(robot.folder, copied)
    model = ElementTree.parse(copied / "model.xml")
    hand = [body for body in model.iter("body") if body.find("joint") is not None][-2]
    tip = hand.find("site")
    # A body of its own: models that state their inertias count no geom's mass.
    payload = ElementTree.SubElement(hand, "body", name="payload", pos="0 0 0" if tip is None else tip.get("pos", ""))
    sphere = " ".join([f"{0.4 * payload_kg * PAYLOAD_M**2:.3g}"] * 3)
    ElementTree.SubElement(payload, "inertial", pos="0 0 0", mass=str(payload_kg), diaginertia=sphere)
    model.write(copied / "model.xml")
    return copied / "profile.toml"


def main() -> int:
    """Runs both arms and teleoperation between them; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("robot", help="robot by name, or path to a profile")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the run (default: %(default)s)")
    parser.add_argument("--payload-kg", type=float, default=0.0, help="mass in the follower's hand")
    # What is none of these is gaitway teleop's.
    told, options = parser.parse_known_args()
    robot = gaitway.Robot.load(told.robot)
    gaitway_program = [sys.executable, "-m", "gaitway.cli"]
    with tempfile.TemporaryDirectory(prefix="teleop-") as name:
        folder = Path(name)
        profile = loaded(robot, told.payload_kg, folder) if told.payload_kg else told.robot
        links = folder / "leader", folder / "follower"
        twin = [*gaitway_program, "twin", "--robot", str(profile), "--link", str(links[1]), "--json"]
        follower = subprocess.Popen(twin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        leader = MovedLeader(robot, links[0])
        try:
            while not links[1].exists() and follower.poll() is None:
                time.sleep(STEP_S)
            ports = ["--leader", str(links[0]), "--follower", str(links[1]), "--robot", told.robot]
            command = [*gaitway_program, "teleop", *ports, "--seconds", str(told.seconds), "--no-record"]
            environment = os.environ | {"XDG_RUNTIME_DIR": name}
            return subprocess.run([*command, *options], env=environment, check=False).returncode
        finally:
            leader.close()
            follower.terminate()
            follower.wait()


if __name__ == "__main__":
    sys.exit(main())
