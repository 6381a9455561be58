"""The command line. `app` holds the commands; each group of commands lives in a folder of its own."""
