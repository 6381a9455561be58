"""Puts golden vectors into the shipped contracts and makes the robot's default policy.

    python scripts/make_contracts.py ../shared/data/BEST_WALK_ONNX_2.onnx ../shared/data/prototype_walk.onnx

Each file given is matched, by the sha256 of its bytes, with the contract in the robot's `contracts/` that describes
it, and that contract is rewritten with golden vectors from `tests/golden/builder.py`, which shares no code with the
engine. The contract named by `--default` is then embedded in its file, which becomes the robot's `walk.onnx`: that
one file needs nothing beside it. The contracts stay: they recognise bare files.

Run it again after any change to a contract or to the builder. The last of seven digits may differ between machines,
as onnxruntime's own arithmetic does.
"""

import argparse
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import gaitway
from gaitway import _native

ROOT = Path(__file__).resolve().parents[1]
ROBOT = ROOT / "python" / "gaitway" / "robots" / "open_duck_mini_v2"


def load_builder() -> ModuleType:
    path = ROOT / "tests" / "golden" / "builder.py"
    spec = importlib.util.spec_from_file_location("golden_builder", path)
    assert spec is not None and spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = builder
    spec.loader.exec_module(builder)
    return builder


def main() -> int:
    parser = argparse.ArgumentParser(description="Golden vectors for the shipped contracts, and the default policy.")
    parser.add_argument("models", type=Path, nargs="+", help="ONNX files the contracts describe, without metadata")
    parser.add_argument("--robot", type=Path, default=ROBOT, help="folder of the robot")
    parser.add_argument("--default", default="gaitway_walk", help="contract of the policy that ships")
    chosen = parser.parse_args()
    builder = load_builder()
    models = {hashlib.sha256(data).hexdigest(): data for data in (path.read_bytes() for path in chosen.models)}
    for path in sorted((chosen.robot / "contracts").glob("*.json")):
        contract = json.loads(path.read_text(encoding="utf-8"))
        model = models.get(contract["weights_sha256"])
        if model is None:
            print(f"{path.name}: none of the files given has sha256 {contract['weights_sha256']}")
            return 1
        golden = builder.build(contract, builder.onnxruntime_network(model, contract))
        text = builder.text(contract, golden)
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {len(golden['ticks'])} ticks, {len(text)} bytes")
        if contract["name"] == chosen.default:
            embedded = _native.embed(model, gaitway.Contract.from_json(text))
            (chosen.robot / "walk.onnx").write_bytes(embedded)
            print(f"walk.onnx: {path.stem} embedded, {len(embedded)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
