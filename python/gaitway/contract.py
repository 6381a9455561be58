"""`Contract`: what a policy must be fed and what its numbers mean."""

from gaitway._native import Contract

__all__ = ["Contract"]
