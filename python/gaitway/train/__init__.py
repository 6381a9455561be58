"""Trains a gait: many ducks, one contract, PPO."""
