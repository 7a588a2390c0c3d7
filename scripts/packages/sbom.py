"""What is in the binary, as a CycloneDX document: crates, libraries in C and C++ that crates bring along, and packages of the web UI.

From `cargo metadata`, Cargo.lock and ui/package-lock.json. Not by cargo-cyclonedx, which would have to be compiled first, and knows neither
the libraries within crates nor the web UI.
"""

import base64
import json
import re
import subprocess
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parents[2]
#: Build dependencies whose sources end up in the binary.
LINKED = {"openssl-src"}
#: Crates with a library in C or C++: its name, its licence, and where its version stands if not behind the crate's `+`.
LIBRARIES = {
    "librocksdb-sys": ("rocksdb", "Apache-2.0", None),
    "rdkafka-sys": ("librdkafka", "BSD-2-Clause", None),
    "openssl-src": ("openssl", "Apache-2.0", None),
    "libsqlite3-sys": ("sqlite", "blessing", ("sqlite3/sqlite3.h", r'define SQLITE_VERSION\s+"([^"]+)"')),
    "libz-sys": ("zlib", "Zlib", ("src/zlib/zlib.h", r'define ZLIB_VERSION "([^"]+)"')),
    "lz4-sys": ("lz4", "BSD-2-Clause", ("liblz4/lib/lz4.h", r"define LZ4_VERSION_(?:MAJOR|MINOR|RELEASE)\s+(\d+)")),
    "libmimalloc-sys": ("mimalloc", "MIT", ("c_src/mimalloc/v3/include/mimalloc.h", r"define MI_MALLOC_VERSION (\d+)")),
}

Component = Dict[str, object]


def document(version: str, architecture: str, made_at: int) -> Dict[str, object]:
    """The whole document."""
    target = f"{architecture}-unknown-linux-gnu"
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    top = next(id for id, package in packages.items() if package["name"] == "klamm")
    edges = linked(top, nodes, packages)
    sums = checksums()
    ui = web_ui()
    components: List[Component] = []
    dependencies = []
    for id in sorted(edges, key=lambda id: (packages[id]["name"], packages[id]["version"])):
        package = packages[id]
        on = [reference(packages[other]) for other in edges[id]]
        if library := library_of(package):
            components.append(library)
            on.append(str(library["bom-ref"]))
        if id == top:
            on += [str(part["bom-ref"]) for part in ui]
        else:
            components.append(crate(package, sums))
        dependencies.append({"ref": reference(package), "dependsOn": sorted(on)})
    components += ui
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'klamm {version} {target} {made_at}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(made_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**crate(packages[top], sums), "type": "application", "version": version},
        },
        "components": components,
        "dependencies": dependencies,
    }


def linked(top: str, nodes: Dict[str, dict], packages: Dict[str, dict]) -> Dict[str, List[str]]:
    """Every package that is linked into the binary, with those that it needs itself. Macros and what only builds is left out."""
    edges: Dict[str, List[str]] = {}
    left = [top]
    while left:
        id = left.pop()
        if id in edges:
            continue
        needed = []
        for dependency in nodes[id]["deps"]:
            package = packages[dependency["pkg"]]
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"]) or package["name"] in LINKED
            macro = any("proc-macro" in target["kind"] for target in package["targets"])
            if normal and not macro:
                needed.append(dependency["pkg"])
        edges[id] = needed
        left += needed
    return edges


def checksums() -> Dict[str, str]:
    """Of crates by name and version."""
    found = {}
    for part in (ROOT / "Cargo.lock").read_text().split("[[package]]"):
        fields = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', part, re.MULTILINE))
        if "checksum" in fields:
            found[f"{fields['name']} {fields['version']}"] = fields["checksum"]
    return found


def reference(package: dict) -> str:
    """A crate's name in the document."""
    return f"pkg:cargo/{package['name']}@{package['version']}".replace("+", "%2B")


def crate(package: dict, sums: Dict[str, str]) -> Component:
    """A crate, or the binary itself."""
    component: Component = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        # Old crates write `/` where SPDX has OR.
        component["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    elif package["license_file"]:
        lines = (Path(package["manifest_path"]).parent / package["license_file"]).read_text().splitlines()
        component["licenses"] = [{"license": {"name": next(line.strip() for line in lines if line.strip())}}]
    if total := sums.get(f"{package['name']} {package['version']}"):
        component["hashes"] = [{"alg": "SHA-256", "content": total}]
    return component


def library_of(package: dict) -> Optional[Component]:
    """The library in C or C++ that a crate brings along."""
    if package["name"] not in LIBRARIES:
        return None
    name, licence, place = LIBRARIES[package["name"]]
    version = package["version"].partition("+")[2]
    if place is not None:
        header = (Path(package["manifest_path"]).parent / place[0]).read_text()
        version = ".".join(re.findall(place[1], header))
        if version.isdigit():
            # As mimalloc writes it: two digits for minor and patch.
            version = f"{int(version) // 10000}.{int(version) // 100 % 100}.{int(version) % 100}"
    if not version:
        raise SystemExit(f"error: no version of {name} in {package['id']}")
    where = f"pkg:generic/{name}@{version}"
    return {"type": "library", "bom-ref": where, "name": name, "version": version, "purl": where, "licenses": [{"license": {"id": licence}}]}


def web_ui() -> List[Component]:
    """npm packages that ui/dist is built from."""
    components: Dict[str, Component] = {}
    for path, package in json.loads((ROOT / "ui" / "package-lock.json").read_text())["packages"].items():
        if not path or package.get("dev"):
            continue
        name = path.rpartition("node_modules/")[2]
        where = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        algorithm, _, digest = package["integrity"].partition("-")
        # A package may stand at several places.
        components[where] = {
            "type": "library",
            "bom-ref": where,
            "name": name,
            "version": package["version"],
            "purl": where,
            "licenses": [{"expression": package["license"]}],
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
        }
    return list(components.values())
