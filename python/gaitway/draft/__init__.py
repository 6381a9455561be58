"""A policy contract begun: what a file says of itself is filled in, what it does not say is asked."""

from gaitway.draft.draft import KINDS, Draft, Question, draft

__all__ = ["KINDS", "Draft", "Question", "draft"]
