"""From an ONNX file, a robot and what lies beside the file to a contract with open questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gaitway import _native
from gaitway.draft import isaaclab, legged_gym, microduck, mjlab, playground, suspicious
from gaitway.draft.assembly import assembled
from gaitway.draft.parts import Network, Said, questions
from gaitway.draft.sidecars import Sidecars
from gaitway.errors import PolicyError, UsageError
from gaitway.onnx_metadata import row_length

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: Whose words are understood; `none` leaves them out.
KINDS = ("mjlab", "isaaclab", "legged_gym", "playground", "microduck", "none")


@dataclass(frozen=True)
class Question:
    """What the files do not say: the place in the contract, and what to fill in there."""

    path: str
    text: str


@dataclass(frozen=True)
class Draft:
    """A contract with open questions."""

    contract: dict[str, Any]
    #: Whose words were read.
    kind: str
    warnings: list[str]
    #: Where a value is from, by its place in the contract.
    origins: dict[str, str]

    @property
    def questions(self) -> list[Question]:
        """What is left to fill in."""
        return [Question(path, text) for path, text in questions(self.contract)]


def draft(
    data: bytes,
    robot: "Robot",
    *,
    name: str,
    kind: str | None = None,
    output: str | None = None,
    sidecars: Sidecars | None = None,
) -> Draft:
    """The contract of the ONNX file `data` for `robot`, as far as the file and its sidecars say it.

    `kind` is found where left out. Raises PolicyError for a file that is no policy of this robot, or has an observation
    that no robot can sense.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"from: expected one of {', '.join(KINDS)}, found {kind!r}", hint="or leave it out")
    survey = _native.survey(data, output)
    network = _network(data, survey, output)
    said = _said(survey["metadata"], kind, network, sidecars or Sidecars(), robot)
    contract, warnings = assembled(said, network, robot, name)
    warnings += suspicious.warnings(contract, said, network, robot)
    asked = {path for path, _ in questions(contract)}
    origins = {path: origin for path, origin in said.origins.items() if path not in asked}
    return Draft(contract, said.kind, warnings, origins)


def _network(data: bytes, survey: "_native.Survey", output: str | None) -> Network:
    """As the native engine has it, or as the file declares it where an operator is onnxruntime's alone."""
    try:
        plan = _native.Network(data, output)
    except PolicyError:
        declared = _declared(survey, output)
        if declared is None:
            raise
        return declared
    for what, ports in (("input", plan.inputs), ("output", plan.outputs)):
        if len(ports) != 1:
            names = ", ".join(port for port, _ in ports)
            hint = "name the action's output: --action; of several inputs write the contract by hand"
            raise PolicyError(f"expected one {what}, found {len(ports)}: {names}", hint=hint)
    ((observed, _),), ((acted, _),) = plan.inputs, plan.outputs
    return Network(observed, acted, plan.input_len, plan.output_len, survey["operators"])


def _declared(survey: "_native.Survey", output: str | None) -> Network | None:
    inputs, outputs = survey["inputs"], [port for port in survey["outputs"] if output in (None, port["name"])]
    if len(inputs) != 1 or len(outputs) != 1:
        return None
    observation_len, action_len = (row_length(port["shape"]) for port in (*inputs, *outputs))
    if observation_len is None or action_len is None:
        return None
    return Network(inputs[0]["name"], outputs[0]["name"], observation_len, action_len, survey["operators"])


def _said(metadata: Mapping[str, str], kind: str | None, network: Network, sidecars: Sidecars, robot: "Robot") -> Said:
    is_there = {
        "microduck": microduck.is_of(metadata),
        "mjlab": mjlab.is_of(metadata),
        "isaaclab": isaaclab.is_of(sidecars),
        "legged_gym": legged_gym.is_of(sidecars),
    }
    kind = kind or next((known for known, there in is_there.items() if there), "none")
    if kind == "microduck" and is_there[kind]:
        return microduck.read(metadata)
    if kind == "mjlab" and (is_there[kind] or is_there["isaaclab"]):
        # Its deployments write the same files beside a policy as those of Isaac Lab.
        return mjlab.read(metadata, network.action_len, sidecars, robot)
    if kind == "isaaclab" and is_there[kind]:
        return isaaclab.read(sidecars, robot)
    if kind == "legged_gym":
        return legged_gym.read(network, sidecars, robot)
    if kind == "playground":
        return playground.read(network, robot)
    if kind == "none":
        return Said("none")
    found = ", ".join([*sorted(metadata), *sidecars.kinds]) or "no metadata, and no sidecar"
    hint = "leave --from out" if kind == "microduck" else "name its deploy.yaml or env.yaml with --sidecar"
    raise PolicyError(f"expected metadata or sidecars of {kind}, found {found}", hint=hint)
