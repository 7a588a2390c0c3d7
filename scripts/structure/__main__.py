"""Check how the workspace is put together: `python3 scripts/structure`, a part of `make check`.

1. No circles among the source files of a crate. A file uses the file where a name that it names is *defined*, by whatever path and
   through however many re-exports. Two kinds of line are no use: `mod x;`, and a `pub use` whose names the file itself does not
   name again. So a file that only declares and re-exports is a table of contents, and takes part in no circle. A parent that defines
   something for its children and also calls them does: what is shared goes to a file of its own, which the parent may re-export.
   A method called on `self` counts as a use of the file that defines it, for a type whose methods stand in several files. Tests are
   left out.
2. No Rust file above LINES_MAX lines.
3. No crate of FREE_OF depends on a package that it is to do without, by whatever features its manifest asks for.

What is known and not mended yet stands in known.txt, which explains its lines. A line that is no longer needed is an error too.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Set, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from graph import Graph, circles, way  # noqa: E402
from rust import Crate  # noqa: E402

ROOT = HERE.parents[1]
LINES_MAX = 600
# The C and C++ libraries of log, store and index.
NATIVE = ("rdkafka-sys", "librocksdb-sys", "libsqlite3-sys")
# These crates are built and tested without them, so in seconds.
FREE_OF = {"klamm-engine": NATIVE, "klamm-gateway": NATIVE}
# Circles of a crate that are shown: the shortest.
SHOWN = 20

Use = Tuple[str, str]


def crates() -> List[Path]:
    """Directories of all crates of the workspace."""
    members = re.search(r"^members = \[(.*?)\]", (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert members is not None, "Cargo.toml names the members of the workspace"
    patterns = re.findall(r'"([^"]*)"', members.group(1))
    return sorted(manifest.parent for pattern in patterns for manifest in ROOT.glob(f"{pattern}/Cargo.toml"))


def name_of(file: Path) -> str:
    """A file's name in the repository."""
    return file.relative_to(ROOT).as_posix()


def uses_of(crate: Path) -> Dict[Use, Set[str]]:
    """Which file of a crate uses which other, and what of it. A crate may have several roots."""
    uses: Dict[Use, Set[str]] = {}
    for root in [crate / "src/lib.rs", crate / "src/main.rs", crate / "build.rs", *sorted(crate.glob("src/bin/*.rs"))]:
        if root.is_file():
            for user, used, what in Crate(root).uses():
                uses.setdefault((name_of(user), name_of(used)), set()).add(what)
    return uses


def graph_of(uses: Set[Use]) -> Graph:
    """The uses as a graph."""
    graph: Graph = {}
    for user, used in uses:
        graph.setdefault(user, set()).add(used)
        graph.setdefault(used, set())
    return graph


def circle_problems(uses: Dict[Use, Set[str]], known: Set[Use]) -> List[str]:
    """Circles that are left without the known uses, and known uses that are no part of a circle."""
    graph = graph_of(uses.keys() - known)
    found = circles(graph)
    problems = []
    for circle in found[:SHOWN]:
        steps = [f"    {user} uses {', '.join(sorted(uses[user, used])[:3])}" for user, used in zip(circle, circle[1:])]
        problems.append("\n".join([f"circle: {' -> '.join(circle)}", *steps]))
    if len(found) > SHOWN:
        problems.append(f"… and {len(found) - SHOWN} longer circles")
    for user, used in sorted(known):
        if (user, used) not in uses or way(graph, used, user) is None:
            problems.append(f"known.txt: no longer needed: circle {user} -> {used}")
    return problems


def length_problems(known: Set[str]) -> List[str]:
    """Files that are too long, and known ones that are not."""
    problems = []
    files = {name_of(file): file for crate in crates() for file in crate.rglob("*.rs")}
    for name, file in sorted(files.items()):
        lines = file.read_text(encoding="utf-8").count("\n")
        if lines > LINES_MAX and name not in known:
            problems.append(f"{name} has {lines} lines; at most {LINES_MAX}")
        if lines <= LINES_MAX and name in known:
            problems.append(f"known.txt: no longer needed: long {name}")
    problems += [f"known.txt: no longer needed: long {name}" for name in sorted(known - files.keys())]
    return problems


def dependency_problems() -> List[str]:
    """Crates that depend on what they are to do without."""
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    problems = [f"Cargo.lock knows no {package}: it has another name now" for package in NATIVE if f'name = "{package}"' not in lock]
    for crate, packages in FREE_OF.items():
        for edges in ("no-dev", "normal,build,dev"):
            command = ["cargo", "tree", "--package", crate, "--edges", edges, "--prefix", "none", "--format", "{p}"]
            listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = {line.split(" ")[0] for line in listed.splitlines() if line}
            for package in sorted(found.intersection(packages)):
                problems.append(f"{crate} depends on {package}: cargo tree -p {crate} -e {edges} -i {package}")
    return problems


def read_known(text: str) -> Tuple[Set[Use], Set[str]]:
    """Known uses and known long files."""
    uses: Set[Use] = set()
    files: Set[str] = set()
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) == 4 and words[0] == "circle" and words[2] == "->":
            uses.add((words[1], words[3]))
        elif len(words) == 2 and words[0] == "long":
            files.add(words[1])
        elif words:
            raise ValueError(f"known.txt: not a line: {line}")
    return uses, files


def main() -> int:
    """Checks everything; 1 when something is wrong."""
    known_uses, known_files = read_known((HERE / "known.txt").read_text(encoding="utf-8"))
    uses: Dict[Use, Set[str]] = {}
    for crate in crates():
        uses.update(uses_of(crate))
    problems = circle_problems(uses, known_uses) + length_problems(known_files) + dependency_problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
