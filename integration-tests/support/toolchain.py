"""What the suites need beside klamm, installed into the cache directory, never into the tree.

Standard library only.
"""

import fcntl
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Optional, Tuple

#: The project, and its integration tests.
_PROJECT = Path(__file__).resolve().parents[2]
ROOT = _PROJECT / "integration-tests"

#: Suites run at once: only one of them installs.
_INSTALLING = threading.RLock()

#: The CLI release that the CLI suite drives.
CLI_VERSION = "v1.5.1"
#: The release of Temporal's web UI whose server the HTTP suite drives.
UI_SERVER_VERSION = "v2.54.0"

#: The Go that is brought where the system has none or an older one than the go.mod files of the project ask for, as the module proxy has
#: it, with the SHA-256 of its archive.
GO_VERSION = "1.26.8"
GO_ARCHIVES = {
    "linux-amd64": "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
    "linux-arm64": "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99",
}

#: The oldest Node.js that Vite and Temporal's SDK take, and the one that is installed where the system's is older.
NODE_OLDEST = (20, 19)
NODE_VERSION = "22.23.3"


def one_at_a_time(install: Callable[..., Path]) -> Callable[..., Path]:
    """The same function, waiting while another that was made so runs."""

    @functools.wraps(install)
    def waiting(*arguments: Path) -> Path:
        with _INSTALLING:
            return install(*arguments)

    return waiting


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/klamm`, by default `~/.cache/klamm`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "klamm"


@one_at_a_time
def ensure_venv(requirements: Path) -> Path:
    """A virtual environment with exactly these requirements; its python.

    The directory is named for the file's content, so a changed pin makes a new
    one; an interrupted install leaves no finished-looking directory behind.
    """
    fingerprint = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    venv = cache_dir() / f"integration-venv-{fingerprint}"
    done = venv / ".complete"
    if not done.exists():
        print(f"installing {requirements.name} into {venv}", flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--requirement", str(requirements)], check=True)
        done.touch()
    return venv / "bin" / "python"


def go_oldest() -> Tuple[int, ...]:
    """The version that all Go modules of the project are content with: the newest that a go.mod names."""
    wanted = [(0,)]
    for folder in ("integration-tests", "bench"):
        for file in (_PROJECT / folder).rglob("go.mod"):
            found = re.search(r"^go (\S+)$", file.read_text(), re.MULTILINE)
            if found:
                wanted.append(_numbers(found.group(1)))
    return max(wanted)


def _numbers(version: str) -> Tuple[int, ...]:
    """`1.26.8` or `1.27rc1` as numbers that compare."""
    return tuple(int(part) for part in re.match(r"[0-9.]*", version).group().strip(".").split(".") if part)


def _go_version(go: Path) -> Optional[Tuple[int, ...]]:
    """The version of this Go as it is, without what it would fetch by itself; None where it does not run."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    told = subprocess.run([str(go), "version"], stdout=subprocess.PIPE, text=True, env=environment, cwd="/", check=False)
    found = re.match(r"go version go(\S+)", told.stdout)
    return _numbers(found.group(1)) if told.returncode == 0 and found else None


@one_at_a_time
def ensure_go() -> Path:
    """A `go` that is new enough for every module of the project: the system's, else one from Go's module proxy.

    All that calls Go asks here, or calls `scripts/go`, which does.
    """
    oldest = go_oldest()
    if _numbers(GO_VERSION) < oldest:
        raise SystemExit(f"a go.mod asks for Go {oldest}, and support/toolchain.py brings {GO_VERSION}\nhint: raise GO_VERSION")
    found = shutil.which("go")
    if found is not None and (_go_version(Path(found)) or (0,)) >= oldest:
        return Path(found)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    target = f"{platform.system().lower()}-{machine}"
    if target not in GO_ARCHIVES:
        raise SystemExit(f"Go {'.'.join(map(str, oldest))} or newer is needed\nhint: install it from https://go.dev/dl")
    directory = cache_dir() / f"go-{GO_VERSION}-{target}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Processes wait for each other, too: make and the suites may come here at once.
    with (directory.parent / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / ".complete").exists():
            print(f"Go is missing or too old: installing {GO_VERSION} into {directory}", file=sys.stderr, flush=True)
            _fetch_go(directory, target)
    return directory / "bin" / "go"


def _fetch_go(directory: Path, target: str) -> None:
    """Unpack Go's archive; an interrupted install leaves no finished-looking directory behind."""
    proxies = re.split(r"[,|]", os.environ.get("GOPROXY", ""))
    proxy = next((proxy for proxy in proxies if proxy.startswith("http")), "https://proxy.golang.org").rstrip("/")
    name = f"golang.org/toolchain@v0.0.1-go{GO_VERSION}.{target}"
    module, version = name.split("@")
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="go-") as fetched:
        archive = Path(fetched) / "go.zip"
        with urllib.request.urlopen(f"{proxy}/{module}/@v/{version}.zip", timeout=60) as response, archive.open("wb") as file:
            shutil.copyfileobj(response, file)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != GO_ARCHIVES[target]:
            raise SystemExit(f"{proxy} gave a Go {GO_VERSION} for {target} with SHA-256 {digest}\nhint: {GO_ARCHIVES[target]} was expected")
        with zipfile.ZipFile(archive) as content:
            content.extractall(fetched)
        unpacked = Path(fetched) / name
        # Archives of modules have no modes.
        for folder in ("bin", "pkg/tool"):
            for program in (unpacked / folder).rglob("*"):
                program.chmod(0o755)
        (unpacked / ".complete").touch()
        shutil.rmtree(directory, ignore_errors=True)
        unpacked.rename(directory)


@one_at_a_time
def ensure_node() -> Path:
    """The directory of a `node` that Temporal's SDK runs on: the system's, else one that npm brings as a package."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise SystemExit("the suites in TypeScript need Node.js and npm, which are not installed\nhint: make setup-test")
    version = subprocess.run([found, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2]) >= NODE_OLDEST:
        return Path(found).parent
    package = f"node-linux-{'arm64' if platform.machine() == 'aarch64' else 'x64'}"
    directory = cache_dir() / f"{package}-{NODE_VERSION}"
    binary = directory / "node_modules" / package / "bin"
    if not (binary / "node").exists():
        print(f"Node.js {version.strip()} is too old: installing {NODE_VERSION} into {directory}", flush=True)
        directory.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(directory), f"{package}@{NODE_VERSION}"]
        subprocess.run(command, cwd=directory, check=True)
    return binary


@one_at_a_time
def ensure_node_project(project: Path) -> Path:
    """A directory in the cache with the installed packages of a Node.js project, as its lock file pins them."""
    node = ensure_node() / "node"
    version = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    pinned = b"".join((project / name).read_bytes() for name in ("package.json", "package-lock.json"))
    fingerprint = hashlib.sha256(pinned + version.encode()).hexdigest()[:12]
    directory = cache_dir() / f"integration-{project.name}-{fingerprint}"
    done = directory / ".complete"
    if not done.exists():
        print(f"installing the packages of {project.name} into {directory}", flush=True)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(project / name, directory)
        # Not `npm ci`, which refuses a lock file without the optional packages of platforms that nobody here has.
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=directory, check=True)
        done.touch()
    return directory


@contextmanager
def node_sources(project: Path) -> Iterator[Path]:
    """A copy of a Node.js project's sources beside its installed packages, where Node.js looks for those."""
    packages = ensure_node_project(project)
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as directory:
        folder = Path(directory)
        for name in ("package.json", "tsconfig.json"):
            shutil.copy(project / name, folder)
        shutil.copytree(project / "src", folder / "src")
        yield folder


@contextmanager
def ui_sources(project: Path) -> Iterator[Path]:
    """A copy of the web UI's sources, without what is built, beside its installed packages."""
    packages = ensure_node_project(project)
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as directory:
        folder = Path(directory) / "ui"
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "test-results"))
        yield folder


@one_at_a_time
def ensure_maven_project(project: Path) -> Path:
    """A directory in the cache with the jar of a Maven project and in `libs` all that it needs at run time.

    The directory is named for the project's sources, so that Maven, which asks
    its repository, runs only when they have changed.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in project.rglob("*") if path.suffix in (".xml", ".java", ".properties")):
        digest.update(file.read_bytes())
    name = "-".join(project.relative_to(ROOT).parts)
    directory = cache_dir() / f"integration-{name}-{digest.hexdigest()[:12]}"
    done = directory / ".complete"
    if not done.exists():
        if shutil.which("mvn") is None:
            raise SystemExit(f"{name} is built by Maven, which is not installed\nhint: make setup-test")
        print(f"building {name} into {directory}", flush=True)
        command = ["mvn", "-q", "-B", "package", f"-Doutput={directory}"]
        subprocess.run(command, cwd=project, check=True, stdin=subprocess.DEVNULL)
        done.touch()
    return directory


def ensure_go_program(name: str, package: str, version: str, what: str) -> Path:
    """The program of a Go package in this version, under this name, built by `go install` when missing."""
    directory = cache_dir() / "bin"
    binary = directory / name
    stamp = directory / f"{name}-{version}"
    if not (binary.exists() and stamp.exists()):
        print(f"building {what} {version} into {directory} (some minutes, once)", flush=True)
        directory.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(directory), "GOFLAGS": ""}
        subprocess.run([str(ensure_go()), "install", f"{package}@{version}"], check=True, env=environment)
        # `go install` names a program by its package's folder.
        built = directory / package.rsplit("/", 1)[1]
        if built != binary:
            built.rename(binary)
        stamp.touch()
    return binary


@one_at_a_time
def ensure_ui_server() -> Path:
    """The server of Temporal's web UI of the pinned version."""
    return ensure_go_program("ui-server", "github.com/temporalio/ui-server/v2/cmd/server", UI_SERVER_VERSION, "Temporal's UI server")


@one_at_a_time
def ensure_cli() -> Path:
    """The `temporal` CLI of the pinned version."""
    return ensure_go_program("temporal", "github.com/temporalio/cli/cmd/temporal", CLI_VERSION, "the temporal CLI")
