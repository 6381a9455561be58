"""The evaluation: a fixed battery of simulated runs that says how good a policy is, in numbers and pictures."""

from gaitway.evaluate.battery import PARTS
from gaitway.evaluate.case import FULL, QUICK, Scale
from gaitway.evaluate.judge import SCHEMA, evaluate

__all__ = ["FULL", "PARTS", "QUICK", "SCHEMA", "Scale", "evaluate"]
