"""The wheel: the binary as a script of a Python package without Python code.

Not made by maturin: it runs cargo itself, for one package, which is another selection of features than everywhere here, so it would compile
RocksDB once more and pack another binary than the one that was tested. The tools used here are the Python Packaging Authority's: `wheel`
packs and writes the hashes, `auditwheel` says by the binary's symbols which Linux it runs on.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

METADATA = """\
Metadata-Version: 2.4
Name: klamm
Version: {version}
Summary: Durable execution and scheduling on Kafka that speaks Temporal's API
License-Expression: Apache-2.0
License-File: LICENSE
Keywords: durable execution,workflows,schedules,Kafka,Temporal
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Rust
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: klamm
Root-Is-Purelib: false
Tag: py3-none-linux_{architecture}
"""


def make(python: Path, binary: Path, sbom: Path, version: str, architecture: str, work: Path, out: Path, made_at: int) -> Path:
    """Write the wheel to `out`, named for the oldest glibc that it runs on. `python` has requirements.txt."""
    tree = work / "wheel"
    info = tree / f"klamm-{version}.dist-info"
    scripts = tree / f"klamm-{version}.data" / "scripts"
    (info / "licenses").mkdir(parents=True)
    (info / "sboms").mkdir()
    scripts.mkdir(parents=True)
    shutil.copy2(binary, scripts / "klamm")
    shutil.copy2(ROOT / "LICENSE", info / "licenses" / "LICENSE")
    shutil.copy2(sbom, info / "sboms" / "klamm.cdx.json")
    (info / "METADATA").write_text(METADATA.format(version=version, readme=(ROOT / "README.md").read_text()))
    (info / "WHEEL").write_text(WHEEL.format(architecture=architecture))

    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(made_at)}

    def tool(*command: str) -> str:
        return subprocess.run([str(python), "-m", *command], stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout

    tool("wheel", "pack", str(tree), "--dest-dir", str(work))
    packed = work / f"klamm-{version}-py3-none-linux_{architecture}.whl"
    found = json.loads(tool("auditwheel", "show", "--json", str(packed)))
    policy = found["overall_tag"]
    if not policy.startswith("manylinux"):
        raise SystemExit(f"error: the wheel fits no manylinux: {json.dumps(found, indent=2)}")
    name = tool("wheel", "tags", "--platform-tag", policy, "--remove", str(packed)).split()[-1]
    return Path(shutil.move(str(work / name), str(out / name)))
