"""`gaitway walk`, `stand`, `limp`, `stop`, `status` and so on: a robot that runs under gaitwayd."""
