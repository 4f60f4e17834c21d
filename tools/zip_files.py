#!/usr/bin/env python3
"""Packs files into a ZIP archive whose bytes depend on their names and contents alone.

    tools/zip_files.py OUTPUT NAME=PATH...

Everybody may read and execute the files, as AWS Lambda needs it.
"""

import os
import sys
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o100755


def main():
    if len(sys.argv) < 3 or not all("=" in pair for pair in sys.argv[2:]):
        sys.exit(__doc__)
    output, pairs = sys.argv[1], sorted(pair.split("=", 1) for pair in sys.argv[2:])
    partial = output + ".partial"
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in pairs:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = MODE << 16
            entry.create_system = 3
            with open(path, "rb") as file:
                archive.writestr(entry, file.read(), compresslevel=9)
    os.replace(partial, output)


if __name__ == "__main__":
    main()
