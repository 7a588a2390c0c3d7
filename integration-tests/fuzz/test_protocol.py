"""Random requests for every call: the server stays well, says nothing is its own fault, and writes no word of a panic.

`klamm-fuzz` (crates/fuzz) makes and sends the requests, and looks after each batch at health, memory and a workflow
from start to end. `KLAMM_FUZZ_REQUESTS` (50,000) says how many, `KLAMM_FUZZ_SEED` where the choices come from.
"""

import os
import subprocess
from pathlib import Path

from support.server import KlammServer, klamm_binary

#: Words in the server's log that mean a bug, whatever a client sent.
BUGS = ("panicked at", "its decision panicked", "overflowed its stack", "the partition stops")


def fuzz_binary() -> Path:
    """KLAMM_FUZZ_BIN, else beside the klamm under test."""
    return Path(os.environ.get("KLAMM_FUZZ_BIN") or klamm_binary().with_name("klamm-fuzz"))


def test_no_request_harms_the_server(tmp_path: Path) -> None:
    server = KlammServer(klamm_binary(), tmp_path / "data", tmp_path / "klamm.log")
    server.start()
    try:
        command = [
            str(fuzz_binary()),
            f"--address={server.address}",
            f"--http-address=127.0.0.1:{server.http_port}",
            f"--pid={server.process.pid}",
            f"--requests={os.environ.get('KLAMM_FUZZ_REQUESTS', '50000')}",
        ]
        passed = subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0
        lines = server.log.read_text(errors="replace").splitlines()
        bugs = [line for line in lines if any(word in line for word in BUGS)]
        assert not bugs, "the server's log tells of bugs:\n" + "\n".join(bugs[:20])
        assert passed, f"see above; the end of the server's log:\n{server.log_tail()}"
        verified = server.verify()
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert server.stop() == 0
    finally:
        if server.running():
            server.kill()
