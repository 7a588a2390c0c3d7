"""The web UI: its own tests, whether what is checked in is what would be built, and its pages in a browser.

The pages are those of a `klamm dev` of its own, with a worker and runs that `world.py` makes. `KLAMM_UI_PICTURES` names a folder to which
pictures of all screens go (docs/ui, for docs/ui.md).
"""

import filecmp
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

from support.server import KlammServer, klamm_binary
from support.toolchain import ensure_node, ui_sources

HERE = Path(__file__).resolve().parent
UI = HERE.parents[1] / "ui"
#: Runs of the list that is scrolled through.
MANY = 100_000


@pytest.fixture(scope="module")
def sources() -> Iterator[Path]:
    """The UI's sources beside its installed packages."""
    with ui_sources(UI) as folder:
        yield folder


PAYMENTS = """
trigger: payments
namespace: default
source: {topic: shop.payments, format: json}
rules:
  - when: "value.kind == 'payment'"
    signal: {id: "invoice-${value.id}", name: pay, missing: skip}
    args: [{path: value}]
"""


def npx(folder: Path, *command: str, **variables: str) -> None:
    """Run a program of the UI's packages; its output is this process's."""
    path = f"{ensure_node()}:{os.environ['PATH']}"
    done = subprocess.run(["npx", "--no-install", *command], cwd=folder, env={**os.environ, "PATH": path, **variables}, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, " ".join(command)


def test_types_and_logic(sources: Path) -> None:
    npx(sources, "tsc", "--project", ".")
    npx(sources, "vitest", "run")


def files_below(folder: Path) -> List[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_what_is_checked_in_is_what_is_built(sources: Path) -> None:
    npx(sources, "vite", "build", "--logLevel", "warn")
    built, kept = sources / "dist", UI / "dist"
    hint = "ui/dist is not what ui/ builds\nhint: make ui, and commit ui/dist"
    assert files_below(built) == files_below(kept), hint
    assert [path for path in files_below(built) if not filecmp.cmp(built / path, kept / path, shallow=False)] == [], hint


def declare_trigger(server: KlammServer, folder: Path) -> None:
    """A trigger of payments for workflows that nobody has: two of its records are good, one is filtered, two cannot be used."""
    file = folder / "payments.yaml"
    file.write_text(PAYMENTS)
    records = ['{"kind": "payment", "id": 1}', '{"kind": "payment", "id": 2}', '{"kind": "other"}', "no json", '{"kind": "payment"}']
    for arguments in [("apply", "-f", str(file)), *(("topics", "produce", "shop.payments", "--key", "k", record) for record in records)]:
        ended = server.command(*arguments)
        assert ended.returncode == 0, ended.stderr


def test_pages_in_a_browser(sources: Path, tmp_path: Path) -> None:
    server = KlammServer(klamm_binary(), tmp_path / "data", tmp_path / "klamm.log")
    server.start()
    world = subprocess.Popen(
        [sys.executable, str(HERE / "world.py"), server.address, str(MANY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "world.log").open("w"),
        text=True,
    )
    try:
        # The SDK may say something there too.
        assert any(line == "ready\n" for line in world.stdout), (tmp_path / "world.log").read_text()[-2000:]
        declare_trigger(server, tmp_path)
        npx(sources, "playwright", "test", KLAMM_UI_URL=f"http://localhost:{server.http_port}", KLAMM_UI_RESULTS=str(tmp_path / "results"))
        assert server.stop() == 0
    finally:
        world.stdin.close()
        try:
            world.wait(20)
        except subprocess.TimeoutExpired:
            world.kill()
        if server.running():
            server.kill()
