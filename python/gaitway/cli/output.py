"""What programs read: one JSON object on stdout."""

import json
import sys
from typing import Any


def print_json(result: dict[str, Any]) -> None:
    """Prints `result`, strict JSON. Where stdout takes nothing, stderr says so and the program ends with 1."""
    try:
        print(json.dumps(result, allow_nan=False), flush=True)
    except OSError as error:
        print(f"error: cannot write to stdout: {error.strerror}", file=sys.stderr)
        # The interpreter would try once more when it ends, and complain.
        sys.stdout = None
        sys.exit(1)
