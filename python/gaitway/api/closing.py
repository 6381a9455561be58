"""`Closing`: `with` around what ends with `close`."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from gaitway.errors import GaitwayError


class Closing(ABC):
    """Something under way that `close` ends; so does the end of `with`."""

    @abstractmethod
    def close(self) -> None:
        """Ends it; may be called again. Raises GaitwayError for what went wrong meanwhile."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except GaitwayError:
            # What went wrong inside comes first.
            if error is None:
                raise
