"""The suites: what each runs, and on which logs. Standard library only."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, Dict, List, Optional, Tuple

from .kafka import java
from .toolchain import ensure_cli, ensure_go, ensure_maven_project, ensure_node, ensure_ui_server, ensure_venv, node_sources

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


def readme_suite(call: Call) -> bool:
    return pytest_folder("readme")(call, TEMPORAL_CLI=str(ensure_cli()))


def http_suite(call: Call) -> bool:
    """Temporal's web UI server is one of its clients."""
    return pytest_folder("http")(call, UI_SERVER=str(ensure_ui_server()))


def crash_suite(call: Call) -> bool:
    """On Kafka brokers are killed, too: other tests. Progress (seed, kills) is shown as it happens."""
    on_kafka = call.environment.get("KLAMM_IT_LOG") == "kafka"
    files = ["test_crash_on_kafka.py", "test_records_on_kafka.py"] if on_kafka else ["test_crash.py", "test_namespaces.py"]
    return pytest_folder("crash", "-s", *files)(call)


#: Tests of records that take as long as all the others together: many activities by the example workers, and share consumers.
WORKERS = ("test_example_workers.py", "test_share_groups.py")


def records_suite(call: Call) -> bool:
    return pytest_folder("records", *(f"--ignore={file}" for file in WORKERS))(call)


def schedules_suite(call: Call) -> bool:
    """Fewer schedules for a shorter time than what the test takes by itself (500 for a minute), unless the environment says otherwise."""
    small = {"KLAMM_IT_SCHEDULES": "200", "KLAMM_IT_SCHEDULE_SECONDS": "30", "KLAMM_IT_SCHEDULE_KILLS": "4"}
    variables = {name: call.environment.get(name, value) for name, value in small.items()}
    return pytest_folder("crash", "-s", "test_schedules.py")(call, **variables)


#: The Go test that measures how long workflows take at most. Beside other suites it would measure those.
BURSTS = "TestADefaultWorkerNeverStandsStill"


def go_suite(call: Call) -> bool:
    # The tests mostly wait, so more of them run at once than there are cores.
    return call.run([str(ensure_go()), "test", "-count=1", "-parallel=8", "-timeout=240s", f"-skip={BURSTS}", *call.options, "./..."], ROOT / "go")


def bursts_suite(call: Call) -> bool:
    return call.run([str(ensure_go()), "test", "-count=1", "-timeout=240s", "-v", f"-run={BURSTS}", *call.options, "."], ROOT / "go")


def typescript_suite(call: Call) -> bool:
    """Type checks, bundles and runs a copy of the sources beside the installed packages, where Node.js looks for those."""
    with node_sources(ROOT / "typescript") as folder:
        bundle = folder / "workflows.js"
        npm = ["npm", "run", "--silent", "--loglevel=error"]
        variables = {"PATH": f"{ensure_node()}:{os.environ['PATH']}", "WORKFLOW_BUNDLE": str(bundle)}
        return (
            call.run([*npm, "check"], folder, **variables)
            and call.run([*npm, "bundle", "--", str(bundle)], folder, **variables)
            and call.run([*npm, "scenarios", "--", *call.options], folder, **variables)
        )


def java_suite(call: Call) -> bool:
    built = ensure_maven_project(ROOT / "java")
    classes = f"{built / 'scenarios.jar'}:{built / 'libs'}/*"
    # The JVM is alive for half a minute: the second compiler would only take cores from the server.
    command = [java(), "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", classes, "org.junit.platform.console.ConsoleLauncher", "execute"]
    shown = ["--scan-class-path", str(built / "scenarios.jar"), "--disable-banner", "--details=tree"]
    return call.run([*command, *shown, *call.options], ROOT / "java")


def soak_suite(call: Call) -> bool:
    """A short soak, unless the environment says otherwise (five minutes by itself). Its progress is shown as it happens.

    Queries by themselves are measured on the embedded log only.
    """
    files = ["test_soak.py"] if call.environment.get("KLAMM_IT_LOG") == "kafka" else []
    seconds = call.environment.get("KLAMM_IT_SOAK_SECONDS", "75")
    every = call.environment.get("KLAMM_IT_SOAK_KILL_EVERY", "30")
    return pytest_folder("soak", "-s", *files)(call, KLAMM_IT_SOAK_SECONDS=seconds, KLAMM_IT_SOAK_KILL_EVERY=every)


SUITES: Dict[str, Suite] = {
    "python": Suite(pytest_folder("python"), shares=True),
    "go": Suite(go_suite, shares=True),
    "bursts": Suite(bursts_suite, shares=True),
    "cli": Suite(cli_suite, shares=True),
    "typescript": Suite(typescript_suite, shares=True),
    "java": Suite(java_suite, shares=True),
    "soak": Suite(soak_suite, shares=False),
    "readme": Suite(readme_suite, shares=False, logs=("embedded",)),
    "ui": Suite(pytest_folder("ui", "-s"), shares=False, logs=("embedded",)),
    "crash": Suite(crash_suite, shares=False),
    "schedules": Suite(schedules_suite, shares=False),
    "fuzz": Suite(pytest_folder("fuzz", "-s"), shares=False, logs=("embedded",)),
    "http": Suite(http_suite, shares=False, logs=("embedded",)),
    "records": Suite(records_suite, shares=False),
    "workers": Suite(pytest_folder("records", *WORKERS), shares=False, logs=("kafka",)),
    "consumers": Suite(pytest_folder("consumers/python"), shares=False, logs=("kafka",)),
    "security": Suite(pytest_folder("security"), shares=False, logs=("kafka",)),
    "faults": Suite(pytest_folder("faults"), shares=False, logs=("kafka",)),
}

#: What runs when nothing is named: on each log waves of suites, those of a wave at once. On the embedded log, what would differ there.
#: The soak is run by name.
PLAN = [
    ("embedded", [["python", "go", "cli"], ["bursts"], ["fuzz", "readme", "http", "records"], ["ui", "schedules"], ["crash"]]),
    ("kafka", [["python", "go", "cli", "typescript"], ["bursts"], ["java", "schedules", "workers"], ["consumers", "security", "faults", "records"], ["crash"]]),
]
