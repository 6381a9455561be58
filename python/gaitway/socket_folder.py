"""A temporary folder whose sockets have a path that the system takes."""

import os
import tempfile

#: Bytes in the path of a Unix socket: `sockaddr_un` has 108, the last of them zero (unix(7)).
_MOST_PATH = 107
#: Room for what stands behind the folder for temporary files: the characters that make a name unique, two slashes, and
#: the longest path of a socket in such a folder, `follower/api.sock`, with some to spare.
_MOST_BEHIND = 8 + 2 + 24


def socket_folder(prefix: str = "gaitway-") -> "tempfile.TemporaryDirectory[str]":
    """A new folder, which is removed when its `with` ends.

    It is under /tmp where the path of the system's folder for temporary files is too long for sockets, as a test
    runner's or a build's may be.
    """
    parent = tempfile.gettempdir()
    fits = len(os.fsencode(parent)) + len(prefix) + _MOST_BEHIND <= _MOST_PATH
    return tempfile.TemporaryDirectory(prefix=prefix, dir=parent if fits else "/tmp")
