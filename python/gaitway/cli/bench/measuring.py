"""What a person sees while a bench measures."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gaitway.bench.clock import Progress as Tell


@contextmanager
def measuring(*, shown: bool) -> Iterator[Tell]:
    """A bar on stderr. It is drawn between measurements only: while one runs nothing of ours moves."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not shown)
    with bar:
        task = bar.add_task("")

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total, refresh=True)

        yield tell
