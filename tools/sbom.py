#!/usr/bin/env python3
"""Prints the bill of materials of akin in CycloneDX's JSON: every crate of the lock file that is linked on this kind of
machine, with its version, license and checksum. Equal lock files give equal documents."""

import json
import pathlib
import subprocess
import sys
import tomllib

TREE = pathlib.Path(__file__).resolve().parents[1]


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=TREE, capture_output=True, text=True, check=True).stdout


def linked(metadata, root):
    """Returns the packages that the package named `root` is built from, itself included."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    ids = [package["id"] for package in metadata["packages"] if package["name"] == root]
    found = set()
    while ids:
        node = nodes[ids.pop()]
        if node["id"] in found:
            continue
        found.add(node["id"])
        for dependency in node["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                ids.append(dependency["pkg"])
    return [package for package in metadata["packages"] if package["id"] in found]


def component(package, checksums):
    name, version = package["name"], package["version"]
    entry = {"type": "library", "bom-ref": f"{name}@{version}", "name": name, "version": version}
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if checksum := checksums.get((name, version)):
        entry["purl"] = f"pkg:cargo/{name}@{version}"
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


def main():
    host = next(line[6:] for line in subprocess.run(
        ["rustc", "--version", "--verbose"], capture_output=True, text=True, check=True
    ).stdout.splitlines() if line.startswith("host: "))
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", host))
    lock = tomllib.loads((TREE / "Cargo.lock").read_text(encoding="utf-8"))
    checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}
    packages = sorted(linked(metadata, "akin"), key=lambda package: (package["name"], package["version"]))
    akin = next(package for package in packages if package["name"] == "akin")
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(akin, checksums) | {"type": "application"}},
        "components": [component(package, checksums) for package in packages if package is not akin],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
