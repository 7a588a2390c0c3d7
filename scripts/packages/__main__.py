"""klamm's packages, of a binary that is built: `python3 scripts/packages wheel|all --binary FILE --out DIRECTORY`.

    wheel   klamm-VERSION-py3-none-manylinux….whl, for pip, pipx and uvx
    all     the wheel; klamm-VERSION.tgz for npm and npx; klamm-VERSION-ARCHITECTURE-linux.tar.gz; klamm-VERSION.cdx.json, what is in the
            binary (CycloneDX); SHA256SUMS of them all

Nothing is published. The time in the packages is that of the last commit, or SOURCE_DATE_EPOCH.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "integration-tests")]
sys.dont_write_bytecode = True

import binary  # noqa: E402
import npm  # noqa: E402
import sbom  # noqa: E402
import tarball  # noqa: E402
import wheels  # noqa: E402
from support.toolchain import ensure_venv  # noqa: E402

#: PyPI takes larger files only by request.
WHEEL_BYTES_MAX = 40 << 20


def made_at() -> int:
    """The time that stands in the packages, in seconds."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    command = ["git", "-c", "safe.directory=*", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["wheel", "all"])
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    architecture = binary.architecture()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("klamm-*"):
        old.unlink()
    (out / "SHA256SUMS").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="klamm-packages-") as name:
        work = Path(name)
        klamm = binary.stripped(options.binary, work / "klamm")
        binary.check(klamm)
        version, at = binary.version(klamm), made_at()
        listed = out / f"klamm-{version}.cdx.json"
        listed.write_text(json.dumps(sbom.document(version, architecture, at), indent=1) + "\n")
        made = [listed]
        made.append(wheels.make(ensure_venv(HERE / "requirements.txt"), klamm, listed, version, architecture, work, out, at))
        if made[-1].stat().st_size > WHEEL_BYTES_MAX:
            raise SystemExit(f"error: {made[-1].name} has {made[-1].stat().st_size >> 20} MiB, more than {WHEEL_BYTES_MAX >> 20}")
        if options.what == "all":
            made.append(npm.make(klamm, version, architecture, work, out))
            made.append(tarball.make(klamm, listed, version, architecture, work, out, at))
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(made)]
        (out / "SHA256SUMS").write_text("".join(lines))
        print(f"klamm {version} needs {', '.join(binary.needs(klamm))}")
        for path in made:
            print(f"{path} ({path.stat().st_size / (1 << 20):.1f} MiB)")


if __name__ == "__main__":
    main()
