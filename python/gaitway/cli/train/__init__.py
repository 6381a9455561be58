"""`gaitway train`, `gaitway export` and `gaitway curve`."""
