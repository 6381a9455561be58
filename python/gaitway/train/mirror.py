"""Left and right: what an observation and an action become in a mirror, by the names of contract and robot."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitway.contract import Contract
from gaitway.errors import TrainingError
from gaitway.sim.description import Description, Mirrored, MirrorNames


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


#: Signs of vectors in a mirror whose plane is the robot's x and z.
_POLAR, _AXIAL = (1, -1, 1), (-1, 1, -1)


def names_mirror(names: Sequence[str], known: Mirrored, what: str) -> Mirror:
    """Of a row with one number for each name. Raises TrainingError for one that the mirror does not know."""
    order, sign = [], []
    for name in names:
        other, its_sign = known.get(name, ("", 1))
        if other not in names:
            raise TrainingError(
                f"simulation.toml: mirror.{what}: expected what {name} becomes, found {other or 'nothing'}",
                hint=f'name it: {name} = "+other", or "-{name}" where it turns over',
            )
        order.append(names.index(other))
        sign.append(its_sign)
    return Mirror(np.array(order, dtype=np.int64), np.array(sign, dtype=np.float32))


def _names(description: Description) -> MirrorNames:
    if description.mirror is None:
        raise TrainingError(
            "simulation.toml: expected a [mirror], found none", hint="the trainer learns both sides of a robot at once"
        )
    return description.mirror


def observation_mirror(contract: Contract, description: Description) -> Mirror:
    """Of an observation. Raises TrainingError for a term nobody has said what becomes of it."""
    content = json.loads(contract.to_json())
    joints, contacts = action_mirror(contract, description), contacts_mirror(description)
    axes = [entry["axis"] for entry in content["command"]]
    commands = names_mirror(axes, _names(description).commands, "commands")
    return rows_mirror(*(_term(term, joints, commands, contacts) for term in content["observation"]))


def action_mirror(contract: Contract, description: Description) -> Mirror:
    """Of an action, or of any row with one number for each of the policy's joints."""
    joints = json.loads(contract.to_json())["action"]["joints"]
    return names_mirror([joint["name"] for joint in joints], _names(description).joints, "joints")


def contacts_mirror(description: Description) -> Mirror:
    """Of a row with one number for each contact."""
    return names_mirror([contact.name for contact in description.contacts], _names(description).contacts, "contacts")


def rows_mirror(*parts: Mirror) -> Mirror:
    """Of rows one behind the other."""
    starts = np.cumsum([0, *(len(part.sign) for part in parts)])
    order = np.concatenate([part.order + start for part, start in zip(parts, starts, strict=False)])
    return Mirror(order, np.concatenate([part.sign for part in parts]))


def signs(*values: int) -> Mirror:
    """Of a row whose numbers keep their places."""
    return Mirror(np.arange(len(values)), np.array(values, dtype=np.float32))


def _term(term: dict[str, object], joints: Mirror, commands: Mirror, contacts: Mirror) -> Mirror:
    source, width = str(term["source"]), int(str(term["width"]))
    if source in ("joint_position", "joint_velocity", "action", "target"):
        return rows_mirror(*[joints] * (width // len(joints.sign)))
    one = {
        "gyro": signs(*_AXIAL),
        "accelerometer": signs(*_POLAR),
        "projected_gravity": signs(*_POLAR),
        "command": commands,
        "foot_contact": contacts,
        # Half a gait later it is the other leg's turn.
        "phase": signs(-1, -1),
    }.get(source)
    if one is None or not len(one.sign) or width % len(one.sign):
        raise TrainingError(
            f"observation term {term['name']}: nobody has said what a {source} of width {width} is in a mirror",
            hint="add it to gaitway/train/mirror.py, or train with a contract without it",
        )
    return rows_mirror(*[one] * (width // len(one.sign)))
