#!/usr/bin/env python3
"""Runs every command of the documentation in order, each page in a folder and a home of its own.

    tools/docs_commands.py PROGRAM [PAGE...]    PROGRAM is the `akin` to run

Blocks that are marked `sh` are run. In the sources of a page, which readers do not see as it is shown,

    <!-- not run: REASON -->   before a block says why it is not
    <!-- before: COMMAND -->   runs a command that readers have run on another page
    <!-- file: NAME -->        before another block writes it to a file

`akin serve` and `akin serve-embeddings` run in the background until the next one or the end of the page, on port 8080 of
an address of 127.0.0.0/8 that no other page has. The sample catalogue is there as `data` and as `products.csv`.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTE = re.compile(r"^<!-- (not run|before|file): (.*) -->$")
TIME_LIMIT = 900

PROLOGUE = r"""
set -euo pipefail
server=
stop() {
    [ -z "$server" ] && return
    kill "$server" && wait "$server" || true
    server=
}
trap stop EXIT
# Starts a server, and waits until it answers.
start() {
    stop
    "$@" >server.log 2>&1 &
    server=$!
    local path=/api/health_status
    [ "$2" = serve ] || path=/ping
    until akin health --path "$path" 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || { cat server.log >&2; exit 1; }
        sleep 0.2
    done
}
curl() { command curl --silent --show-error --fail-with-body "$@"; }
"""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    pages = [pathlib.Path(page) for page in sys.argv[2:]]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run, program, page, number) for number, page in enumerate(pages)]
    results = [run.result() for run in runs]
    blocks = sum(count for count, _, _ in results)
    skipped = sum(count for _, count, _ in results)
    failures = [failure for _, _, failure in results if failure]
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{blocks} blocks of commands ran, {skipped} are marked as not run, {len(failures)} pages failed")
    if blocks < 15:
        sys.exit("the blocks were not found")
    sys.exit(1 if failures else 0)


def run(program, page, number):
    """Runs a page. Returns the numbers of blocks that ran and that are not run, and the failure or None."""
    address = f"127.{64 + number}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 1}:8080"
    script, ran, skipped, files = parsed(page, address)
    if not ran:
        return 0, skipped, None
    with tempfile.TemporaryDirectory() as place:
        work = prepared(pathlib.Path(place), program)
        for name, text in files:
            (work / name).write_text(text, "utf-8")
        environment = {
            "PATH": f"{place}/bin:{os.environ['PATH']}",
            "HOME": f"{place}/home",
            "AKIN_MODELS": models(),
            "AKIN_LISTEN": address,
            "LANG": "C.UTF-8",
        }
        command = ["bash", "-c", script]
        try:
            done = subprocess.run(
                command, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=TIME_LIMIT, check=False,
            )
        except subprocess.TimeoutExpired as late:
            return ran, skipped, f"{page}: not done after {TIME_LIMIT} s\n{(late.output or b'').decode(errors='replace')}"
    output = done.stdout.decode(errors="replace")
    failure = None
    if done.returncode:
        begun = output.rfind("@@ line ")
        failure = f"{page}: exit code {done.returncode} in the block of {output[begun + 3:]}"
    return ran, skipped, failure


def models():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("AKIN_MODELS") or os.path.join(cache, "akin", "models")


def prepared(place, program):
    """Creates the folders of a page, and returns the one in which it runs."""
    for name in ("bin", "home", "work"):
        (place / name).mkdir()
    (place / "bin" / "akin").symlink_to(program)
    work = place / "work"
    shutil.copytree(ROOT / "data", work / "data")
    shutil.copy(ROOT / "data" / "catalogue.csv", work / "products.csv")
    return work


def parsed(page, address):
    """Returns the script of a page, the numbers of blocks that run and do not, and the files that it shows."""
    script, ran, skipped, files = [PROLOGUE], 0, 0, []
    notes, block, language, began = {}, None, "", 0
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if block is not None:
            if line.strip() != "```":
                block.append(line)
                continue
            if "file" in notes:
                files.append((notes["file"], "\n".join(block) + "\n"))
            elif language == "sh" and "not run" in notes:
                skipped += 1
            elif language == "sh":
                ran += 1
                script.append(f"echo '@@ line {began}' >&2")
                script += [shown(one, address) for one in block]
            notes, block = {}, None
        elif line.startswith("```"):
            block, language, began = [], line[3:].strip(), number
        elif note := NOTE.match(line):
            if note.group(1) == "before":
                script.append(shown(note.group(2), address))
            notes[note.group(1)] = note.group(2)
        elif line.strip():
            notes = {}
    return "\n".join(script), ran, skipped, files


def shown(line, address):
    """Returns the command to run for a line of the documentation."""
    line = line.replace("127.0.0.1:8080", address)
    line = re.sub(r"^akin worker( *#.*)?$", "akin worker --once", line)
    return re.sub(r"^akin serve", "start akin serve", line)


if __name__ == "__main__":
    main()
