"""`gaitway top`."""
