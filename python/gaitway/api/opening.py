"""`gaitway.connect`: opens the robot that is named."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from gaitway.api.address import transport_to
from gaitway.api.base import RobotConnection
from gaitway.api.connected import ConnectedRobot
from gaitway.api.connection import Connection
from gaitway.api.simulated import SimulatedRobot
from gaitway.api.twin import TwinProcess, TwinRobot
from gaitway.errors import UsageError
from gaitway.printable import printable
from gaitway.robot import Robot
from gaitway.robots import DEFAULT_ROBOT

if TYPE_CHECKING:
    from gaitway.sim import World

_SCHEMES = {
    "sim": "physics alone",
    "twin": "an emulated robot under gaitwayd",
    "tcp": "a robot elsewhere",
}
#: Which options mean something where; the rest is refused.
_OPTIONS = {
    "socket": {"client", "source"},
    "tcp": {"client", "source", "key"},
    "twin": {"client", "source", "policy", "config", "seed", "record"},
    "sim": {"policy", "config", "seed", "world", "fast"},
}


@overload
def connect(where: Path | None = None, *, client: str | None = ..., source: str = ...) -> ConnectedRobot: ...


@overload
def connect(
    where: Literal["twin:"],
    *,
    client: str | None = ...,
    source: str = ...,
    policy: str | Path | None = ...,
    config: Path | None = ...,
    seed: int = ...,
    record: Path | None = ...,
) -> TwinRobot: ...


@overload
def connect(
    where: Literal["sim:"],
    *,
    policy: str | Path | None = ...,
    config: Path | None = ...,
    seed: int = ...,
    world: "World | None" = ...,
    fast: bool = ...,
) -> SimulatedRobot: ...


@overload
def connect(where: str, **options: Any) -> RobotConnection: ...


def connect(where: str | Path | None = None, **options: Any) -> RobotConnection:
    """A robot in a program's hands.

        with gaitway.connect() as robot:
            robot.walk(vx=0.1, seconds=3)

    | `where` | robot |
    |---|---|
    | none, or a path | runs under `gaitwayd` on this machine; the path is the socket of its local API |
    | `"tcp://duck.local"`, `"tcp://duck.local:9872"` | runs under `gaitwayd --listen` on another machine |
    | `"twin:"`, `"twin:so101"` | emulated servos and IMU under a `gaitwayd` of its own, in real time |
    | `"sim:"`, `"sim:so101"` | physics and controller alone, in this process |

    A robot behind `twin:` or `sim:` is named as for `Robot.load`, the default robot where no name is given; it ends
    with the connection. The options, keyword-only:

    - `client`: name that others are told while this program has control; the program's own by default. `source`: whom
      commands are given for, "network" (a person's program) or "agent", which is weaker. Not for `sim:`.
    - `key`: file of the pairing key that `gaitway pad pair` makes, this user's own by default. For `tcp:`.
    - `policy`: name of a policy of the robot's, or an ONNX file; the robot's own by default. `config`: a
      `duck_config.json`. `seed`: of everything that is by chance. For `twin:` and `sim:`.
    - `record`: folder of gaitwayd's recordings, its usual one by default. For `twin:`.
    - `fast`: time passes only while the program waits for it, as fast as it can be computed, the same each time.
      `world`: a `gaitway.sim.World` of noise, pushes and so on. For `sim:`.

    Raises DaemonError where no robot answers, UsageError for an unknown scheme, robot or option.
    """
    return connect_any(where, **options)


def connect_any(where: str | Path | None, **options: Any) -> RobotConnection:
    """`connect`, whose type says nothing of which robot comes."""
    scheme, rest = _split(where)
    _check(scheme, options)
    if scheme == "sim":
        return _simulate(rest, **options)
    if scheme == "twin":
        return _start_twin(rest, **options)
    return _call(where, **options)


def _split(where: str | Path | None) -> tuple[str, str]:
    """Scheme, and the robot behind it; the path of a socket has none."""
    if not isinstance(where, str):
        return "socket", ""
    named = re.fullmatch(r"([A-Za-z][A-Za-z0-9+]*):(.*)", where, re.DOTALL)
    if named is None:
        return "socket", where
    scheme, rest = named.groups()
    if scheme not in _SCHEMES:
        known = ", ".join(f'"{name}:" ({what})' for name, what in _SCHEMES.items())
        message = f"expected the path of a socket, {known}; found {printable(where)!r}"
        raise UsageError(message, hint='as in connect(), connect("/run/gaitway.sock") or connect("twin:so101")')
    return scheme, rest or DEFAULT_ROBOT


def _check(scheme: str, options: dict[str, Any]) -> None:
    for name in options:
        if name not in _OPTIONS[scheme]:
            kind = "a running robot" if scheme == "socket" else f"{scheme}:"
            fitting = ", ".join(sorted(other for other in _OPTIONS if name in _OPTIONS[other])) or "none"
            raise UsageError(
                f"{name}: expected an option of {kind} ({', '.join(sorted(_OPTIONS[scheme]))})",
                hint=f"connections that have it: {fitting}",
            )


def _call(
    where: str | Path | None, client: str | None = None, source: str = "network", key: str | Path | None = None
) -> ConnectedRobot:
    client, path = client or _program(), None if key is None else Path(key)
    return ConnectedRobot(lambda: Connection(transport_to(where, path), client=client), source)


def _start_twin(
    named: str,
    *,
    client: str | None = None,
    source: str = "network",
    policy: str | Path | None = None,
    config: Path | None = None,
    seed: int = 0,
    record: Path | None = None,
) -> TwinRobot:
    from gaitway import _native

    robot = Robot.load(named, config=config)
    if record is not None and Path(record).exists() and not Path(record).is_dir():
        raise UsageError(f"record: expected a folder, found the file {record}", hint="name a folder")
    profile = robot.folder / "profile.toml" if named in Robot.names() else Path(named).absolute()
    arguments = ["--robot", profile, "--record", Path(record).absolute() if record else _native.recordings_folder()]
    if policy is not None or robot.policy_set is None:
        arguments += ["--policy", robot.policy_file(policy or "walk").absolute()]
    elif not robot.is_carried:
        arguments += ["--policy", robot.policy_set.absolute()]
    if config is not None:
        arguments += ["--config", Path(config).absolute()]
    settings = {
        "robot": str(profile),
        "config": None if config is None else str(Path(config).absolute()),
        "seed": seed,
        "arguments": [str(argument) for argument in arguments],
    }
    return TwinRobot(TwinProcess(settings), client=client or _program(), source=source)


def _simulate(
    named: str,
    *,
    policy: str | Path | None = None,
    config: Path | None = None,
    seed: int = 0,
    world: "World | None" = None,
    fast: bool = False,
) -> SimulatedRobot:
    return SimulatedRobot(Robot.load(named, config=config), policy=policy, seed=seed, world=world, fast=fast)


def _program() -> str:
    """Name of this program, by which a person finds it among the processes."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return f"{printable(name)[:40]} (process {os.getpid()})"
