"""`gaitway record`, `gaitway replay` and `gaitway plot`."""
