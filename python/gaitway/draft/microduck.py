"""What the microduck's exporter says in the metadata of a file: one entry of JSON."""

import json
from collections.abc import Mapping
from typing import Any

from gaitway.draft.parts import Said, SaidTerm
from gaitway.errors import PolicyError

KEY = "microduck"
_ORIGINS = {
    place: f"metadata of the microduck: {key}"
    for place, key in {
        "action.joints.name": "joint_names",
        "action.joints.default_rad": "default_joint_pos",
        "action.scale": "action_scale",
        "gains.kp": "kp_fw",
        "policy_rate_hz": "control_hz",
        "observation": "observation",
    }.items()
}


def is_of(metadata: Mapping[str, str]) -> bool:
    """Whether the metadata are of this kind."""
    return KEY in metadata


def read(metadata: Mapping[str, str]) -> Said:
    """The entry in the contract's words. Raises PolicyError for one that is damaged."""
    try:
        said: dict[str, Any] = json.loads(metadata[KEY])
        return Said(
            KEY,
            origins=dict(_ORIGINS),
            joint_names=[str(name) for name in said["joint_names"]],
            default_rad=[float(angle) for angle in said["default_joint_pos"]],
            scale=_scale(said["action_scale"]),
            kp=float(said["kp_fw"]) if "kp_fw" in said else None,
            rate_hz=int(said["control_hz"]),
            terms=_terms(said["observation"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        message = f"the metadata entry {KEY}: expected joints, pose, scale, rate and observation, found a bad {error}"
        raise PolicyError(message, hint="export the policy again, or draft without it: --from none") from error


def _terms(said: Any) -> list[SaidTerm]:
    widths = [int(width) for _, width in said]
    if not widths or min(widths) < 1:
        raise ValueError("observation")
    return [SaidTerm(str(name), width) for (name, _), width in zip(said, widths, strict=True)]


def _scale(said: Any) -> float | list[float]:
    return [float(value) for value in said] if isinstance(said, list) else float(said)
