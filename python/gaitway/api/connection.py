"""One connection to the local API: requests and their answers, and the newest message of each topic."""

import json
import os
import threading
from pathlib import Path
from typing import Any

from gaitway.api.transport import Transport, UnixTransport
from gaitway.errors import DaemonError, RefusedError
from gaitway.printable import printable

#: Version of the messages that is spoken here.
PROTOCOL_VERSION = 1
#: Longest line of a robot, bytes: one of 64 joints needs a tenth of it.
_MOST_BYTES = 1 << 18
#: A robot answers within this time, s.
_PATIENCE_S = 5.0
_TOPICS = ("status", "joints")


def default_socket() -> Path:
    """Where `gaitwayd` serves the local API when it is told nothing else: a folder of the user's own."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or "/run") / "gaitway.sock"


class Connection:
    """A stream of JSON lines to a robot. May be used from several threads.

    `hello` is what the robot says of itself: name, title, joints, axes with units and range, contract, clock.
    """

    def __init__(self, where: Path | Transport, *, client: str = "gaitway") -> None:
        """Speaks over an open stream, or opens the socket at a path. Raises DaemonError where no robot answers."""
        self._transport: Transport = UnixTransport(where) if isinstance(where, Path) else where
        #: What people call the other end.
        self.name = self._transport.name
        self._sending = threading.Lock()
        self._news = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._topics: dict[str, dict[str, Any]] = {}
        self._counts = dict.fromkeys(_TOPICS, 0)
        self._last_id = 0
        self._ended: str | None = None
        self._thread = threading.Thread(target=self._read, name="local API", daemon=True)
        self._thread.start()
        try:
            self._client = client
            self.greet()
        except BaseException:
            self.close()
            raise

    def greet(self) -> None:
        """Asks the robot what it is; its policy, and with it what may be commanded, can be another than before."""
        self.hello = self.request("hello", protocol=PROTOCOL_VERSION, client=self._client)

    def request(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Asks, and returns the answer. Raises RefusedError where the robot refuses, DaemonError where it has gone."""
        with self._news:
            self._last_id += 1
            number = self._last_id
        self.send(kind, id=number, **fields)
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._ended is not None, _PATIENCE_S)
            answer = self._answers.pop(number, None)
            ended = self._ended
        if answer is None:
            raise _gone(self.name, ended or f"no answer within {_PATIENCE_S:g} s")
        if answer.get("kind") == "refused":
            raise _refused(answer)
        return answer

    def send(self, kind: str, **fields: Any) -> None:
        """Says something whose answer nobody waits for. Raises DaemonError where the robot has gone."""
        line = json.dumps({"kind": kind, **fields}, allow_nan=False).encode() + b"\n"
        try:
            with self._sending:
                self._transport.send(line)
        except OSError as error:
            raise _gone(self.name, error.strerror or str(error)) from error

    def newest(self, topic: str, *, after: int = 0, timeout_s: float = _PATIENCE_S) -> tuple[int, dict[str, Any]]:
        """The newest message of a topic, of more than `after` of them, and its number. Waits for it.

        Raises DaemonError where none comes.
        """
        with self._news:
            self._news.wait_for(lambda: self._counts[topic] > after or self._ended is not None, timeout_s)
            if self._counts[topic] > after:
                return self._counts[topic], self._topics[topic]
            ended = self._ended
        raise _gone(self.name, ended or f"no {topic} within {timeout_s:g} s")

    def latest(self, topic: str) -> dict[str, Any] | None:
        """The newest message of a topic that has come; None where none has. Raises DaemonError after the end."""
        with self._news:
            if self._ended is not None:
                raise _gone(self.name, self._ended)
            return self._topics.get(topic)

    @property
    def has_ended(self) -> bool:
        """Whether the robot has closed the connection."""
        return self._ended is not None

    def wait_for_end(self, timeout_s: float) -> bool:
        """Until the robot has closed the connection; False where it has not within this time."""
        with self._news:
            return self._news.wait_for(lambda: self._ended is not None, timeout_s)

    def close(self) -> None:
        """Ends the connection: what it held is given up."""
        self._transport.close()
        self._thread.join()

    def _read(self) -> None:
        unread, why = b"", "the connection was closed"
        while True:
            try:
                chunk = self._transport.receive()
            except OSError as error:
                why = error.strerror or str(error)
                break
            if not chunk:
                break
            *lines, unread = (unread + chunk).split(b"\n")
            if len(unread) > _MOST_BYTES:
                why = f"a line of more than {_MOST_BYTES} bytes, which no robot says"
                break
            try:
                messages = [_message(line) for line in lines]
            except ValueError as error:
                why = f"a line that is no message of a robot: {error}"
                break
            self._hear(messages)
        with self._news:
            self._ended = why
            self._news.notify_all()

    def _hear(self, messages: list[dict[str, Any]]) -> None:
        with self._news:
            for message in messages:
                number, kind = message.get("id"), message.get("kind")
                if isinstance(number, int):
                    self._answers[number] = message
                elif kind in self._counts:
                    self._topics[kind] = message
                    self._counts[kind] += 1
            self._news.notify_all()


def _message(line: bytes) -> dict[str, Any]:
    """A line, checked: it may come from any program, and goes to a terminal."""
    try:
        message = _shown(json.loads(line))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(message, dict):
        raise ValueError(f"expected an object, found {type(message).__name__}")
    return message


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): _shown(part) for key, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list) else value


def _refused(answer: dict[str, Any]) -> RefusedError:
    message, hint = str(answer.get("message", "")), str(answer.get("hint", ""))
    field = answer.get("field")
    return RefusedError(
        message, hint=hint, code=str(answer.get("code", "")), field=None if field is None else str(field)
    )


def _gone(name: str, why: str) -> DaemonError:
    return DaemonError(f"{name}: the robot does not answer: {why}", hint="is gaitwayd still running?")
