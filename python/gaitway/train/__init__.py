"""Trains a gait: many robots, one contract, PPO.

PyTorch lives in this package and only here. Installing `gaitway[train]` brings it. Rewards, what they look at, and
configurations need none: `gaitway.env` uses them without.
"""

from gaitway import extras

for _module in ("mujoco", "numpy"):
    extras.load(_module, "train")


def require_learner() -> None:
    """Raises MissingExtraError where what a training, or its export, needs is not installed."""
    for module in ("onnx", "torch"):
        extras.load(module, "train")
