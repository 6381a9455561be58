"""`gaitway view`."""
