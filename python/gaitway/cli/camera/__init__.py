"""`gaitway camera`."""
