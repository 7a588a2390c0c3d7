"""An HTTP server that completion callbacks go to, with answers as a test wants them."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Dict, List


@dataclass
class Request:
    """What a callback has sent; the names of headers are in lower case."""

    path: str
    headers: Dict[str, str]
    body: bytes


@dataclass
class Target:
    """A server on a free port, to be entered with `with`. `answer` gives the status for the n-th request, from 1."""

    answer: Callable[[int], int] = lambda attempt: 200
    #: Whether answers wait for `release`, 30 s at most.
    held: bool = False
    requests: List[Request] = field(default_factory=list)

    def __enter__(self) -> "Target":
        target = self
        self.released = threading.Event()
        if not self.held:
            self.release()

        class Handler(BaseHTTPRequestHandler):
            """Notes the request and answers."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """A callback."""
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                target.requests.append(Request(self.path, headers, body))
                status = target.answer(len(target.requests))
                target.released.wait(30)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *arguments: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def release(self) -> None:
        """Let the answers go that wait, and all later ones."""
        self.released.set()

    @property
    def url(self) -> str:
        """Where callbacks go."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/callback"
