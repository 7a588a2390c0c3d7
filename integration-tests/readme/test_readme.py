"""What the top README shows, done as a stranger would do it: its blocks in their order, in an empty folder, against a klamm of its own. Then
what the pages about commands and about HTTP show, which go on where the README ends.

A block is run when it has lines that begin with `$ `, and what it shows under each command is compared with what the command prints: text
literally, times, ids and durations by their form, and `…` for whatever it leaves out. A program is saved under the name that the text before
it gives. Nothing is skipped but what builds the project or needs a broker (`NOT_RUN`), and that is named here.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from support.ports import free_ports
from support.server import klamm_binary

TOP = Path(__file__).resolve().parents[2]
README = TOP / "README.md"
#: In the order in which their blocks are run.
PAGES = [README, TOP / "docs" / "cli.md", TOP / "docs" / "http.md"]
#: Their blocks are not run here: they build and install (`make fresh-packages` does), or need a broker.
OTHER_PAGES = [TOP / "CONTRIBUTING.md", TOP / "docs" / "packages.md"]
#: How long a command, or what it is waited for, may take.
DEADLINE_S = 60.0

#: Commands of blocks without a prompt: these are not run here, because they build the project, install packages or need a broker.
NOT_RUN = {
    "make dev",
    "make test",
    "make wheel",
    "make dist",
    "pip install klamm-*.whl && klamm dev",
    "uvx --from ./klamm-*.whl klamm dev",
    "npx --package=./klamm-0.1.0.tgz klamm dev",
    "tar xf klamm-0.1.0-x86_64-linux.tar.gz && klamm-0.1.0-x86_64-linux/klamm dev",
    "sha256sum --check SHA256SUMS",
    "KLAMM_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 klamm serve",
    "klamm serve --config klamm.toml",
    "klamm serve --config klamm.toml --check",
    "klamm serve --config klamm.toml --check --connect",
}

#: What differs from run to run, and its form. Applied to what a page shows, in this order.
FORMS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    (r"127\.0\.0\.1:\d+", r"127\.0\.0\.1:\d+"),
    (r"[0-9a-f]{8}-…", r"[0-9a-f]{8}-[0-9a-f-]{27}"),
    (r"\d+ms", r"\d+(?:\.\d+)?m?s"),
    (r"\d+ ms", r"\d+ ms"),
    (r"\d+ rows", r"\d+ rows"),
    (r"^\d+/\d+", r"\d+/\d+"),
    (r"\d+ expected", r"[1-9]\d* expected"),
    (r"\d+ fired", r"[1-9]\d* fired"),
    (r"\d+ under way", r"\d+ under way"),
    (r"\d+ by hand", r"[1-9]\d* by hand"),
    (r"…", r".*"),
    (r" +", r" +"),
]


#: Commands that only read what is indexed or published a moment after it happened.
LISTS = re.compile(r"^temporal workflow list|^curl -s '")


@dataclass
class Block:
    """A block of a page: the last words before it, its language, its lines."""

    before: str
    language: str
    lines: List[str]

    def commands(self) -> Iterator["tuple[str, List[str]]"]:
        """Its commands with what it shows under each."""
        command, shown = "", []
        for line in self.lines:
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            elif command.endswith("\\") and not shown:
                command += f"\n{line}"
            else:
                shown.append(line)
        if command:
            yield command, shown


def blocks(page: Path) -> List[Block]:
    """All of a page, in order."""
    found: List[Block] = []
    before: List[str] = []
    block: List[str] = []
    language = None
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            if language is None:
                language, block = line[3:], []
            else:
                found.append(Block(" ".join(before[-3:]), language, block))
                language, before = None, []
        elif language is None:
            before.append(line)
        else:
            block.append(line)
    return found


def form(shown: str) -> str:
    """A line of a page as a pattern: whatever has a form of its own by that, the rest literally."""
    parts, at = [], 0
    for match in re.finditer("|".join(f"(?:{mark})" for mark, _ in FORMS), shown):
        parts.append(re.escape(shown[at : match.start()]))
        parts.append(next(new for mark, new in FORMS if re.fullmatch(mark, match.group())))
        at = match.end()
    return "".join([*parts, re.escape(shown[at:])])


def differences(shown: List[str], printed: str) -> List[str]:
    """Lines that a page shows and the command does not print, in this order; a line of `…` alone stands for any."""
    lines = [line.rstrip() for line in printed.splitlines()]
    missing, at = [], 0
    anywhere = not shown or shown[0].strip() == "…"
    for expected in (line.rstrip() for line in shown):
        if not expected:
            continue
        if expected.strip() == "…":
            anywhere = True
            continue
        pattern = re.compile(form(expected.strip()))
        candidates = range(at, len(lines)) if anywhere else range(at, min(at + 1, len(lines)))
        found = next((n for n in candidates if pattern.fullmatch(lines[n].strip())), None)
        if found is None:
            missing.append(expected)
        else:
            at, anywhere = found + 1, False
            while at < len(lines) and not lines[at]:
                at += 1
    return missing


class Stranger:
    """Somebody with an empty folder, `klamm`, `temporal` and `python`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.http_port = free_ports(2)
        tools = folder / "bin"
        tools.mkdir()
        cli = os.environ.get("TEMPORAL_CLI") or shutil.which("temporal")
        assert cli, "no temporal CLI: set TEMPORAL_CLI"
        for name, target in {"klamm": klamm_binary(), "temporal": cli}.items():
            (tools / name).symlink_to(target)
        # Python finds the packages of a virtual environment by the path that it is called by, so a link would find none.
        (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (tools / "python").chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "KLAMM_"))}
        self.environment: Dict[str, str] = {
            **kept,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.port}",
            "KLAMM_ADDRESS": f"127.0.0.1:{self.port}",
        }
        self.background: List[subprocess.Popen] = []

    def begin(self, *command: str) -> Path:
        """Begin a command that goes on; the file that its output goes to."""
        output = self.folder / f"output-{len(self.background)}"
        with output.open("wb") as out:
            started = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        self.background.append(started)
        return output

    def serve(self, shown: List[str]) -> None:
        """`make dev`, on ports of its own; it prints what the README shows."""
        output = self.begin("klamm", "dev", "--port", str(self.port), "--http-port", str(self.http_port))
        deadline = time.monotonic() + DEADLINE_S
        while differences(shown, output.read_text()):
            assert time.monotonic() < deadline, f"klamm does not print {differences(shown, output.read_text())}: {output.read_text()}"
            time.sleep(0.05)

    def save(self, name: str, lines: List[str]) -> None:
        """A program of the README, for this klamm's port."""
        text = "\n".join(lines) + "\n"
        assert "localhost:7233" in text
        (self.folder / name).write_text(text.replace("localhost:7233", f"localhost:{self.port}"))

    def run(self, command: str) -> str:
        """A command of a page, with this klamm's HTTP port; what it prints. (How work goes on, on standard error, no page shows.)"""
        done = subprocess.run(
            command.replace("localhost:8233", f"localhost:{self.http_port}"),
            shell=True,
            executable="/bin/bash",
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            text=True,
        )
        assert done.returncode == 0, f"`{command}` ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def end(self) -> None:
        """Whatever goes on, the last begun first."""
        for process in reversed(self.background):
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=DEADLINE_S)

    def see(self, command: str, shown: List[str]) -> None:
        """Run a command that has to print what a page shows. One that only reads a list may see a change a moment late."""
        deadline = time.monotonic() + DEADLINE_S
        while missing := differences(shown, printed := self.run(command)):
            late = LISTS.search(command) and time.monotonic() < deadline
            assert late, f"`{command}` does not print {missing}, but:\n{printed}"
            time.sleep(0.1)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    found = Stranger(tmp_path)
    yield found
    found.end()


