"""A schema registry that is away, or refuses."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from conftest import Klamm
from support.log_lines import assert_does_not_loop, await_message
from support.ports import free_ports


def test_a_registry_that_is_away_is_named(klamm: Klamm):
    (port,) = free_ports(1)
    server = klamm({"registry.url": f"http://127.0.0.1:{port}"})
    server.spawn()
    await_message(server, f"127.0.0.1:{port}", "registry")
    assert_does_not_loop(server)


def test_a_registry_that_refuses_is_named(klamm: Klamm):
    class Refusing(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            self.send_response(401)
            self.end_headers()

        do_GET = do_POST = do_PUT = _refuse

        def log_message(self, *_: Any) -> None:
            pass

    registry = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    try:
        server = klamm({"registry.url": f"http://127.0.0.1:{registry.server_port}"})
        server.spawn()
        await_message(server, f"127.0.0.1:{registry.server_port}", "401")
        assert_does_not_loop(server)
    finally:
        registry.shutdown()
