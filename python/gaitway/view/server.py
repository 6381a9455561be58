"""The web server of the view: on loopback, for the browser that was given its address, and for no page of another site.

Every address begins with a token that is drawn at the start. A page of another site does not know it, and what a
rebound name sends has that name in its Host header and is refused. Nothing is answered with a header that lets
another site read it.
"""

import hmac
import json
import secrets
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gaitway.errors import GaitwayError, UsageError
from gaitway.view.frames import Stage, may_be_asked, text
from gaitway.view.hands import Hands, mode_of, values_of, whole
from gaitway.view.recorded import RecordedRun
from gaitway.view.source import Source
from gaitway.view.stream import Stream

_PAGE = Path(__file__).parent / "page"
_MODULES = (
    "view.js",
    "world.js",
    "live.js",
    "panel.js",
    "steering.js",
    "keys.js",
    "timeline.js",
    "three.module.min.js",
)
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "view.css": ("view.css", "text/css; charset=utf-8"),
    **{name: (name, "text/javascript; charset=utf-8") for name in _MODULES},
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Longest body of a request, bytes: a command has a tenth of it.
_MOST_BYTES = 4096
#: A client that says nothing for so long is hung up on, s.
_PATIENCE_S = 10.0
#: Connections at a time: a browser opens six.
_MOST_CONNECTIONS = 32
#: What may wait for a slow browser, bytes: some frames. The system's own choice holds half a minute of them.
_SEND_BUFFER_BYTES = 16384


class ViewServer:
    """Serves a source or a recording to a browser on this machine, from entering `with` to leaving it."""

    def __init__(self, shown: Source | RecordedRun, *, port: int = 0) -> None:
        if not 0 <= port <= 65535:
            raise UsageError(f"--port: expected 0 to 65535, found {port}", hint="0 takes a free one")
        self.stage = Stage(shown)
        self.token = secrets.token_urlsafe(24)
        self.closing = threading.Event()
        #: A stop waits for no command that is under way.
        self.asking, self.stopping = threading.Lock(), threading.Lock()
        self.hands = Hands()
        try:
            self._server = _Server(("127.0.0.1", port), self)
        except OSError as error:
            message = f"--port {port}: cannot listen on 127.0.0.1:{port}: {error.strerror or error}"
            raise UsageError(message, hint="leave --port out: a free one is taken") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="view", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address to open; whoever knows it can steer."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def __enter__(self) -> "ViewServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], view: ViewServer) -> None:
        self.view = view
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(address, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        # One too many is hung up on rather than kept waiting.
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes in the middle of an answer is no error; everything else is told."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            print(f"view: unexpected {type(error).__name__}: {error}", file=sys.stderr)


class _RefusedError(Exception):
    """A request that is answered with a status and nothing else."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Request(BaseHTTPRequestHandler):
    timeout = _PATIENCE_S
    server_version, sys_version = "gaitway", ""

    @property
    def _view(self) -> ViewServer:
        assert isinstance(self.server, _Server)
        return self.server.view

    def do_GET(self) -> None:
        """The page, its files, the scene, frames, or the live stream."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """A command, a stop, or its end."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: the token would stand in the terminal with every request."""

    def _answer(self, work: Any) -> None:
        try:
            work(self._asked())
        except _RefusedError as refused:
            self._send(text({"error": str(refused)}), "application/json", refused.status)
        except GaitwayError as error:
            self._send(text({"error": error.message, "hint": error.hint}), "application/json", HTTPStatus.BAD_REQUEST)
        except OSError:
            # It has gone.
            self.close_connection = True

    def _asked(self) -> str:
        """What is asked for, below the token. Raises _RefusedError for who may not ask."""
        port = self._view.port
        hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        if self.headers.get("Host", "") not in hosts:
            raise _RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "Host: expected 127.0.0.1, found another name")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "Origin: expected this page, found another site")
        token, _, rest = urlsplit(self.path).path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self._view.token.encode()):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "expected the address that gaitway view printed")
        return rest

    def _get(self, asked: str) -> None:
        if asked in _FILES:
            name, kind = _FILES[asked]
            self._send((_PAGE / name).read_bytes(), kind)
        elif asked == "scene":
            self._send(text(self._view.stage.scene()), "application/json")
        elif asked == "frames":
            query = parse_qs(urlsplit(self.path).query)
            first, count = (whole(query.get(name, [""])[0], name) for name in ("first", "count"))
            self._send(text(self._view.stage.frames(first, count)), "application/json")
        elif asked == "live":
            self._live()
        else:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "no such page")

    def _post(self, asked: str) -> None:
        body = self._body()
        shown, view = self._view.stage.shown, self._view
        may = may_be_asked(shown)
        if isinstance(shown, RecordedRun) or not (may.get(asked) or (asked == "mode" and may["modes"])):
            raise _RefusedError(HTTPStatus.NOT_FOUND, f"{asked[:20]}: nothing that can be asked here")
        steering, note = shown.steering, None
        if asked == "stop" and steering.stop is not None:
            with view.stopping:
                steering.stop()
        elif asked == "command" and steering.command is not None:
            values = values_of(body, steering.ranges)
            with view.asking:
                view.hands.take(body)
                note = steering.command(values)
        elif asked == "clear" and steering.clear is not None:
            with view.asking:
                steering.clear()
        else:
            with view.asking:
                mode_of(body, steering.modes)()
        self._send(text({"note": note}), "application/json")

    def _body(self) -> Any:
        # A form of another site can send no such type without asking first, and is never allowed.
        if self.headers.get("Content-Type") != "application/json":
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type: expected application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal() and int(length) <= _MOST_BYTES):
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {_MOST_BYTES} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "expected JSON") from None

    def _live(self) -> None:
        """The live stream, until the browser goes, the source ends, or the server does."""
        stage = self._view.stage
        if isinstance(stage.shown, RecordedRun):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "this is a recording: ask for frames")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._head(HTTPStatus.OK, "text/event-stream", None)
        for event in Stream(stage, stage.shown).events(self._view.closing):
            self.wfile.write(event)

    def _send(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._head(status, kind, len(data))
        self.wfile.write(data)

    def _head(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
