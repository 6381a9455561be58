"""Where a running robot is: at a socket of this machine, or at `tcp://HOST` with its pairing key."""

from pathlib import Path

from gaitway.api.connection import default_socket
from gaitway.api.secure_tcp import SecureTransport
from gaitway.api.transport import Transport, UnixTransport

_TCP = "tcp:"


def is_elsewhere(address: str) -> bool:
    """Whether the address is one of another machine, and no path."""
    return address.startswith(_TCP)


def transport_to(where: Path | str | None = None, key: Path | None = None) -> Transport:
    """An open stream to the robot: at a socket (default: the usual one), or at `tcp://HOST` or `tcp://HOST:PORT`.

    `key` is the file of the pairing key for tcp (default: this user's). Raises DaemonError where no robot answers,
    UsageError for an address that is none and a file that is no key.
    """
    if isinstance(where, str) and is_elsewhere(where):
        return SecureTransport(where.removeprefix(_TCP).removeprefix("//").rstrip("/"), key)
    return UnixTransport(default_socket() if where is None else Path(where))
