"""What programs read, one JSON object on stdout, and what people read, a table."""

import json
import sys
from collections.abc import Sequence
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


def print_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Prints rows under their titles; nothing where there are none. Long ones are not cut where no terminal is."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=title != titles[-1])
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)
