"""`OnnxSession`: a policy's network, run by onnxruntime."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from gaitway import extras
from gaitway.contract import Contract
from gaitway.errors import PolicyError

_NAME_ALL = "name every input in the contract: network.further_inputs, network.states; or export only the actor"
_OTHER_CONTRACT = "embed the contract this network was exported with"


def open_session(data: bytes, threads: int = 1) -> Any:
    """onnxruntime's session of an ONNX file, on so many threads; 0: as many as it takes by default.

    Raises PolicyError where it cannot load the file.
    """
    onnxruntime = extras.load("onnxruntime", "onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise PolicyError(f"onnxruntime cannot load it: {error}", hint="export the policy again") from error


def bound_call(session: Any, fed: Mapping[str, Any], given: Mapping[str, Any]) -> Callable[[int], object]:
    """A run of a session with inputs and outputs, C-contiguous float32 arrays by name, bound once: for benches, which
    call it with the number of the call."""
    np = extras.load("numpy", "sim")
    binding = session.io_binding()
    for name, row in fed.items():
        binding.bind_input(name, "cpu", 0, np.float32, row.shape, row.ctypes.data)
    for name, row in given.items():
        binding.bind_output(name, "cpu", 0, np.float32, row.shape, row.ctypes.data)
    # The binding has their addresses alone.
    buffers = (fed, given)

    def call(_: int) -> object:
        session.run_with_iobinding(binding)
        return buffers

    return call


class OnnxSession:
    """One thread of onnxruntime for a network of which its contract names inputs, outputs and states."""

    def __init__(self, data: bytes, contract: Contract) -> None:
        """Raises PolicyError where onnxruntime cannot load the file, or it does not fit the contract."""
        #: The session itself.
        self.native = open_session(data)
        network = json.loads(contract.to_json())["network"]
        further = [(str(port["name"]), int(port["width"])) for port in network.get("further_inputs", ())]
        first = contract.observation_len - sum(width for _, width in further)
        #: Names of the outputs that are read, the action first.
        self.outputs = [str(network["output"])]
        self.outputs += [str(port["name"]) for port in network.get("further_outputs", ())]
        states = network.get("states", ())
        self._next_states = [str(state["output"]) for state in states]
        self._check_names(
            [str(network["input"]), *(name for name, _ in further)], [str(each["input"]) for each in states]
        )
        #: Of each input its name, how many numbers it takes and its shape: the observation's parts, then the states.
        self.inputs = [self._input(name, width) for name, width in [(str(network["input"]), first), *further]]
        self._states = [self._input(str(state["input"]), None) for state in states]
        self._check_outputs(contract)

    @property
    def state_len(self) -> int:
        """Numbers that the network remembers from one tick to the next."""
        return sum(width for _, width, _ in self._states)

    def run(self, observation: Any, state: Any) -> Any:
        """All outputs [output_len] for an observation [observation_len], numpy float32; `state` becomes the next."""
        np = extras.load("numpy", "sim")
        row = np.concatenate([np.asarray(observation, dtype=np.float32), state])
        fed, start = {}, 0
        for name, width, shape in (*self.inputs, *self._states):
            fed[name] = row[start : (start := start + width)].reshape(shape)
        found = self.native.run([*self.outputs, *self._next_states], fed)
        flat = [output.reshape(-1) for output in found]
        if self._states:
            state[:] = np.concatenate(flat[len(self.outputs) :])
        return np.concatenate(flat[: len(self.outputs)])

    def _check_names(self, observed: list[str], states: list[str]) -> None:
        found = [value.name for value in self.native.get_inputs()]
        if sorted(found) != sorted([*observed, *states]):
            expected = ", ".join([*observed, *states])
            message = f"network does not fit its contract: input: expected {expected}, found {', '.join(found)}"
            raise PolicyError(message, hint=_NAME_ALL if len(found) > 1 else _OTHER_CONTRACT)
        outputs = [value.name for value in self.native.get_outputs()]
        for name in (*self.outputs, *self._next_states):
            if name not in outputs:
                message = f"network does not fit its contract: output: expected {name}, found {', '.join(outputs)}"
                raise PolicyError(message, hint=_OTHER_CONTRACT)

    def _input(self, name: str, expected: int | None) -> tuple[str, int, list[int]]:
        """A batch of any size is one. A state's length is the file's."""
        value = next(value for value in self.native.get_inputs() if value.name == name)
        known = [length if isinstance(length, int) and length > 0 else 1 for length in value.shape]
        is_whole = bool(value.shape) and isinstance(value.shape[-1], int)
        width = math.prod(known) if is_whole else 0
        is_batch = len(known) == 2 and known[0] != 1
        if value.type != "tensor(float)" or not is_whole or is_batch or expected not in (None, width):
            numbers = "some" if expected is None else expected
            message = f"network does not fit its contract: input {name}: expected {numbers} numbers of float32"
            raise PolicyError(f"{message} in one row, found {value.type} {value.shape}", hint=_OTHER_CONTRACT)
        return name, width, known

    def _check_outputs(self, contract: Contract) -> None:
        """A length that the file does not say shows in what it gives."""
        np = extras.load("numpy", "sim")
        try:
            found = self.run([0.0] * contract.observation_len, np.zeros(self.state_len, np.float32)).shape[-1]
        except Exception as error:
            raise PolicyError(f"onnxruntime cannot run it: {error}", hint="export the policy again") from error
        if found != contract.output_len:
            named = ", ".join(self.outputs)
            message = f"network does not fit its contract: output {named}: expected {contract.output_len} numbers"
            raise PolicyError(f"{message}, found {found}", hint=_OTHER_CONTRACT)
