#!/usr/bin/env python3
"""Record the answers of Temporal's HTTP API into golden/: of the `temporal` CLI's dev server, which this starts.

Run by hand when scenario.py changes: `integration-tests/http/record.py`. Needs the CLI: TEMPORAL_CLI, else as the tests fetch it.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from scenario import ASKS, ask  # noqa: E402
from support.ports import free_ports  # noqa: E402
from support.toolchain import ensure_cli  # noqa: E402


def main() -> None:
    """Start the server, ask it everything, write one file an answer."""
    grpc, http = free_ports(2)
    cli = os.environ.get("TEMPORAL_CLI") or str(ensure_cli())
    command = [cli, "server", "start-dev", "--headless", "--port", str(grpc), "--http-port", str(http), "--log-level", "never"]
    server = subprocess.Popen(command)
    try:
        address = f"http://127.0.0.1:{http}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api/v1/namespaces/default", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        for request in ASKS:
            answer = ask(address, request)
            text = json.dumps({"method": request.method, "path": request.path, "answer": answer}, indent=1, ensure_ascii=False)
            (HERE / "golden" / f"{request.name}.json").write_text(text + "\n")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
