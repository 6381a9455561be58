"""What mjlab's exporter says in the metadata of a file: lists with commas, three decimals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gaitway.draft import isaaclab
from gaitway.draft.parts import Said, SaidTerm
from gaitway.draft.sidecars import Sidecars
from gaitway.onnx_metadata import metadata_warnings

if TYPE_CHECKING:
    from gaitway.robot import Robot

_FROM = "metadata of mjlab: "


def is_of(metadata: Mapping[str, str]) -> bool:
    """Whether the metadata are of this kind."""
    return "observation_names" in metadata and "joint_names" in metadata


def read(metadata: Mapping[str, str], action_len: int, sidecars: Sidecars, robot: "Robot") -> Said:
    """Metadata and configuration in the contract's words; the metadata come first, for they lie in the file."""
    beside = isaaclab.read(sidecars, robot, "mjlab") if isaaclab.is_of(sidecars) else None
    if not is_of(metadata):
        return beside or Said("mjlab")
    said = _of_metadata(metadata, action_len)
    if beside is None or beside.terms is None:
        said.warnings.append(
            "mjlab exports no scales and no clips of observations: compare with the training's env.yaml, or give it as "
            "--sidecar"
        )
    return said if beside is None else said.completed_by(beside)


def _of_metadata(metadata: Mapping[str, str], action_len: int) -> Said:
    scale = _numbers(metadata.get("action_scale"))
    said = Said(
        "mjlab",
        joint_names=_words(metadata["joint_names"]),
        default_rad=_numbers(metadata.get("default_joint_pos")),
        scale=scale[0] if scale is not None and len(scale) == 1 else scale,
        terms=[SaidTerm(name) for name in _words(metadata["observation_names"])],
        source=metadata.get("run_path"),
        warnings=metadata_warnings(metadata, action_len),
    )
    said.origins = {
        "action.joints.name": f"{_FROM}joint_names",
        "action.joints.default_rad": f"{_FROM}default_joint_pos, three decimals",
        "action.scale": f"{_FROM}action_scale, three decimals",
        "observation": f"{_FROM}observation_names",
        "provenance.source": f"{_FROM}run_path",
    }
    # Gains that were not exported are no gains.
    if not any("not exported" in warning for warning in said.warnings):
        said.stiffness, said.damping = (
            _numbers(metadata.get("joint_stiffness")),
            _numbers(metadata.get("joint_damping")),
        )
        said.origins |= {"gains.kp": f"{_FROM}joint_stiffness", "gains.kd": f"{_FROM}joint_damping"}
    return said


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if not text else [float(word) for word in text.split(",")]
    except ValueError:
        return None
