"""`gaitway robot`."""