def test_what_the_pages_show_is_what_happens(stranger: Stranger) -> None:
    for page in PAGES:
        ran = []
        for block in blocks(page):
            if block.language == "python":
                name = re.findall(r"`(\w+\.py)`", block.before)[-1]
                stranger.save(name, block.lines)
                stranger.begin("python", name)
                continue
            for command, shown in block.commands():
                ran.append(command)
                if command == "make dev":
                    stranger.serve(shown)
                else:
                    stranger.see(command, shown)
        assert len(ran) >= 4, f"{page}: {ran}"


def test_every_block_is_run_or_named() -> None:
    for page in PAGES + OTHER_PAGES:
        for block in blocks(page):
            if page in PAGES and (block.language == "python" or list(block.commands())):
                continue
            commands = {line.split("  #")[0].strip() for line in block.lines}
            assert commands <= NOT_RUN, f"{page}: neither run nor named: {commands - NOT_RUN}"


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(README.read_text().split()) <= 620


#: A link of a page, and an anchor in it.
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, *OTHER_PAGES, *sorted((TOP / "docs").rglob("*.md")), TOP / "ARCHITECTURE.md", TOP / "CHANGELOG.md"]:
        for to, anchor in LINK.findall(page.read_text()):
            if "://" in to:
                continue
            target = (page.parent / to) if to else page
            assert target.exists(), f"{page}: no {to}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, f"{page}: no #{anchor} in {to}"


def test_forms_are_strict_where_the_readme_is() -> None:
    shown = ["…", "   10  2026-11-21T15:46:00Z  WorkflowTaskCompleted", "  Status          COMPLETED"]
    right = "x\n    7  2027-01-02T03:04:05Z  Other\n   10  2027-01-02T03:04:05Z  WorkflowTaskCompleted\n\n  Status          COMPLETED\n"
    assert differences(shown, right) == []
    assert differences(shown, right.replace("COMPLETED", "FAILED")) == [shown[2]]
    assert differences(shown, right.replace("10  ", "11  ")) == [shown[1]]
    assert differences(["8 partitions, 29 rows compared, 0 differences"], "8 partitions, 3 rows compared, 1 differences\n") != []
