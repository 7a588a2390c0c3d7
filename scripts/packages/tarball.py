"""The tarball: the binary with its licence, README, completions and manual pages. The same input gives the same bytes."""

import gzip
import shutil
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Where each shell looks for completions, by name.
COMPLETIONS = {"bash": "klamm.bash", "zsh": "_klamm", "fish": "klamm.fish"}


def make(binary: Path, sbom: Path, version: str, architecture: str, work: Path, out: Path, made_at: int) -> Path:
    """Write `klamm-VERSION-ARCHITECTURE-linux.tar.gz` to `out`."""
    name = f"klamm-{version}-{architecture}-linux"
    tree = work / name
    (tree / "completions").mkdir(parents=True)
    shutil.copy2(binary, tree / "klamm")
    shutil.copy2(sbom, tree / "klamm.cdx.json")
    for file in ("LICENSE", "README.md"):
        shutil.copy2(ROOT / file, tree / file)
    for shell, file in COMPLETIONS.items():
        with (tree / "completions" / file).open("wb") as to:
            subprocess.run([str(binary), "completions", shell], stdout=to, check=True)
    (tree / "man").mkdir()
    subprocess.run([str(binary), "man", "--dir", str(tree / "man")], stdout=subprocess.DEVNULL, check=True)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = made_at
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    path = out / f"{name}.tar.gz"
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=made_at) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(tree, arcname=name, filter=plain)
    return path
