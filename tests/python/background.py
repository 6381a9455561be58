"""`Background`: what a test lets go on beside it."""

import threading


class Background:
    """A thread that does `_run` until it is closed."""

    def begin(self) -> None:
        """Starts the thread; what `_run` needs is there."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        """Works until `_end` is set."""
        raise NotImplementedError
