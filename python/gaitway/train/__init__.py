"""Trains a gait: many robots, one contract, PPO.

PyTorch lives in this package and only here. Installing `gaitway[train]` brings it.
"""

from gaitway import extras

for _module in ("mujoco", "numpy", "onnx", "torch"):
    extras.load(_module, "train")
