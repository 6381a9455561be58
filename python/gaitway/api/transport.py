"""The stream below a connection: bytes to a robot and back, whatever carries them."""

import contextlib
import socket
from pathlib import Path
from typing import Protocol

from gaitway.errors import DaemonError

_CHUNK_BYTES = 65536


class Transport(Protocol):
    """An open stream to a robot. One thread receives, any number send one after the other."""

    @property
    def name(self) -> str:
        """What people call the other end: it stands in messages."""

    def send(self, data: bytes) -> None:
        """Sends all of it. Raises OSError where the stream has ended."""

    def receive(self) -> bytes:
        """Waits for bytes; none at the end of the stream. Raises OSError where it broke."""

    def close(self) -> None:
        """Ends the stream: another thread that waits in `receive` gets its end. May be called again."""


class UnixTransport:
    """A Unix socket of `gaitwayd` on this machine."""

    def __init__(self, path: Path) -> None:
        """Opens it. Raises DaemonError where nothing listens there."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            hint = 'start gaitwayd, or name its --socket; gaitway.connect("twin:") brings a robot of its own'
            raise DaemonError(f"no running gaitwayd found at {path}: {error.strerror or error}", hint=hint) from error

    @property
    def name(self) -> str:
        """The socket's path."""
        return str(self._path)

    def send(self, data: bytes) -> None:
        """Sends all of it. Raises OSError where the stream has ended."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Waits for bytes; none at the end of the stream."""
        return self._socket.recv(_CHUNK_BYTES)

    def close(self) -> None:
        """Ends the stream, also for a thread that waits in `receive`."""
        # One that the robot has closed cannot be shut down again.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
