"""`gaitway bench`, and what its measurements look like."""
