"""The suites: what each runs, and on which logs. Standard library only."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Tuple

from .toolchain import ensure_cli, ensure_node_project, ensure_venv

ROOT = Path(__file__).resolve().parents[1]

Environment = Dict[str, str]


@dataclass(frozen=True)
class Suite:
    """`shares` says that it uses the server that others use too; else it starts its own, of all kinds it needs."""

    run: Callable[[Environment, List[str]], bool]
    shares: bool
    logs: Tuple[str, ...] = ("embedded", "kafka")


def run(command: List[str], folder: Path, environment: Environment) -> bool:
    """Run one command with its output shown; whether it succeeded."""
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode == 0


def pytest_folder(folder: str, *own: str) -> Callable[[Environment, List[str]], bool]:
    """One folder of pytest tests in the shared virtual environment."""

    def suite(environment: Environment, options: List[str]) -> bool:
        python = ensure_venv(ROOT / "python" / "requirements.txt")
        command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", *own, *options]
        return run(command, ROOT / folder, environment)

    return suite


def cli_suite(environment: Environment, options: List[str]) -> bool:
    return pytest_folder("cli")({**environment, "TEMPORAL_CLI": str(ensure_cli())}, options)


def go_suite(environment: Environment, options: List[str]) -> bool:
    if shutil.which("go") is None:
        raise SystemExit("the go suite needs Go, which is not installed\nhint: see README.md")
    # The tests mostly wait, so more of them run at once than there are cores.
    return run(["go", "test", "-count=1", "-parallel=8", "-timeout=240s", *options, "./..."], ROOT / "go", environment)


def typescript_suite(environment: Environment, options: List[str]) -> bool:
    """Type checks, bundles and runs a copy of the sources beside the installed packages, where Node.js looks for those."""
    packages = ensure_node_project(ROOT / "typescript")
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as directory:
        folder = Path(directory)
        for name in ("package.json", "tsconfig.json"):
            shutil.copy(ROOT / "typescript" / name, folder)
        shutil.copytree(ROOT / "typescript" / "src", folder / "src")
        bundle = folder / "workflows.js"
        npm = ["npm", "run", "--silent", "--loglevel=error"]
        return (
            run([*npm, "check"], folder, environment)
            and run([*npm, "bundle", "--", str(bundle)], folder, environment)
            and run([*npm, "scenarios", "--", *options], folder, {**environment, "WORKFLOW_BUNDLE": str(bundle)})
        )


SUITES: Dict[str, Suite] = {
    "python": Suite(pytest_folder("python"), shares=True),
    "go": Suite(go_suite, shares=True),
    "cli": Suite(cli_suite, shares=True),
    "typescript": Suite(typescript_suite, shares=True),
    # Its progress (seed, kills) is shown as it happens.
    "crash": Suite(pytest_folder("crash", "-s"), shares=False),
    "consumers": Suite(pytest_folder("consumers/python"), shares=False, logs=("kafka",)),
    "security": Suite(pytest_folder("security"), shares=False, logs=("kafka",)),
    "faults": Suite(pytest_folder("faults"), shares=False, logs=("kafka",)),
}

#: What runs when nothing is named.
PLAN = [
    ("embedded", ["python", "go", "cli", "typescript", "crash"]),
    ("kafka", ["consumers"]),
]
