"""A client that walks until it is killed. Usage: doomed.py SOCKET AXIS VALUE. Prints "walks" once its command holds."""

import sys
import time
from pathlib import Path

from gaitway.api import connect


def main() -> None:
    """Walks for ever."""
    where, axis, value = sys.argv[1:]
    with connect(Path(where), client="doomed") as robot:
        robot.walk(**{axis: float(value)})
        print("walks", flush=True)
        while True:
            time.sleep(60.0)


if __name__ == "__main__":
    main()
