"""`gaitway twin`."""
