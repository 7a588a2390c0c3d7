"""The binary that is packed: stripped, and what it needs of a machine. Standard library only."""

import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import List

#: The libraries that klamm may need, all of the C and C++ run-time: every glibc distribution has them. docs/packages.md names them. (Before
#: glibc 2.34, those of the second line were libraries of their own.)
MAY_NEED = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"} | {
    *("libdl.so.2", "libpthread.so.0", "librt.so.1")
}


def stripped(binary: Path, to: Path) -> Path:
    """A copy without symbols, which can be run."""
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "--strip-all", "-o", str(to), str(binary)], check=True)
    to.chmod(0o755)
    return to


def needs(binary: Path) -> List[str]:
    """The libraries that the loader looks for."""
    listed = subprocess.run(["readelf", "--dynamic", "--wide", str(binary)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted(re.findall(r"\(NEEDED\).*\[(.*)\]", listed))


def check(binary: Path) -> None:
    """Ends the program if the binary could not run on another machine."""
    foreign = set(needs(binary)) - MAY_NEED
    if foreign:
        raise SystemExit(f"error: {binary} needs {', '.join(sorted(foreign))}, which other machines may not have\nhint: docs/packages.md says what it may need")


def version(binary: Path) -> str:
    """As the binary tells it."""
    return subprocess.run([str(binary), "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[1]


def architecture() -> str:
    """The machine's, as Linux names it. klamm is built for the machine that builds it."""
    if platform.system() != "Linux" or shutil.which("readelf") is None:
        raise SystemExit("error: packages are made on Linux, with binutils")
    return platform.machine()
