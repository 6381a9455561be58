"""What `gaitway top` shows: a running robot, ten times a second."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaitway.api.connection import Connection
from gaitway.api.state import checked
from gaitway.errors import DaemonError

_RATE_HZ = 10.0


def follow(path: Path) -> Iterator[dict[str, Any]]:
    """The robot's title, status and joints in one row, again and again, until it ends.

    Raises DaemonError where nobody is there, and for messages that lack something.
    """
    connection = Connection(path, client="gaitway top")
    try:
        connection.request("subscribe", topics=["status", "joints"], rate_hz=_RATE_HZ)
        seen = 0
        while True:
            try:
                seen, joints = connection.newest("joints", after=seen)
                _, status = connection.newest("status")
            except DaemonError:
                if connection.has_ended:
                    return
                raise
            yield checked(connection.hello, status, joints)
    finally:
        connection.close()
