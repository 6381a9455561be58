"""The twin as the bench of the bus needs it: another process, which tells at its end what the wire carried.

It is what measures, and takes the highest ordinary priority, where that is granted: a real wire waits for nobody.

Usage: bus_twin.py ROBOT TURNAROUND_US USB_LATENCY_US EXCHANGES. Prints the port's path, serves until stdin ends, then
prints the last exchanges and the sums as JSON.
"""

import contextlib
import json
import os
import sys

from gaitway import Robot, _native


def main() -> None:
    """Serves, and tells."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    name, *numbers = sys.argv[1:]
    turnaround_us, usb_latency_us, exchanges = map(int, numbers)
    host = _native.TwinHost(
        Robot.load(name).native, turnaround_us=turnaround_us, usb_latency_us=usb_latency_us, exchanges=exchanges
    )
    print(host.path, flush=True)
    sys.stdin.read()
    host.stop()
    print(json.dumps({"exchanges": host.exchanges(), "statistics": host.statistics()}), flush=True)


if __name__ == "__main__":
    main()
