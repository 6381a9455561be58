"""Entry point of `gaitway`, small so that an interrupt while the program still loads ends it in order, too."""

import sys


def main() -> None:
    """Loads the commands and runs one."""
    try:
        from gaitway.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
