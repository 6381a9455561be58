"""The twin as the bench of the local API needs it: another process, which tells every change of the servos' goals.

Usage: watched_twin.py PROFILE FOLDER. Serves the bus and the IMU's samples in FOLDER and prints a line for each change:
when it was seen and when it had not been there yet, ns of the monotonic clock; then the goals, rad, nan where limp.
Ends when stdin does.
"""

import contextlib
import os
import sys
import threading
import time
from array import array
from pathlib import Path

from gaitway import Robot, _native
from gaitway.twin.still import StillBody

#: Between two looks at the servos, s: the wake-up adds about as much again.
LOOK_S = 5e-5
#: Samples of the IMU come with every so many steps of the body.
_IMU_EVERY = 5


def main() -> None:
    """Serves, and tells."""
    # It is what measures, and stands in for a wire that waits for nobody.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    profile, folder = sys.argv[1], Path(sys.argv[2])
    robot = Robot.load(profile)
    imu = folder / "imu" if robot.native.imu_bus is not None else None
    host = _native.TwinHost(robot.native, link=folder / "bus", imu_socket=imu)
    end = threading.Event()
    threading.Thread(target=_wait_for_end, args=(end,), daemon=True).start()
    print("ready", flush=True)
    try:
        _serve(host, robot, end, has_imu=imu is not None)
    finally:
        host.stop()


def _wait_for_end(end: threading.Event) -> None:
    sys.stdin.read()
    end.set()


def _serve(host: _native.TwinHost, robot: Robot, end: threading.Event, *, has_imu: bool) -> None:
    body, count = StillBody(robot), len(robot.joint_names)
    servos, joints = array("f", bytes(20 * count)), array("f", bytes(12 * count))
    imu = array("f", bytes(4 * (6 + body.contacts)))
    step_ns, steps = round(body.step_s * 1e9), 0
    told, looked_ns = b"", time.monotonic_ns()
    next_step_ns = looked_ns
    while not end.is_set():
        host.read_servos(servos)
        now_ns = time.monotonic_ns()
        # NaN equals nothing; its bytes equal themselves.
        goals = servos[:count].tobytes()
        if goals != told:
            told = goals
            print(now_ns, looked_ns, *(f"{goal:.4f}" for goal in servos[:count]), flush=True)
        looked_ns = now_ns
        if now_ns >= next_step_ns:
            # What a stall of the machine takes is not made up for: the joints bear nothing.
            next_step_ns = max(next_step_ns + step_ns, now_ns)
            body.step(servos)
            steps += 1
            body.show(joints, imu)
            host.set_joints(joints)
            if has_imu and steps % _IMU_EVERY == 0:
                host.sample_imu(imu)
            host.send_imu()
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
