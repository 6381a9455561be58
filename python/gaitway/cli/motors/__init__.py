"""`gaitway motors`."""
