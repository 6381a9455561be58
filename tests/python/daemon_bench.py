"""A twin for `gaitwayd`: emulated servos whose joints follow their goals, and an IMU, on a thread."""

import json
import math
import subprocess
import time
from array import array
from pathlib import Path
from typing import Any

from background import Background
from program import wait_until

from gaitway import Robot, _native

ROOT = Path(__file__).parents[2]
BINARY = ROOT / "target" / "release" / "gaitwayd"


class Bench(Background):
    """Twin, joints and IMU on a thread; the program under test is another process."""

    def __init__(self, folder: Path, *, has_chip: bool = False, robot: Robot | None = None) -> None:
        self.duck = robot or Robot.load()
        self.folder = folder
        self.link, self.socket = folder / "bus", folder / "imu"
        self.has_imu = self.duck.native.imu_bus is not None
        #: Samples as datagrams, or a chip on an I2C bus of its own; nothing of a robot without an IMU.
        self.imu = ("--imu" if has_chip else "--imu-socket", str(self.socket)) if self.has_imu else ()
        keyword = {"i2c_socket" if has_chip else "imu_socket": self.socket} if self.has_imu else {}
        self.host = _native.TwinHost(self.duck.native, link=self.link, **keyword)
        #: Servos that are driven, and the most that ever were.
        self.driven = self.most_driven = 0
        #: Where the joints are, rad; a limp one stays where somebody puts it.
        self.position_rad = [0.7 * angle for angle in self.duck.default_pose_rad]
        self._started: list[subprocess.Popen[str]] = []
        self.begin()

    def close(self) -> None:
        for process in self._started:
            # A test that failed has left it.
            process.kill()
        super().close()
        self.host.stop()

    def start(
        self,
        *arguments: str,
        prefix: tuple[str, ...] = (),
        stdin: int = subprocess.DEVNULL,
        no_config: bool = True,
    ) -> "subprocess.Popen[str]":
        # The joints bear nothing.
        command = [*prefix, str(BINARY), "--on-stand", "--serial-port", str(self.link), *self.imu]
        command += ["--stats-json", str(self.folder / "stats.json"), *arguments]
        if no_config and not {"--config", "--duck-config-path"} & set(arguments):
            command.append("--no-config")
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._started.append(process)
        return process

    def stats(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.folder / "stats.json").read_text())
        return result

    def writes(self) -> int:
        """How often the program under test has written to the bus: once a tick at least."""
        return int(self.host.statistics()["transactions"])

    def wait_writes(self, count: int) -> None:
        """Until it has written so often more: its time, however busy the machine is."""
        end = self.writes() + count
        wait_until(lambda: self.writes() >= end, "the program writes nothing")

    def wait_for(self, driven: int) -> None:
        """Until so many servos are driven."""
        wait_until(lambda: self.driven == driven, f"not {driven} servos are driven")

    def _run(self) -> None:
        count = len(self.duck.joint_names)
        position = self.position_rad
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
            self.most_driven = max(self.most_driven, self.driven)
            tick += 1
            if tick % 5 == 0 and self.has_imu:
                sample = (1e-3 * math.sin(tick), 0, 0, 0, 1e-2 * math.cos(tick), 9.81)
                self.host.sample_imu(array("f", (*sample, *(1.0 for _ in self.duck.contact_names))))
            self.host.send_imu()
            time.sleep(0.002)
