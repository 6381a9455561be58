"""The command line. `app` holds the commands; each command lives in a module of its own."""
