"""What mjlab's exporter says in the metadata of a file: lists with commas, three decimals."""

from collections.abc import Mapping

from gaitway.draft.parts import Said
from gaitway.onnx_metadata import metadata_warnings


def is_of(metadata: Mapping[str, str]) -> bool:
    """Whether the metadata are of this kind."""
    return "observation_names" in metadata and "joint_names" in metadata


def read(metadata: Mapping[str, str], action_len: int) -> Said:
    """The metadata in the contract's words."""
    scale = _numbers(metadata.get("action_scale"))
    said = Said(
        "mjlab",
        joint_names=_words(metadata["joint_names"]),
        default_rad=_numbers(metadata.get("default_joint_pos")),
        scale=scale[0] if scale is not None and len(scale) == 1 else scale,
        terms=[(name, None) for name in _words(metadata["observation_names"])],
        source=metadata.get("run_path"),
        warnings=metadata_warnings(metadata, action_len),
    )
    # Gains that were not exported are no gains.
    if not any("not exported" in warning for warning in said.warnings):
        said.stiffness, said.damping = (
            _numbers(metadata.get("joint_stiffness")),
            _numbers(metadata.get("joint_damping")),
        )
    said.warnings.append("mjlab exports no scales and no clips of observations: compare with the training's env.yaml")
    return said


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if not text else [float(word) for word in text.split(",")]
    except ValueError:
        return None
