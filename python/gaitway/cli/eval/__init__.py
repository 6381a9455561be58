"""`gaitway eval`, and its table."""
