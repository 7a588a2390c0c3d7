"""What the suites need beside klamm, installed into the cache directory, never into the tree.

Standard library only.
"""

import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable

#: Suites run at once: only one of them installs.
_INSTALLING = threading.RLock()

#: The CLI release that the CLI suite drives.
CLI_VERSION = "v1.5.1"

#: The oldest Node.js that Temporal's SDK takes, and the one that is installed where the system's is older.
NODE_OLDEST = (20, 3)
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


@one_at_a_time
def ensure_node() -> Path:
    """The directory of a `node` that Temporal's SDK runs on: the system's, else one that npm brings as a package."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise SystemExit("the typescript suite needs Node.js and npm, which are not installed\nhint: make setup-test")
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


@one_at_a_time
def ensure_cli() -> Path:
    """The `temporal` CLI of the pinned version, built by `go install` when missing."""
    directory = cache_dir() / "bin"
    binary = directory / "temporal"
    stamp = directory / f"temporal-{CLI_VERSION}"
    if not (binary.exists() and stamp.exists()):
        go = shutil.which("go")
        if go is None:
            raise SystemExit("the CLI suite builds the temporal CLI with Go, which is not installed\nhint: see README.md")
        print(f"building the temporal CLI {CLI_VERSION} into {directory} (some minutes, once)", flush=True)
        directory.mkdir(parents=True, exist_ok=True)
        package = f"github.com/temporalio/cli/cmd/temporal@{CLI_VERSION}"
        environment = {**os.environ, "GOBIN": str(directory), "GOFLAGS": ""}
        subprocess.run([go, "install", package], check=True, env=environment)
        stamp.touch()
    return binary
