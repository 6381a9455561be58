"""Hands, switches and wires on the board of `kernel/board.c`, from inside its machine."""

import fcntl
import os
import select
import socket
import struct
import subprocess
import time
import tty
from collections.abc import Mapping
from pathlib import Path

from background import Background
from board import Board
from hands import (
    HAT_Y,
    LEFT_BUMPER,
    LEFT_TRIGGER,
    LEFT_X,
    LEFT_Y,
    MENU,
    RIGHT_TRIGGER,
    RIGHT_X,
    RIGHT_Y,
    A,
    B,
    Hands,
    X,
    Y,
)

LINES, WIRE = Path("/dev/board-lines"), Path("/dev/board-i2c")
CHIP, BUS = Path("/dev/gpiochip0"), Path("/dev/i2c-1")
#: Numbers of kernel/board.c that no line has.
_PULSE, _PULL_UP = 1000, 2000


class KernelBoard(Board):
    """What outputs do, how wide the pulses of the PWM are, and hands on the inputs."""

    def __init__(self) -> None:
        #: Lines that were asked to be pulled up, and the last width of each channel, ns.
        self.pulled_up: list[int] = []
        self.pulse_ns: dict[int, int] = {}
        super().__init__(LINES)
        self._forget()
        self._inputs = os.open(LINES, os.O_WRONLY)

    def close(self) -> None:
        os.close(self._inputs)
        super().close()

    def drive(self, line: int, level: int) -> None:
        """An input goes to a level."""
        os.write(self._inputs, struct.pack("=II", line, level))

    def _forget(self) -> None:
        """What was told to nobody is of no test."""
        try:
            while os.read(self._pipe, 4096):
                pass
        except BlockingIOError:
            return

    def _told(self, at_ns: int, line: int, level: int) -> None:
        if line >= _PULL_UP:
            self.pulled_up.append(line - _PULL_UP)
        elif line >= _PULSE:
            self.pulse_ns[line - _PULSE] = level
        else:
            super()._told(at_ns, line, level)


class Wires(Background):
    """The wires between the bus and a chip that is emulated behind a local socket. Cut while `is_cut`."""

    def __init__(self, chip: Path) -> None:
        self.is_cut = False
        self._chip = chip
        self.begin()

    def _run(self) -> None:
        wire = os.open(WIRE, os.O_RDWR)
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(self._chip))
            while not self._end.is_set():
                if not select.select([wire], [], [], 0.05)[0]:
                    continue
                try:
                    request = os.read(wire, 300)
                except BlockingIOError:
                    continue
                answer = bytes(1 + request[2]) if self.is_cut else self._ask(stream, request)
                try:
                    os.write(wire, answer)
                except OSError:
                    # Too late: the transfer was given up.
                    continue
        os.close(wire)

    @staticmethod
    def _ask(stream: socket.socket, request: bytes) -> bytes:
        stream.sendall(request)
        return stream.recv(1 + request[2], socket.MSG_WAITALL)


def _write(number: int, size: int) -> int:
    """A request of uinput that hands something over (linux/uinput.h)."""
    return 1 << 30 | size << 16 | ord("U") << 8 | number


_CREATE, _DESTROY = ord("U") << 8 | 1, ord("U") << 8 | 2
_SETUP, _ABS_SETUP = _write(3, 92), _write(4, 28)
_SET_EV, _SET_KEY = _write(100, 4), _write(101, 4)
_EV_KEY, _EV_ABS, _BUS_BLUETOOTH = 1, 3, 5
_STICK, _TRIGGER = (0, 65535, 255, 4095), (0, 1023, 3, 63)


class KernelHands(Hands):
    """An Xbox pad over Bluetooth, which the kernel takes for one that is there, as long as it is held."""

    _AXES: Mapping[int, tuple[int, int, int, int]] = {
        **dict.fromkeys((LEFT_X, LEFT_Y, RIGHT_X, RIGHT_Y), _STICK),
        **dict.fromkeys((LEFT_TRIGGER, RIGHT_TRIGGER), _TRIGGER),
        HAT_Y: (-1, 1, 0, 0),
    }
    _KEYS: tuple[int, ...] = (A, B, X, Y, LEFT_BUMPER, MENU)

    def __init__(self, name: str = "Xbox Wireless Controller") -> None:
        self.name = name
        self.pipe = -1

    def hold(self) -> None:
        self.pipe = os.open("/dev/uinput", os.O_WRONLY)
        for kind in (_EV_KEY, _EV_ABS) if self._AXES else (_EV_KEY,):
            fcntl.ioctl(self.pipe, _SET_EV, kind)
        for key in self._KEYS:
            fcntl.ioctl(self.pipe, _SET_KEY, key)
        for axis, (low, high, fuzz, flat) in self._AXES.items():
            rest = 0 if axis in (LEFT_TRIGGER, RIGHT_TRIGGER, HAT_Y) else (low + high + 1) // 2
            fcntl.ioctl(self.pipe, _ABS_SETUP, struct.pack("=H2x6i", axis, rest, low, high, fuzz, flat, 0))
        setup = struct.pack("=4H80sI", _BUS_BLUETOOTH, 0x045E, 0x0B13, 1, self.name.encode(), 0)
        fcntl.ioctl(self.pipe, _SETUP, setup)
        fcntl.ioctl(self.pipe, _CREATE)

    def let_go(self) -> None:
        fcntl.ioctl(self.pipe, _DESTROY)
        super().let_go()


class OtherInput(KernelHands):
    """A keyboard: no pad."""

    _AXES: Mapping[int, tuple[int, int, int, int]] = {}
    _KEYS = (30, 31, 32)


class Cable(Background):
    """A USB adaptor between the servo bus of a twin and `/dev/ttyACM0`, the kernel's own at both ends of the cable."""

    PORT = Path("/dev/ttyACM0")
    _FAR_END, _SOCKET = Path("/dev/ttyGS0"), Path("/sys/bus/usb/devices/1-1/authorized")

    def __init__(self, bus: Path) -> None:
        subprocess.run(["modprobe", "-a", "cdc-acm", "dummy_hcd", "usb_f_acm", "g_serial"], check=True)
        self._bus, self._far_end = self._open(bus), self._open(self._FAR_END)
        self.begin()

    def plug(self, *, is_in: bool) -> None:
        # For its driver, a device that may not be used is one that is gone.
        self._SOCKET.write_text(str(int(is_in)))

    def close(self) -> None:
        super().close()
        os.close(self._bus)
        os.close(self._far_end)

    @staticmethod
    def _open(path: Path) -> int:
        end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(end)
        return end

    def _run(self) -> None:
        while not self._end.is_set():
            for end in select.select([self._bus, self._far_end], [], [], 0.05)[0]:
                try:
                    said = os.read(end, 4096)
                    os.write(self._bus if end == self._far_end else self._far_end, said)
                except OSError:
                    said = b""
                if not said:
                    # A cable that was pulled hangs up at both of its ends.
                    time.sleep(0.01)
                    os.close(self._far_end)
                    self._far_end = self._open(self._FAR_END)
