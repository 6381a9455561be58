"""The live stream, as server-sent events: the newest state, never a backlog; what is no newer says how old it is."""

import threading
import time
from collections.abc import Iterator
from typing import Any

from gaitway.view.frames import Stage, may_be_asked, text
from gaitway.view.source import Source

#: Frames a second that are sent, and how often nothing new is said again, s.
_LIVE_HZ, _REPEAT_S = 30.0, 0.25


class Stream:
    """What one browser is told of `source`, whose shapes `stage` has."""

    def __init__(self, stage: Stage, source: Source) -> None:
        self._stage = stage
        self._source = source
        self._may: dict[str, Any] | None = None
        self._seen_s = -1.0
        #: When that state came, and when something was last told, s.
        self._since_s = self._told_s = time.monotonic()

    def events(self, closing: threading.Event) -> Iterator[bytes]:
        """Event after event: `may` first, and again where it has changed; `frame` or `silence`; `end` or `closing`."""
        while not closing.wait(1.0 / _LIVE_HZ):
            if self._source.ended is not None:
                yield _event("end", {"why": self._source.ended})
                return
            may = may_be_asked(self._source)
            if may != self._may:
                self._may = may
                yield _event("may", may)
            if (told := self._told()) is not None:
                yield told
        ended = self._source.ended
        yield _event("closing", {}) if ended is None else _event("end", {"why": ended})

    def _told(self) -> bytes | None:
        state, now_s = self._source.latest(), time.monotonic()
        if state is not None and state.time_s != self._seen_s:
            self._seen_s, self._since_s, self._told_s = state.time_s, now_s, now_s
            return _event("frame", self._stage.frame(state))
        if now_s - self._told_s <= _REPEAT_S:
            return None
        self._told_s = now_s
        return _event("silence", {"age_s": round(now_s - self._since_s, 2), "why": self._source.lost})


def _event(name: str, value: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + text(value) + b"\n\n"
