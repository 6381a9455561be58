"""`gaitway pad`."""
