"""`Daemon`: gaitwayd as a process of its own, its log read while it runs."""

import json
import os
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gaitway.errors import DaemonError, UsageError
from gaitway.signals import bound_to_this_process

_CHECKOUT_BINARY = Path(__file__).resolve().parents[3] / "target" / "release" / "gaitwayd"


def find_daemon() -> Path:
    """The binary: `GAITWAYD` names it, else this checkout has built it, else it is beside this Python's own programs,
    where the wheel puts it, or on the path."""
    named = os.environ.get("GAITWAYD")
    if named:
        if not os.access(named, os.X_OK) or not Path(named).is_file():
            raise UsageError(f"GAITWAYD: expected a program, found {named!r}", hint="name the binary, or unset it")
        return Path(named)
    # The checkout's own goes first: another one may be of another version.
    if _CHECKOUT_BINARY.is_file():
        return _CHECKOUT_BINARY
    beside = shutil.which("gaitwayd", path=sysconfig.get_path("scripts"))
    installed = beside or shutil.which("gaitwayd")
    if installed is None:
        hint = "build it in the checkout: cargo build --release -p gaitwayd; or name it in GAITWAYD"
        raise DaemonError(f"no gaitwayd: neither on the path nor as {_CHECKOUT_BINARY}", hint=hint)
    return Path(installed)


class Daemon:
    """gaitwayd, from its start to its end; closing it kills one that has not ended by itself.

    When this process dies, however it does, gaitwayd is sent SIGTERM: it goes limp softly and ends. Start it from the
    main thread, whose end counts as that of the process.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        at_home: bool = False,
        has_terminal: bool = False,
    ) -> None:
        """`folder` takes its figures. `at_home` is for a real robot: the configuration at home counts. With
        `has_terminal` it reads the keys of this process's terminal, the emergency stop among them."""
        #: What it has said, the parsed lines of its log.
        self.events: list[dict[str, Any]] = []
        #: What it is doing: a state of the supervisor.
        self.state = "off"
        #: Where its local API is; None before it says so, and where it could serve none.
        self.api_socket: Path | None = None
        #: Why it serves none, where it could not.
        self.api_failure: str | None = None
        self._stats = folder / "gaitwayd.json"
        self._errors = folder / "gaitwayd.err"
        self._unread = b""
        command = [find_daemon(), *arguments, "--stats-json", self._stats]
        home = {} if at_home else {"HOME": str(folder)}
        if not at_home and "--config" not in arguments:
            # Only what the command line names counts here, not a configuration at home.
            command.append("--no-config")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=None if has_terminal else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | home | dict(environment or {}),
                preexec_fn=bound_to_this_process(),
            )
        assert self._process.stdout is not None
        self._log = self._process.stdout
        # Read between two steps of the physics, which must not wait for it.
        os.set_blocking(self._log.fileno(), False)

    def is_running(self) -> bool:
        """True until it has ended; reads what it has said meanwhile."""
        has_ended = self._process.poll() is not None
        self._read()
        return not has_ended

    def signal(self, number: int = signal.SIGINT) -> None:
        """Hands on a signal: the first asks it to end softly, a later one at once."""
        self._process.send_signal(number)

    def result(self) -> dict[str, Any]:
        """Its statistics, once it has ended. Raises what it said where it ended badly."""
        code = self._process.wait()
        self._read()
        if code != 0:
            raise self._error(code)
        statistics: dict[str, Any] = json.loads(self._stats.read_text())
        return statistics

    def close(self) -> None:
        """Kills it where it still runs; its guard cuts the torque."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _read(self) -> None:
        # Bytes, because a line may come in two parts.
        while chunk := self._log.read(65536):
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                event = json.loads(line)
                self.events.append(event)
                if event["event"] == "state":
                    self.state = event["to"]
                elif event["event"] == "local API":
                    self.api_socket = Path(event["socket"])
                elif event["event"] == "no local API":
                    self.api_failure = str(event["why"])

    def _error(self, code: int) -> DaemonError | UsageError:
        said = self._errors.read_text(errors="replace").strip()
        message, _, hint = said.partition("\n  hint: ")
        if code < 0:
            name = signal.Signals(-code).name
            return DaemonError(f"gaitwayd was ended by {name}", hint=hint or "something killed it: try again")
        kind = UsageError if code == 2 else DaemonError
        return kind(message or f"gaitwayd ended with {code}", hint=hint or "its log may tell more")
