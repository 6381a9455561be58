"""`OnnxSession`: a policy's network, run by onnxruntime."""

import json
from typing import Any

from gaitway import extras
from gaitway.contract import Contract
from gaitway.errors import PolicyError

_EXPORT_ACTOR = "export only the actor, from one observation row to one action row"
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


class OnnxSession:
    """One thread of onnxruntime for a network of which its contract names input and output."""

    def __init__(self, data: bytes, contract: Contract) -> None:
        """Raises PolicyError where onnxruntime cannot load the file, or it does not fit the contract."""
        #: The session itself.
        self.native = open_session(data)
        names = json.loads(contract.to_json())["network"]
        #: Names of what is fed and of what is read.
        self.input, self.output = str(names["input"]), str(names["output"])
        self._shape = self._input_shape(contract.observation_len)
        self._check_output(contract)

    def run(self, observation: Any) -> Any:
        """The action [1, actions] for an observation [observation], numpy float32."""
        np = extras.load("numpy", "sim")
        row = np.asarray(observation, dtype=np.float32).reshape(self._shape)
        return self.native.run([self.output], {self.input: row})[0].reshape(1, -1)

    def _input_shape(self, expected: int) -> list[int]:
        inputs = {value.name: value for value in self.native.get_inputs()}
        if list(inputs) != [self.input]:
            message = f"network does not fit its contract: input: expected {self.input}, found {', '.join(inputs)}"
            raise PolicyError(message, hint=_EXPORT_ACTOR if len(inputs) > 1 else _OTHER_CONTRACT)
        shape, kind = inputs[self.input].shape, inputs[self.input].type
        is_row = bool(shape) and all(isinstance(length, str | None) or length in (1, -1) for length in shape[:-1])
        if kind != "tensor(float)" or not is_row or shape[-1] != expected:
            message = f"network does not fit its contract: input {self.input}: expected {expected} numbers of float32"
            raise PolicyError(f"{message} in one row, found {kind} {shape}", hint=_OTHER_CONTRACT)
        return [1] * (len(shape) - 1) + [expected]

    def _check_output(self, contract: Contract) -> None:
        """A length that the file does not say shows in what it gives."""
        outputs = [value.name for value in self.native.get_outputs()]
        if self.output not in outputs:
            message = f"network does not fit its contract: output: expected {self.output}, found {', '.join(outputs)}"
            raise PolicyError(message, hint=_OTHER_CONTRACT)
        try:
            found = self.run([0.0] * contract.observation_len).shape[-1]
        except Exception as error:
            raise PolicyError(f"onnxruntime cannot run it: {error}", hint="export the policy again") from error
        if found != contract.action_len:
            message = f"network does not fit its contract: output {self.output}: expected {contract.action_len} numbers"
            raise PolicyError(f"{message}, found {found}", hint=_OTHER_CONTRACT)
