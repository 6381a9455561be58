"""The stream to a robot over a network: TCP, encrypted, opened only by who has the pairing key."""

import contextlib
import socket
import threading
from pathlib import Path

from gaitway import _native
from gaitway.errors import DaemonError, UsageError

#: Where `gaitwayd --listen` is found unless a port is named.
DEFAULT_PORT = 9872
_LAST_PORT = 65535
_CHUNK_BYTES = 65536
#: A robot answers the call and the handshake within this time, s.
_ANSWERS_WITHIN_S = 5.0
#: What was sent and not acknowledged for so long ends the connection, ms: a robot that went out of reach says nothing.
_UNHEARD_MS = 5000


class SecureTransport:
    """A TCP connection to `gaitwayd --listen`."""

    def __init__(self, address: str, key: Path | None) -> None:
        """Opens it. `address` is HOST or HOST:PORT, `key` the file of the pairing key (default: this user's).

        Raises UsageError for what is no address or no key, DaemonError where nobody answers who has the key.
        """
        host, port = _parts(address)
        self._name = f"tcp://{address}"
        self._channel = _native.SecureChannel(Path(_native.pad_key_path()) if key is None else key)
        #: The channel counts its messages: one thread at a time.
        self._sealing = threading.Lock()
        self._socket = self._call(host, port)
        try:
            self._shake_hands()
        except BaseException:
            self._socket.close()
            raise

    @property
    def name(self) -> str:
        """Its address."""
        return self._name

    def send(self, data: bytes) -> None:
        """Sends all of it. Raises OSError where the stream has ended."""
        with self._sealing:
            sealed = self._channel.seal(data)
        self._socket.sendall(sealed)

    def receive(self) -> bytes:
        """Waits for bytes; none at the end of the stream."""
        while received := self._socket.recv(_CHUNK_BYTES):
            with self._sealing:
                content = self._channel.take(received)
            if content:
                return content
        return b""

    def close(self) -> None:
        """Ends the stream, also for a thread that waits in `receive`."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _call(self, host: str, port: int) -> socket.socket:
        try:
            line = socket.create_connection((host, port), timeout=_ANSWERS_WITHIN_S)
        except (OSError, UnicodeError) as error:
            hint = f"start it there with gaitwayd --listen 0.0.0.0:{port}, and see that both are in the same network"
            why = getattr(error, "strerror", None) or str(error)
            raise DaemonError(f"no robot answers at {self._name}: {why}", hint=hint) from error
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_MS)
        return line

    def _shake_hands(self) -> None:
        hint = "copy the robot's key file to this machine, and name it: key=PATH; gaitway pad pair makes one"
        try:
            self._socket.sendall(self._channel.first())
            while not self._channel.is_open:
                received = self._socket.recv(_CHUNK_BYTES)
                if not received:
                    raise DaemonError(
                        f"{self._name} ended the call: it has another key, or too many clients", hint=hint
                    )
                self._channel.take(received)
        except DaemonError:
            raise
        except OSError as error:
            message = f"{self._name} answered, but not as a robot does: {error.strerror or error}"
            raise DaemonError(message, hint=hint) from error
        self._socket.settimeout(None)


def _parts(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    # An IPv6 address without a port ends in a bracket.
    if not colon or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    if not host or not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise UsageError(f"expected HOST or HOST:PORT, found {address!r}", hint="as in tcp://duck.local:9872")
    return host.strip("[]"), int(port)
