"""A robot walks a square and looks around, whichever robot it is.

    python examples/steer_a_robot.py                  # simulated, as fast as it can be computed
    python examples/steer_a_robot.py --robot sim:     # simulated in real time
    python examples/steer_a_robot.py --robot twin:    # gaitwayd over emulated servos
    python examples/steer_a_robot.py --robot socket   # the robot that runs under gaitwayd on this machine

What it did lies in a table then: out/square.csv. Ctrl-C makes the robot stand, and ends.
"""

import argparse
import math
import sys
from pathlib import Path

import gaitway

#: Speed along the square, m/s, and around its corners, rad/s.
FORWARD_MPS, TURNING_RPS = 0.12, 0.6


def square(robot: gaitway.RobotConnection, side_m: float) -> None:
    """Walks along four sides, and looks to the left at each corner."""
    for _ in range(4):
        robot.walk(vx=FORWARD_MPS, seconds=side_m / FORWARD_MPS)
        robot.look(yaw=0.5, seconds=1)
        robot.walk(wz=TURNING_RPS, seconds=math.pi / 2 / TURNING_RPS)
        seen = robot.observe()
        print(f"{seen.state}, {len(seen.joints)} joints, on the ground: {seen.contacts}")


def opened(named: str) -> gaitway.RobotConnection:
    """The robot of this name."""
    if named == "fast":
        return gaitway.connect("sim:", fast=True)
    return gaitway.connect() if named == "socket" else gaitway.connect(named)


def main() -> None:
    """Walks the square with the robot that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="fast", help="fast, sim:, twin:, socket, or a socket's path (%(default)s)")
    parser.add_argument("--side", type=float, default=0.5, metavar="M", help="length of a side, m (%(default)s)")
    parser.add_argument("--table", type=Path, default=Path("out/square.csv"), help="table to write (%(default)s)")
    told = parser.parse_args()
    try:
        with opened(told.robot) as robot, robot.record(told.table) as log:
            square(robot, told.side)
        print(f"{log.path}: {log.rows} rows")
    except gaitway.GaitwayError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped")


if __name__ == "__main__":
    main()
