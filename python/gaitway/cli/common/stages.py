"""What a command that takes long is at: a line that changes at a terminal, a line for each stage elsewhere."""

from types import TracebackType

from rich.console import Console


class Stages:
    """Tells a person the stages of a long piece of work, on stderr."""

    def __init__(self, *, shown: bool) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._shown = shown
        self._status = self._console.status("") if shown and self._console.is_terminal else None

    def __enter__(self) -> "Stages":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, stage: str) -> None:
        """A stage begins."""
        if self._status is not None:
            self._status.update(f"{stage} …")
        elif self._shown:
            self._console.print(stage, markup=False)
