"""Measurements beside peers, in one run."""

from gaitway.bench.clock import ClockBench
from gaitway.bench.tick import measure_tick

__all__ = ["ClockBench", "measure_tick"]
