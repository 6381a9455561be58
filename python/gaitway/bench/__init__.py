"""Measurements beside peers, in one run."""

from gaitway.bench.bus import BusBench
from gaitway.bench.clock import ClockBench
from gaitway.bench.tick import measure_tick

__all__ = ["BusBench", "ClockBench", "measure_tick"]
