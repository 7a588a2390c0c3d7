"""What the suites need beside klamm, installed into the cache directory, never into the tree.

Standard library only.
"""

import functools
import hashlib
import os
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
def ensure_node_project(project: Path) -> Path:
    """A directory in the cache with the installed packages of a Node.js project, as its lock file pins them."""
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
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
