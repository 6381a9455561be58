"""`TwinRobot`: an emulated robot under gaitwayd that a program has for itself."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway import errors
from gaitway.api.connected import ConnectedRobot
from gaitway.api.connection import Connection
from gaitway.errors import DaemonError, GaitwayError, UsageError

#: It ends by itself within this time, s: gaitwayd has 15 s to go limp.
_ENDS_WITHIN_S = 20.0
_PACKAGES = Path(__file__).resolve().parents[2]


class TwinProcess:
    """The process of the twin, from its start to its end. See `gaitway.api.twin_host`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Starts it, and waits until gaitwayd serves its local API. Raises what kept it from that."""
        if sys.platform != "linux":
            raise UsageError("the twin needs Linux's pseudo-terminals", hint='run it on Linux, or use "sim:"')
        # The same package as here, wherever the program that imports it was started.
        packages = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gaitway.api.twin_host", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": packages},
            # Ctrl-C in the terminal is for the program that steers: it may want the robot to stand before the end.
            start_new_session=True,
        )
        #: What truly happened to the robot, once it has ended: distance, falls and more.
        self.figures: dict[str, Any] | None = None
        try:
            #: The socket of its local API.
            self.socket = Path(self._hear()["socket"])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends gaitwayd, limp, and the twin."""
        assert self._process.stdin is not None and self._process.stdout is not None
        if self._process.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            with contextlib.suppress(GaitwayError):
                self.figures = self._hear().get("figures")
            self._process.wait(_ENDS_WITHIN_S)
        except BaseException:
            # gaitwayd ends, limp, where the twin dies.
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process.stdout.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"the twin ended before it was up, with exit code {self._process.wait()}"
            raise DaemonError(message, hint="what it said stands above")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            kind = getattr(errors, said["error"], DaemonError)
            raise kind(said["message"], hint=said["hint"])
        return said


class TwinRobot(ConnectedRobot):
    """An emulated robot under a gaitwayd of its own, both of which end with `close`.

    It hangs on a stand and is set down once its servos hold it; one that has lain for 2 s is hung up again.
    """

    def __init__(self, process: TwinProcess, *, client: str, source: str = "network") -> None:
        self._twin = process
        try:
            super().__init__(lambda: Connection(process.socket, client=client), source)
        except BaseException:
            process.close()
            raise

    @property
    def socket(self) -> Path:
        """Socket of the local API, for other clients: `gaitway top --socket`."""
        return self._twin.socket

    @property
    def figures(self) -> dict[str, Any] | None:
        """What truly happened to the robot: `distance_m`, `falls`, `velocity_mps` and more; None until `close`."""
        return self._twin.figures

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._twin.close()
