"""The package for npm: the binary as its command, for Linux with glibc. No script runs when it is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: As npm names architectures.
CPU = {"x86_64": "x64", "aarch64": "arm64"}


def make(binary: Path, version: str, architecture: str, work: Path, out: Path) -> Path:
    """Write `klamm-VERSION.tgz` to `out`."""
    if shutil.which("npm") is None:
        raise SystemExit("error: npm is missing\nhint: scripts/setup dist installs it")
    tree = work / "npm"
    (tree / "bin").mkdir(parents=True)
    shutil.copy2(binary, tree / "bin" / "klamm")
    for name in ("LICENSE", "README.md"):
        shutil.copy2(ROOT / name, tree / name)
    manifest = {
        "name": "klamm",
        "version": version,
        "description": "Durable execution and scheduling on Kafka that speaks Temporal's API",
        "license": "Apache-2.0",
        "keywords": ["durable execution", "workflows", "schedules", "kafka", "temporal"],
        "bin": {"klamm": "bin/klamm"},
        "files": ["bin/klamm"],
        "os": ["linux"],
        "cpu": [CPU[architecture]],
        "libc": ["glibc"],
    }
    (tree / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    command = ["npm", "pack", "--silent", "--pack-destination", str(out)]
    subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "npm_config_update_notifier": "false"})
    return out / f"klamm-{version}.tgz"
