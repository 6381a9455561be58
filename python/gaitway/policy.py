"""`Policy`: a network with the contract that says what its numbers mean."""

from pathlib import Path
from typing import Any

from gaitway import _native, extras, files
from gaitway.contract import Contract
from gaitway.errors import UsageError
from gaitway.onnx_session import OnnxSession
from gaitway.robot import Robot

ENGINES = ("native", "onnxruntime")


class Policy:
    """A policy file, loaded.

    The native engine runs it to the same bits on every machine; `engine="onnxruntime"` runs operators the native
    one does not know, with whatever bits onnxruntime gives.
    """

    def __init__(self, native: _native.Policy, path: Path, session: OnnxSession | None = None) -> None:
        self.native = native
        self.path = path
        self._session = session

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        robot: Robot | None = None,
        assume_contract: str | None = None,
        engine: str = "native",
        standing: str | Path | None = None,
    ) -> "Policy":
        """Loads an ONNX file.

        `robot` brings the contracts that ship as data, for files that carry none; the default robot's where it is
        left out. `assume_contract` names one of them for a file nobody knows. `standing` is a policy that runs in its
        place while the command asks for no velocity; its contract must be the same but for the weights, and the
        engine native. Raises PolicyError, ContractError, or UnsupportedOperatorError for a network the native engine
        does not run.
        """
        path = files.as_path(path, "policy")
        data = files.read_policy(path)
        policy = cls.from_bytes(data, path, robot=robot, assume_contract=assume_contract, engine=engine)
        if standing is not None:
            policy.native = policy.native.with_standing(
                files.read_policy(files.as_path(standing, "standing policy"), "standing policy")
            )
        return policy

    @classmethod
    def default(cls, robot: Robot) -> "Policy":
        """What `robot` runs where nobody names a policy: the set of its `policies.toml`, or the only one it has."""
        rules = robot.policy_set
        return cls.load(robot.default_policy, robot=robot) if rules is None else cls.load_set(rules, robot=robot)

    @classmethod
    def load_set(cls, path: str | Path, *, robot: Robot | None = None) -> "Policy":
        """Loads the policies that a `policies.toml` names; their controller lets them take turns by its rules.

        Raises ProfileError for rules that cannot be read, PolicyError for a policy of the set that cannot be used.
        """
        path = files.as_path(path, "policy set")
        folder = path.parent

        def read(name: str) -> bytes:
            return files.read_policy(folder / name)

        native = _native.Policy.of_set(files.read_text(path, "policy set"), read)
        return cls(native, folder / (native.default_file or ""))

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        path: Path,
        *,
        robot: Robot | None = None,
        assume_contract: str | None = None,
        engine: str = "native",
    ) -> "Policy":
        """Loads the bytes of an ONNX file, as `load` does; `path` only names them."""
        if engine not in ENGINES:
            raise UsageError(f"engine: expected one of {', '.join(ENGINES)}, found {engine!r}")
        known = (robot or Robot.load()).known_contracts
        native = _native.Policy.from_onnx(data, known, assume_contract, native=engine == "native")
        return cls(native, path, None if engine == "native" else OnnxSession(data, native.contract))

    @property
    def contract(self) -> Contract:
        """What the network must be fed and what its numbers mean."""
        return self.native.contract

    @property
    def contract_sha256(self) -> str:
        """Hash of contract and weights together."""
        return self.native.contract_sha256

    @property
    def basis(self) -> str:
        """How the policy came to its contract: embedded, recognised or assumed."""
        return self.native.basis

    @property
    def engine(self) -> str:
        """The engine that runs it."""
        return "native" if self.native.native else "onnxruntime"

    @property
    def state_len(self) -> int:
        """Numbers that the network remembers from one tick to the next."""
        return self.native.state_len if self._session is None else self._session.state_len

    def infer(self, observations: Any, state: Any = None) -> Any:
        """Actions [rows, actions] for observations [rows, observation], numpy float32. Needs numpy.

        Behind each action stand the network's further outputs, where the contract names some. The rows follow each
        other in time: a recurrent network begins with `state` [state_len] float32, which then holds what it remembers,
        or with zeros.
        """
        np = extras.load("numpy", "sim")
        try:
            rows = np.ascontiguousarray(observations, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise UsageError(f"observations: expected numbers, found {type(observations)}") from error
        if rows.ndim != 2 or rows.shape[1] != self.contract.observation_len:
            raise UsageError(f"observations: expected [rows, {self.contract.observation_len}], found {rows.shape}")
        if state is None:
            state = np.zeros(self.state_len, dtype=np.float32)
        actions = np.empty((len(rows), self.contract.output_len), dtype=np.float32)
        if self._session is not None:
            for row, action in zip(rows, actions, strict=True):
                action[:] = self._session.run(row, state)
        else:
            self.native.infer(rows, actions, len(rows), state)
        return actions

    def __repr__(self) -> str:
        return f"Policy({self.contract.name!r}, {self.basis} contract, {self.engine} engine)"
