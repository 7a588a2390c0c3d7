"""The suites: what each runs, and on which logs. Standard library only."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, Dict, List, Optional, Tuple

from .toolchain import ensure_cli, ensure_node, ensure_node_project, ensure_venv

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Call:
    """How a suite is run: variables, options for its own tool, and where its output goes (None: to ours)."""

    environment: Dict[str, str]
    options: List[str]
    output: Optional[IO[str]] = None

    def run(self, command: List[str], folder: Path, **variables: str) -> bool:
        """Run one command; whether it succeeded."""
        return (
            subprocess.run(
                command,
                cwd=folder,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=self.output,
                stderr=subprocess.STDOUT if self.output else None,
            ).returncode
            == 0
        )


@dataclass(frozen=True)
class Suite:
    """`shares` says that it uses the server that others use too; else it starts its own, of all kinds it needs."""

    run: Callable[[Call], bool]
    shares: bool
    logs: Tuple[str, ...] = ("embedded", "kafka")


def pytest_folder(folder: str, *own: str) -> Callable[[Call], bool]:
    """One folder of pytest tests in the shared virtual environment."""

    def suite(call: Call, **variables: str) -> bool:
        python = ensure_venv(ROOT / "python" / "requirements.txt")
        command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", *own, *call.options]
        return call.run(command, ROOT / folder, **variables)

    return suite


def cli_suite(call: Call) -> bool:
    return pytest_folder("cli")(call, TEMPORAL_CLI=str(ensure_cli()))


def crash_suite(call: Call) -> bool:
    """On Kafka brokers are killed, too: another test. Its progress (seed, kills) is shown as it happens."""
    file = "test_crash_on_kafka.py" if call.environment.get("KLAMM_IT_LOG") == "kafka" else "test_crash.py"
    return pytest_folder("crash", "-s", file)(call)


def schedules_suite(call: Call) -> bool:
    """Fewer schedules for a shorter time than what the test takes by itself (500 for a minute), unless the environment says otherwise."""
    small = {"KLAMM_IT_SCHEDULES": "200", "KLAMM_IT_SCHEDULE_SECONDS": "30", "KLAMM_IT_SCHEDULE_KILLS": "4"}
    variables = {name: call.environment.get(name, value) for name, value in small.items()}
    return pytest_folder("crash", "-s", "test_schedules.py")(call, **variables)


def go_suite(call: Call) -> bool:
    if shutil.which("go") is None:
        raise SystemExit("the go suite needs Go, which is not installed\nhint: see README.md")
    # The tests mostly wait, so more of them run at once than there are cores.
    return call.run(["go", "test", "-count=1", "-parallel=8", "-timeout=240s", *call.options, "./..."], ROOT / "go")


def typescript_suite(call: Call) -> bool:
    """Type checks, bundles and runs a copy of the sources beside the installed packages, where Node.js looks for those."""
    packages = ensure_node_project(ROOT / "typescript")
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as directory:
        folder = Path(directory)
        for name in ("package.json", "tsconfig.json"):
            shutil.copy(ROOT / "typescript" / name, folder)
        shutil.copytree(ROOT / "typescript" / "src", folder / "src")
        bundle = folder / "workflows.js"
        npm = ["npm", "run", "--silent", "--loglevel=error"]
        variables = {"PATH": f"{ensure_node()}:{os.environ['PATH']}", "WORKFLOW_BUNDLE": str(bundle)}
        return (
            call.run([*npm, "check"], folder, **variables)
            and call.run([*npm, "bundle", "--", str(bundle)], folder, **variables)
            and call.run([*npm, "scenarios", "--", *call.options], folder, **variables)
        )


SUITES: Dict[str, Suite] = {
    "python": Suite(pytest_folder("python"), shares=True),
    "go": Suite(go_suite, shares=True),
    "cli": Suite(cli_suite, shares=True),
    "typescript": Suite(typescript_suite, shares=True),
    "crash": Suite(crash_suite, shares=False),
    "schedules": Suite(schedules_suite, shares=False),
    "consumers": Suite(pytest_folder("consumers/python"), shares=False, logs=("kafka",)),
    "security": Suite(pytest_folder("security"), shares=False, logs=("kafka",)),
    "faults": Suite(pytest_folder("faults"), shares=False, logs=("kafka",)),
}

#: What runs when nothing is named: on each log waves of suites, those of a wave at once. On the embedded log, what would differ there.
PLAN = [
    ("embedded", [["python", "go", "cli"], ["schedules"], ["crash"]]),
    ("kafka", [["python", "go", "cli", "typescript"], ["consumers", "security", "faults"], ["schedules"], ["crash"]]),
]
