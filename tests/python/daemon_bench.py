"""A twin for `gaitwayd`: emulated servos whose joints follow their goals, and an IMU, on a thread."""

import json
import math
import subprocess
import threading
import time
from array import array
from pathlib import Path
from typing import Any

from gaitway import Robot, _native

ROOT = Path(__file__).parents[2]
BINARY = ROOT / "target" / "release" / "gaitwayd"


class Bench:
    """Twin, joints and IMU on a thread; the program under test is another process."""

    def __init__(self, folder: Path, *, has_chip: bool = False) -> None:
        self.duck = Robot.load()
        self.folder = folder
        self.link, self.socket = folder / "bus", folder / "imu"
        #: Samples as datagrams, or a chip on an I2C bus of its own.
        self.imu = ("--imu" if has_chip else "--imu-socket", str(self.socket))
        keyword = {"i2c_socket" if has_chip else "imu_socket": self.socket}
        self.host = _native.TwinHost(self.duck.native, link=self.link, **keyword)
        self.driven = 0
        self.has_imu = True
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self.host.stop()

    def start(
        self, *arguments: str, prefix: tuple[str, ...] = (), stdin: int = subprocess.DEVNULL
    ) -> "subprocess.Popen[str]":
        command = [*prefix, str(BINARY), "--serial-port", str(self.link), *self.imu]
        command += ["--stats-json", str(self.folder / "stats.json"), *arguments]
        return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stats(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.folder / "stats.json").read_text())
        return result

    def wait_for(self, driven: int, seconds: float = 20) -> None:
        """Until so many servos are driven; a generous limit against hanging, no measurement."""
        end = time.monotonic() + seconds
        while self.driven != driven:
            assert time.monotonic() < end, f"{self.driven} servos are driven, not {driven}"
            time.sleep(0.001)

    def _run(self) -> None:
        count = len(self.duck.joint_names)
        position = [0.7 * angle for angle in self.duck.default_pose_rad]
        servos, row = array("f", bytes(20 * count)), array("f", bytes(12 * count))
        step, tick = 0.0112, 0
        while not self._end.is_set():
            self.host.read_servos(servos)
            goals = servos[:count]
            for joint, goal in enumerate(goals):
                moved = 0.0 if math.isnan(goal) else max(-step, min(step, goal - position[joint]))
                position[joint] += moved
                row[joint], row[count + joint] = position[joint], moved / 0.002
            self.host.set_joints(row)
            self.driven = sum(not math.isnan(goal) for goal in goals)
            tick += 1
            if tick % 5 == 0 and self.has_imu:
                self.host.sample_imu(array("f", (1e-3 * math.sin(tick), 0, 0, 0, 1e-2 * math.cos(tick), 9.81, 1, 1)))
            self.host.send_imu()
            time.sleep(0.002)
