"""A pad elsewhere as docs/formats.md has it, made by nothing of Gaitway's."""

import hashlib
import hmac
import socket
import struct
from types import TracebackType

from program import wait_until

NOBODY = bytes(24)


class FarPad:
    """Speaks to a robot that listens for a pad, and takes down what was said."""

    def __init__(self, address: str, secret: bytes = b"") -> None:
        host, port = address.split(":")
        self.line = socket.socket(type=socket.SOCK_DGRAM)
        self.line.connect((host, int(port)))
        self.line.setblocking(False)
        self.secret = secret
        #: What the robot made up at its start, and its clock.
        self.moment = NOBODY
        self.number = 0
        self.answers = 0
        #: How far full sticks go there: smallest and largest of six axes.
        self.reach = (0.0,) * 12

    def sign(self, content: bytes) -> bytes:
        return content + hmac.digest(self.secret, content, hashlib.sha256)

    def datagram(self, sticks: tuple[int, ...] = (0,) * 6, buttons: int = 0) -> bytes:
        self.number += 1
        return self.sign(b"GWP3" + self.moment + struct.pack("<I6hH", self.number, *sticks, buttons))

    def send(self, sticks: tuple[int, ...] = (0,) * 6, buttons: int = 0) -> bytes:
        """Says how it stands, at the newest moment it knows; what was said."""
        self.hear()
        said = self.datagram(sticks, buttons)
        self.line.send(said)
        return said

    def hear(self) -> bool:
        """Takes what has come; true where the robot has answered."""
        heard = False
        while True:
            try:
                answer = self.line.recv(256)
            except BlockingIOError:
                return heard
            except ConnectionRefusedError:
                continue
            if len(answer) == 109 and answer[:4] == b"GWA4" and answer == self.sign(answer[:77]):
                self.moment, heard = answer[4:28], True
                self.reach = struct.unpack("<12f", answer[28:76])
                self.answers += 1

    def greet(self) -> "FarPad":
        """Asks for the moment, which moves nothing, until the robot has told it."""

        def is_answered() -> bool:
            self.moment = NOBODY
            self.line.send(self.datagram())
            return self.hear()

        wait_until(is_answered, "the robot does not answer")
        return self

    def __enter__(self) -> "FarPad":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.line.close()
