"""Robots: a folder each, with profile, model, default policy and known contracts; which one is meant by default."""

#: The robot that commands and `Robot.load` take where none is named.
DEFAULT_ROBOT = "open_duck_mini_v2"
