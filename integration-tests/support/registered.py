"""A klamm with a schema registry, for as long as a test runs."""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Type, TypeVar

from .registry import Registry
from .server import KlammServer, klamm_binary

#: Where Apicurio has Confluent's API, and where Guids has it, too.
APICURIO, ELSEWHERE = "/apis/ccompat/v7", "/elsewhere"

T = TypeVar("T", bound="Registered")


class Registered:
    """A registry, and a klamm on a broker that uses it. With it as a context they run. Other classes add what is theirs to `start` and `close`."""

    def __init__(self, folder: Path, bootstrap: str, settings: Dict[str, str]) -> None:
        self.folder = folder
        self.registry = Registry(folder / "registry.log")
        settings = {"registry.url": self.registry.url, **settings}
        self.server = KlammServer(klamm_binary(), folder / "data", folder / "klamm.log", bootstrap, settings)

    def start(self) -> None:
        self.registry.start()
        self.server.start()

    def close(self) -> None:
        if self.server.running():
            self.server.kill()
        self.registry.kill()
        print(f"--- the end of {self.server.log}\n{self.server.log_tail()}")

    def register(self, subject: str, schema: str, kind: str = "AVRO", imports: Optional[List[str]] = None) -> int:
        """The id of a schema. As serializers do it, a file that is imported is a subject of its name."""
        references = [{"name": name, "subject": name, "version": 1} for name in imports or []]
        body = {"schema": schema, "schemaType": kind, "references": references}
        return self.registry.ask(f"subjects/{subject.replace('/', '%2F')}/versions", body)["id"]

    def __enter__(self: T) -> T:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()


class Guids:
    """Stands before a registry, and knows GUIDs of its schemas, as newer ones of Confluent's do: `known` has the id of each."""

    def __init__(self, registry: Registry) -> None:
        self.known: Dict[str, int] = {}
        guids = self

        class Handler(BaseHTTPRequestHandler):
            def forward(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length) if length else None
                target = self.path.replace(ELSEWHERE, APICURIO, 1)
                path, _, guid = target.rpartition("/")
                if path.endswith("/schemas/guids"):
                    target = f"{path.removesuffix('/guids')}/ids/{guids.known.get(guid, 0)}"
                headers = {"content-type": self.headers.get("content-type", "application/json")}
                request = urllib.request.Request(f"http://127.0.0.1:{registry.port}{target}", body, headers, method=self.command)
                try:
                    answer = urllib.request.urlopen(request, timeout=30)
                except urllib.error.HTTPError as error:
                    answer = error
                text = answer.read()
                self.send_response(answer.status)
                self.send_header("content-type", answer.headers["content-type"])
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = forward

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = registry.url.replace(f":{registry.port}/", f":{self.server.server_port}/")
        #: The same registry at an address that is no Apicurio's.
        self.url_elsewhere = self.url.replace(APICURIO, ELSEWHERE)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
