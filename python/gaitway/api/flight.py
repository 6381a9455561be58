"""`FlightRecording`: every tick of a simulated robot in a file that replays to the bit."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from gaitway.errors import GaitwayError

if TYPE_CHECKING:
    from gaitway.recorder import Recorder


class FlightRecording:
    """A recording under way; `gaitway.Recording.load(path)` reads it after `close`."""

    def __init__(self, recorder: "Recorder", stop: Callable[[], None]) -> None:
        self._recorder: Recorder | None = recorder
        self._stop = stop
        #: The file, .mcap.
        self.path: Path = recorder.path

    def close(self) -> None:
        """Ends the file. Raises RecordingError where not all of it could be written."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            self._stop()
            recorder.close()

    def __enter__(self) -> "FlightRecording":
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
