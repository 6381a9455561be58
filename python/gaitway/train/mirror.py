"""Left and right: what an observation and an action become in a mirror, from the contract alone."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.contract import Contract
from gaitway.errors import TrainingError


@dataclass(frozen=True)
class Mirror:
    """A mirrored row is `sign * row[order]`."""

    order: NDArray[np.int64]
    sign: NDArray[np.float32]

    def even(self) -> NDArray[np.float32]:
        """Orthonormal basis [e, n] of the rows the mirror leaves as they are."""
        return self._basis(+1.0)

    def odd(self) -> NDArray[np.float32]:
        """Orthonormal basis [o, n] of the rows the mirror turns into their negative."""
        return self._basis(-1.0)

    def _basis(self, parity: float) -> NDArray[np.float32]:
        rows = []
        for index, (other, sign) in enumerate(zip(self.order, self.sign, strict=True)):
            row = np.zeros(len(self.order), dtype=np.float32)
            if other == index and sign == parity:
                row[index] = 1.0
            elif other > index:
                row[index], row[other] = np.sqrt(0.5), parity * sign * np.sqrt(0.5)
            else:
                continue
            rows.append(row)
        return np.array(rows, dtype=np.float32).reshape(-1, len(self.order))


#: Signs of vectors and commands in a mirror whose plane is the robot's x and z.
_POLAR, _AXIAL = (1, -1, 1), (-1, 1, -1)
_COMMAND = {"vx": 1, "vy": -1, "wz": -1, "neck_pitch": 1, "head_pitch": 1, "head_yaw": -1, "head_roll": -1}


def joints_mirror(names: list[str], default_pose_rad: list[float]) -> Mirror:
    """Of a row with one number for each joint.

    A pair `left_…`, `right_…` keeps its sign where the two are mounted alike: yaw and roll turn over, and where the
    default pose is the negative of the other side's, the axis does too.
    """
    order = np.arange(len(names))
    sign = np.ones(len(names), dtype=np.float32)
    for index, name in enumerate(names):
        other = _other_side(name)
        if other in names:
            order[index] = names.index(other)
            here, there = default_pose_rad[index], default_pose_rad[order[index]]
            is_opposite = here * there < 0 and abs(here) > 0.1
            sign[index] = -1.0 if is_opposite or name.endswith(("_yaw", "_roll")) else 1.0
        elif name.endswith(("_yaw", "_roll")):
            sign[index] = -1.0
    return Mirror(order, sign)


def _other_side(name: str) -> str:
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    return "left_" + name.removeprefix("right_") if name.startswith("right_") else ""


def observation_mirror(contract: Contract) -> Mirror:
    """Of an observation. Raises TrainingError for a term nobody has said what becomes of it."""
    description = json.loads(contract.to_json())
    joints = action_mirror(contract)
    mirrors = [_term(term, joints, description["command"]) for term in description["observation"]]
    starts = np.cumsum([0, *(len(mirror.sign) for mirror in mirrors)])
    order = np.concatenate([mirror.order + start for mirror, start in zip(mirrors, starts, strict=False)])
    return Mirror(order, np.concatenate([mirror.sign for mirror in mirrors]))


def action_mirror(contract: Contract) -> Mirror:
    """Of an action."""
    joints = json.loads(contract.to_json())["action"]["joints"]
    return joints_mirror([joint["name"] for joint in joints], [joint["default_rad"] for joint in joints])


def rows_mirror(*parts: Mirror) -> Mirror:
    """Of rows one behind the other."""
    starts = np.cumsum([0, *(len(part.sign) for part in parts)])
    order = np.concatenate([part.order + start for part, start in zip(parts, starts, strict=False)])
    return Mirror(order, np.concatenate([part.sign for part in parts]))


def signs(*values: int) -> Mirror:
    """Of a row whose numbers keep their places."""
    return Mirror(np.arange(len(values)), np.array(values, dtype=np.float32))


def sides() -> Mirror:
    """Of a pair, left then right."""
    return Mirror(np.array([1, 0]), np.ones(2, dtype=np.float32))


def _term(term: dict[str, object], joints: Mirror, commands: list[dict[str, object]]) -> Mirror:
    source, width = str(term["source"]), int(str(term["width"]))
    if source in ("joint_position", "joint_velocity", "action", "target"):
        return rows_mirror(*[joints] * (width // len(joints.sign)))
    one = {
        "gyro": signs(*_AXIAL),
        "accelerometer": signs(*_POLAR),
        "projected_gravity": signs(*_POLAR),
        "command": signs(*(_COMMAND[str(entry["axis"])] for entry in commands)),
        "foot_contact": sides(),
        # Half a gait later it is the other leg's turn.
        "phase": signs(-1, -1),
    }.get(source)
    if one is None or width % len(one.sign):
        raise TrainingError(
            f"observation term {term['name']}: nobody has said what a {source} of width {width} is in a mirror",
            hint="add it to gaitway/train/mirror.py, or train with a contract without it",
        )
    return rows_mirror(*[one] * (width // len(one.sign)))
