"""Hands at a twin: they hold limp joints, pull and push plugs, and break things, as asked from another terminal."""

import json
import math
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway._native import TwinHost
from gaitway.errors import DaemonError, GaitwayError, UsageError
from gaitway.robot import Robot

_MAX_BYTES = 1 << 16
_PATIENCE_S = 5.0
#: Return delay and D gain of a servo as it is sold, and as it is set up: registers 7 and 22.
_AS_NEW, _AS_SET_UP = {7: 250, 22: 32}, {7: 0, 22: 0}
_NEW_ID = 1


def socket_of(link: Path) -> Path:
    """Where the hands of the twin at `link` listen."""
    return link.with_name(link.name + ".hands")


def ask(link: Path, what: Mapping[str, Any]) -> dict[str, Any]:
    """Tells the twin at `link` what to do; returns what it answers. Raises UsageError for what it refuses."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_PATIENCE_S)
        try:
            line.connect(str(socket_of(link)))
            line.sendall(json.dumps(what).encode() + b"\n")
            answer: dict[str, Any] = json.loads(_read_line(line))
        except (OSError, ValueError) as error:
            raise DaemonError(
                f"no twin at {link}: {error}", hint="start it: gaitway twin --link PATH, and name PATH with --port"
            ) from error
    if "error" in answer:
        raise UsageError(answer["error"], hint=answer["hint"])
    return answer


class Hands:
    """The hands of one twin, and the thread that listens for what they shall do."""

    def __init__(self, link: Path, host: TwinHost, robot: Robot, profile: str, *, has_fixed_base: bool = False) -> None:
        """`profile` is the robot's name, or the path of its profile from anywhere; it is told to whoever asks."""
        self._host, self._robot, self._profile = host, robot, profile
        self._has_fixed_base = has_fixed_base
        #: Angles at which joints are held while they are limp, rad, by their index. Replaced whole.
        self.held_rad: dict[int, float] = {}
        #: How far down they hold the nose of a robot that hangs, rad.
        self.nose_down_rad = 0.0
        #: False once it was set down: its nose is nobody's then.
        self.hangs = True
        self._is_to_lift = False
        self._path = socket_of(link)
        # The link is this twin's, so a socket beside it is left over from one that was killed.
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self._path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._listen, name="hands", daemon=True)
        self._thread.start()

    def takes_up(self) -> bool:
        """True once for every time that somebody asked to have the robot taken up."""
        is_to_lift, self._is_to_lift = self._is_to_lift, False
        return is_to_lift

    def close(self) -> None:
        """Nobody listens any more."""
        self._path.unlink(missing_ok=True)
        # Ends the wait for somebody who asks.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line:
                line.settimeout(_PATIENCE_S)
                try:
                    line.sendall(json.dumps(self._answer(_read_line(line))).encode() + b"\n")
                except OSError:
                    continue

    def _answer(self, text: bytes) -> dict[str, Any]:
        try:
            return self._do(json.loads(text))
        except GaitwayError as error:
            return {"error": error.message, "hint": error.hint}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return {
                "error": f"not understood: {error}",
                "hint": "use gaitway twin hold, release, lift, tip, plug or fault",
            }

    def _do(self, what: dict[str, Any]) -> dict[str, Any]:
        names = self._robot.joint_names
        if "robot" in what:
            return {"robot": self._robot.name, "profile": self._profile}
        if "hold" in what:
            self.held_rad = self.held_rad | {self._index(joint): float(rad) for joint, rad in what["hold"].items()}
        elif "release" in what:
            free = {self._index(joint) for joint in what["release"] or names}
            self.held_rad = {joint: rad for joint, rad in self.held_rad.items() if joint not in free}
        elif "lift" in what:
            self._check_trunk("lift")
            self._is_to_lift = True
        elif "tip" in what:
            self._tip(float(what["tip"]))
        elif "plug" in what:
            self._plug([names[self._index(joint)] for joint in what["plug"] or names], as_new=bool(what["new"]))
        else:
            for fault in what["fault"]:
                self._host.inject(str(fault))
        return {"held_rad": {names[joint]: rad for joint, rad in sorted(self.held_rad.items())}}

    def _index(self, joint: str) -> int:
        names = self._robot.joint_names
        if joint not in names:
            raise UsageError(f"no joint is called {joint!r}", hint=f"{self._robot.name} has {', '.join(names)}")
        return names.index(joint)

    def _check_trunk(self, act: str) -> None:
        """Refuses to take up what is fixed to the ground."""
        if self._has_fixed_base:
            message = f"{self._robot.name}: expected a trunk that hands can {act}, found a fixed base"
            raise UsageError(message, hint="hold, release, plug and fault act on it: gaitway twin --help")

    def _tip(self, nose_down_deg: float) -> None:
        self._check_trunk("tip")
        if not self.hangs:
            raise UsageError("the twin stands or lies on the floor", hint="gaitway twin lift")
        if not math.isfinite(nose_down_deg):
            raise UsageError(f"tip: expected an angle in degrees, found {nose_down_deg}", hint="0 is upright")
        self.nose_down_rad = math.radians(nose_down_deg)

    def _plug(self, plugged: list[str], *, as_new: bool) -> None:
        """These servos are on the bus and no other: as they were sold, or as they are set up for their joints."""
        for joint, servo_id in zip(self._robot.joint_names, self._robot.native.servo_ids, strict=True):
            if joint not in plugged:
                self._host.inject(f"silent servo={joint} later=answer")
                continue
            self._host.inject(f"speaks servo={joint}")
            self._host.inject(f"set-id servo={joint} id={_NEW_ID if as_new else servo_id}")
            for register, value in (_AS_NEW if as_new else _AS_SET_UP).items():
                self._host.inject(f"setting servo={joint} register={register} value={value}")


def _read_line(line: socket.socket) -> bytes:
    """What somebody says, up to the end of the line."""
    said = b""
    while not said.endswith(b"\n"):
        chunk = line.recv(4096)
        if not chunk or len(said) > _MAX_BYTES:
            raise OSError("it hung up in the middle of a line")
        said += chunk
    return said
