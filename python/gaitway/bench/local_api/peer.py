"""Echo servers, peers of the local API in a process of their own: HTTP of the standard library, and a WebSocket.

Usage: peer.py [websockets]. Prints the port of each; ends when stdin does.
"""

import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: One packet an answer: Nagle's algorithm would hold the second half back for 40 ms.
    wbufsize = -1

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """It says nothing of each request."""


def _echo(line: "ServerConnection") -> None:
    for message in line:
        line.send(message)


def main() -> None:
    """Serves until nobody needs them."""
    with ExitStack() as stack:
        web = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
        web.daemon_threads = True
        threading.Thread(target=web.serve_forever, daemon=True).start()
        ports = [web.server_port]
        if "websockets" in sys.argv:
            from websockets.sync.server import serve

            sockets = stack.enter_context(serve(_echo, "127.0.0.1", 0, compression=None))
            threading.Thread(target=sockets.serve_forever, daemon=True).start()
            ports.append(sockets.socket.getsockname()[1])
        print(*ports, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
