"""What exporters write into an ONNX file beside its network, and what of it is not to be believed."""

from collections.abc import Mapping, Sequence

#: Lists with an entry for each joint.
_OF_JOINTS = ("joint_names", "joint_stiffness", "joint_damping", "default_joint_pos")
_NOT_EXPORTED = "as of an actuator whose gains were not exported: take them from the configuration of the training"


def row_length(shape: str) -> int | None:
    """Numbers in a row whose shape reads `[batch, 14]`; None where the file does not say it."""
    last = shape.strip("[]").rpartition(",")[2].strip()
    return int(last) if last.isdecimal() else None


def gain_warnings(stiffness: Sequence[float], damping: Sequence[float]) -> list[str]:
    """Gains that no training has: exporters write them where they cannot see the real ones."""
    found = []
    if stiffness and all(value == 1.0 for value in stiffness):
        found.append(f"the stiffness of every joint is 1.000, {_NOT_EXPORTED}")
    if stiffness and damping and all(value == 0.0 for value in damping):
        found.append(f"the damping of every joint is 0 or −0, {_NOT_EXPORTED}")
    return found


def metadata_warnings(metadata: Mapping[str, str], actions: int | None) -> list[str]:
    """What is suspicious in the metadata of a file whose output has `actions` numbers, where that is known."""
    lists = {key: metadata[key].split(",") for key in _OF_JOINTS if metadata.get(key)}
    found = gain_warnings(_numbers(lists.get("joint_stiffness")), _numbers(lists.get("joint_damping")))
    for key, entries in lists.items():
        if actions is not None and len(entries) != actions:
            message = f"{key} has {len(entries)} entries, the action {actions} numbers"
            found.append(f"{message}: some of these joints are not driven, find out which")
    return found


def _numbers(entries: Sequence[str] | None) -> list[float]:
    """The entries, where all of them are numbers."""
    try:
        return [float(entry) for entry in entries or ()]
    except ValueError:
        return []
