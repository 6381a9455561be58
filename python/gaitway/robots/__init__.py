"""Robots: a folder each, with profile, model, default policy and known contracts."""
