"""PPO of stable-baselines3 on a robot of Gaitway, and what it learned as a policy file that Gaitway runs.

    python examples/ppo_stable_baselines3.py --steps 10000 --out out/ppo

Needs the extras `sim`, `gym` and `train`. Ten thousand steps take a minute and teach little: a walk takes millions.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

import gaitway
from gaitway import _native
from gaitway.sim import Noise, World


def train(robot: str, steps: int, seed: int, robots: int = 4, length: int = 512) -> PPO:
    """PPO on `robots` noisy robots, `length` steps of each between two updates. Actions begin near the default pose."""
    options = {"robot": robot, "world": World(noise=Noise()), "episode_s": 10.0}
    environments = make_vec_env(gaitway.make_env, n_envs=robots, seed=seed, env_kwargs=options)
    model = PPO(
        "MlpPolicy",
        environments,
        n_steps=length,
        batch_size=256,
        policy_kwargs={"log_std_init": -1.0, "net_arch": [64, 64], "activation_fn": torch.nn.Tanh},
        seed=seed,
        device="cpu",
        verbose=1,
    )
    return model.learn(total_timesteps=steps)


def onnx_of(model: PPO) -> bytes:
    """The mean action as an ONNX file: the layers of the policy, one after the other."""
    layers = [*model.policy.mlp_extractor.policy_net, model.policy.action_net]
    nodes, tensors, last = [], [], "observation"
    for index, layer in enumerate(layers):
        made = f"layer_{index}" if index + 1 < len(layers) else "action"
        if isinstance(layer, torch.nn.Tanh):
            nodes.append(helper.make_node("Tanh", [last], [made]))
        else:
            weights = {f"w_{index}": layer.weight.T, f"b_{index}": layer.bias}
            tensors += [numpy_helper.from_array(row.detach().numpy().copy(), name) for name, row in weights.items()]
            nodes += [
                helper.make_node("MatMul", [last, f"w_{index}"], [f"p_{index}"]),
                helper.make_node("Add", [f"p_{index}", f"b_{index}"], [made]),
            ]
        last = made
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("observation", float32, [1, layers[0].in_features])],
        [helper.make_tensor_value_info("action", float32, [1, layers[-1].out_features])],
        tensors,
    )
    data: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    ).SerializeToString()
    return data


def policy_file(model: PPO, contract: gaitway.Contract) -> bytes:
    """The network with the contract it was trained under: what `gaitway run --policy` takes."""
    data = onnx_of(model)
    described: dict[str, Any] = json.loads(contract.to_json())
    described |= {
        "name": "ppo_stable_baselines3",
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "network": {"input": "observation", "output": "action"},
        "provenance": {"source": "examples/ppo_stable_baselines3.py", "licence": "MIT"},
    }
    described.pop("golden", None)
    return _native.embed(data, gaitway.Contract.from_json(json.dumps(described)))


def main() -> None:
    """Trains, evaluates, and writes the policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="open_duck_mini_v2", help="a robot's name, or the path of its profile")
    parser.add_argument("--steps", type=int, default=10_000, help="control steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/ppo"), help="folder for policy.onnx")
    given = parser.parse_args()
    model = train(given.robot, given.steps, given.seed)
    with gaitway.make_env(given.robot, episode_s=10.0) as judged:
        reward, spread = evaluate_policy(model, judged, n_eval_episodes=5, warn=False)
        contract = judged.contract
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "policy.onnx"
    path.write_bytes(policy_file(model, contract))
    print(f"mean reward of 5 episodes: {reward:.2f} ± {spread:.2f}; wrote {path}")


if __name__ == "__main__":
    main()
