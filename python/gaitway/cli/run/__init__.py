"""`gaitway run`, its live view and its report."""
