"""`gaitway doctor`."""
