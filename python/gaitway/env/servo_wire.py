"""`ServoWire`: Feetech servos at the end of a serial line, from Python, for a program that steps a twin.

It reads all servos in one exchange and writes all in another, as the driver of a robot does, and shares no code with
that driver nor with the emulated servos. The driver itself keeps the robot's own time and cannot be stepped.
"""

import contextlib
import math
import os
import select
import struct
import termios
import time
import tty
from pathlib import Path

from gaitway.errors import BusError

#: Registers of the STS family: address and bytes.
P_GAIN, D_GAIN, PHASE, TORQUE_ENABLE, GOAL_POSITION = (21, 1), (22, 1), (18, 1), (40, 1), (42, 2)
#: Position and speed of now stand side by side.
_PRESENT = (56, 4)
_HEADER, _EVERYBODY = b"\xff\xff", 0xFE
_READ, _SYNC_READ, _SYNC_WRITE = 0x02, 0x82, 0x83
_STEPS_PER_TURN, _ZERO_STEP = 4096, 2048
#: Bit of the phase register that says speed is in steps a second; otherwise it is in so many.
_FINE_SPEED, _COARSE_STEPS = 4, 50
_SIGN = 0x8000
#: An answer is there within this time, s: fifty times what the wire needs.
_PATIENCE_S = 0.1


class ServoWire:
    """An open line to servos `ids`, at `baud`. Rows are in the order of `ids`; angles are the servos' own, rad."""

    def __init__(self, path: Path, ids: list[int], baud: int) -> None:
        """Opens the device. Raises BusError where the first servo does not say in which unit its speed is."""
        self._ids, self._unread = ids, b""
        self._line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._line)
        settings = termios.tcgetattr(self._line)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self._line, termios.TCSANOW, settings)
        self._say(ids[0], _READ, bytes(PHASE))
        phase = self._answers({ids[0]}, PHASE[1]).get(ids[0])
        if phase is None:
            os.close(self._line)
            raise BusError(f"{path}: servo {ids[0]} does not answer", hint="is the machine too busy? try again")
        is_fine = phase[0] & _FINE_SPEED != 0
        self._speed_rps = math.tau / _STEPS_PER_TURN * (1 if is_fine else _COARSE_STEPS)

    def read(self) -> dict[int, tuple[float, float]]:
        """Angle, rad, and velocity, rad/s, of each servo that has answered, by its id."""
        self._say(_EVERYBODY, _SYNC_READ, bytes([*_PRESENT, *self._ids]))
        answers = self._answers(set(self._ids), _PRESENT[1])
        return {servo: self._present(data) for servo, data in answers.items()}

    def write(self, register: tuple[int, int], values: list[int]) -> None:
        """Writes a register of every servo; nobody answers that."""
        address, width = register
        rows = b"".join(
            bytes([servo]) + value.to_bytes(width, "little") for servo, value in zip(self._ids, values, strict=True)
        )
        self._say(_EVERYBODY, _SYNC_WRITE, bytes([address, width]) + rows)

    def write_goals(self, goals_rad: list[float]) -> list[float]:
        """Writes the goals of all servos; returns them as the encoders' steps have them, rad."""
        steps = [round(goal * _STEPS_PER_TURN / math.tau) + _ZERO_STEP for goal in goals_rad]
        self.write(GOAL_POSITION, [step if step >= 0 else _SIGN | -step for step in steps])
        return [(step - _ZERO_STEP) * math.tau / _STEPS_PER_TURN for step in steps]

    def close(self) -> None:
        """Closes the device."""
        os.close(self._line)

    def _present(self, data: bytes) -> tuple[float, float]:
        step, speed = struct.unpack("<HH", data)
        position_rad = (_signed(step) - _ZERO_STEP) * math.tau / _STEPS_PER_TURN
        return position_rad, _signed(speed) * self._speed_rps

    def _say(self, servo: int, instruction: int, parameters: bytes) -> None:
        body = bytes([servo, len(parameters) + 2, instruction]) + parameters
        os.write(self._line, _HEADER + body + _checksum(body))

    def _answers(self, expected: set[int], width: int) -> dict[int, bytes]:
        """The data of each servo that answers soundly in time."""
        found: dict[int, bytes] = {}
        end_s = time.monotonic() + _PATIENCE_S
        self._unread = b""
        while found.keys() < expected and (left_s := end_s - time.monotonic()) > 0:
            if select.select([self._line], [], [], left_s)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._unread += os.read(self._line, 4096)
            self._take(found, expected, width)
        return found

    def _take(self, found: dict[int, bytes], expected: set[int], width: int) -> None:
        """Takes whole frames out of what has come; what is none is passed over."""
        length = len(_HEADER) + 4 + width
        while (start := self._unread.find(_HEADER)) >= 0 and len(self._unread) >= start + length:
            body = self._unread[start + len(_HEADER) : start + length - 1]
            is_sound = body[1] == width + 2 and _checksum(body) == self._unread[start + length - 1 : start + length]
            if is_sound and body[0] in expected:
                found[body[0]] = body[3:]
            self._unread = self._unread[start + (length if is_sound else 1) :]


def _signed(raw: int) -> int:
    return -(raw & ~_SIGN) if raw & _SIGN else raw


def _checksum(body: bytes) -> bytes:
    return bytes([~sum(body) & 0xFF])
