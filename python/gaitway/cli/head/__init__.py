"""`gaitway head`."""
