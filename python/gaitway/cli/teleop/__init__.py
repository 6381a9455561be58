"""`gaitway teleop`."""
