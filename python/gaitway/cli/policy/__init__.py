"""`gaitway policy`."""
