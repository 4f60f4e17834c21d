#!/usr/bin/env python3
"""Builds and runs all tests of the workspace, two test programs at a time.

    tools/run_tests.py [ARGUMENT...]    the arguments go to every test program

`cargo test` runs one program after another, and many of them wait for servers, processes and leases. Each
program's output appears when it has ended; the doc tests run beside them. The exit code is 1 if anything failed.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time

CARGO = os.environ.get("CARGO", "cargo")
LANES = 2
# The slowest programs start first, so that both lanes end at about the same time.
LONGEST = ["akin-opensearch", "akin", "akin-postgres", "sbert-cpu", "sbert-model"]


def build():
    """Builds all test programs. Returns (package, title, command, folder, environment) of each."""
    command = [CARGO, "test", "--locked", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if built.returncode:
        sys.exit(built.returncode)
    programs = []
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message["reason"] != "compiler-artifact" or not message["profile"]["test"] or not message["executable"]:
            continue
        folder = os.path.dirname(message["manifest_path"])
        target = message["target"]
        package = package_name(message["package_id"])
        title = f"{package} {os.path.relpath(target['src_path'], folder)}"
        environment = {"CARGO": CARGO, "CARGO_MANIFEST_DIR": folder, "CARGO_PKG_NAME": package}
        programs.append((package, title, [message["executable"]], folder, environment))
    return programs


def package_name(package_id):
    """Returns the name in `path+file:///folder#name@version` or `path+file:///folder/name#version`."""
    path, _, fragment = package_id.rpartition("#")
    return fragment.partition("@")[0] if "@" in fragment else os.path.basename(path)


def run(title, command, folder, environment):
    """Runs a program and prints its output as one block. Returns its title, exit code and seconds."""
    start = time.monotonic()
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.monotonic() - start
    block = f"\n     Running {title}\n".encode() + ended.stdout
    with printing:
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    return title, ended.returncode, seconds


def run_lane(programs, results):
    """Runs programs until the queue is empty."""
    while True:
        try:
            program = programs.get_nowait()
        except queue.Empty:
            return
        results.append(run(*program))


def main():
    arguments = sys.argv[1:]
    rank = {package: number for number, package in enumerate(LONGEST)}
    built = sorted(build(), key=lambda program: (rank.get(program[0], len(rank)), -os.path.getsize(program[2][0])))
    if not built:
        sys.exit("run_tests: cargo built no test program")
    programs, results = queue.Queue(), []
    for _, title, command, folder, environment in built:
        programs.put((title, command + arguments, folder, environment))
    programs.put(("doc tests", [CARGO, "test", "--locked", "--workspace", "--doc"], os.getcwd(), {}))
    count = programs.qsize()
    lanes = [threading.Thread(target=run_lane, args=(programs, results), daemon=True) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    print(f"\n{count} test programs, the longest:")
    for title, _, seconds in sorted(results, key=lambda result: -result[2])[:8]:
        print(f"{seconds:8.1f} s  {title}")
    failed = [title for title, code, _ in results if code]
    for title in failed:
        print(f"FAILED: {title}")
    if failed or len(results) != count:
        sys.exit(1)
    print("all tests passed")


printing = threading.Lock()
if __name__ == "__main__":
    main()
