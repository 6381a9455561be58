"""`FlightRecording`: every tick of a simulated robot in a file that replays to the bit."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway.api.closing import Closing

if TYPE_CHECKING:
    from gaitway.recorder import Recorder


class FlightRecording(Closing):
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
