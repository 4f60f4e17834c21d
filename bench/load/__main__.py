"""Measures normal queries beside the worst inputs.

Serves a catalogue, sends normal queries alone, then beside every worst input for --seconds, then alone again. Prints,
in Markdown, the latencies of the normal queries and the memory, threads and open files of the server. Fails if the
server ended or a normal query had no good answer. Needs Linux and the standard library only.

Clients and server share the machine's cores: compare figures of one machine only.
"""

import argparse
import collections
import csv
import http.client
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inputs import ROOT, TIMEOUT, WORST, Sender, requests
from server import Server, grown_feed, ingestions
from slow import burst, slow_inputs


def normal(address, seed, seconds, queries, results):
    """Sends normal queries and some health checks; puts (kind, seconds, outcome) of each in `results`."""
    chooser = random.Random(seed)
    connection, measured = None, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        is_check = chooser.random() < 0.1
        try:
            connection = connection or http.client.HTTPConnection(*address, timeout=TIMEOUT)
            if is_check:
                connection.request("GET", "/api/health_status")
            else:
                body = json.dumps({"query": chooser.choice(queries)})
                connection.request("POST", "/api/search", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            outcome = answer.status
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
            if connection is not None:
                connection.close()
            connection = None
        measured.append(("health" if is_check else "search", time.monotonic() - began, outcome))
        time.sleep(0.01)
    results.put(measured)


def phase(server, arguments, seconds, queries):
    """Runs the normal clients, in processes that do not wait for the threads of the worst inputs."""
    results = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=normal, args=(server.address, seed, seconds, queries, results))
        for seed in range(arguments.clients)
    ]
    for client in clients:
        client.start()
    measured = [one for _ in clients for one in results.get()]
    for client in clients:
        client.join()
    return measured


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def report(name, measured, seconds):
    """Prints the latencies of a phase; returns the number of requests without a good answer."""
    failed = 0
    for kind in ("search", "health"):
        times = sorted(took * 1e3 for one, took, _ in measured if one == kind)
        outcomes = collections.Counter(outcome for one, _, outcome in measured if one == kind)
        bad = {outcome: count for outcome, count in outcomes.items() if outcome != 200}
        failed += sum(bad.values())
        places = [min(int(len(times) * share), len(times) - 1) for share in (0.5, 0.99, 1)]
        at = [f"{times[place]:.1f}" if times else "-" for place in places]
        row(name, kind, len(times), f"{len(times) / seconds:.0f}", *at, bad or "none")
    return failed


def parse():
    parser = argparse.ArgumentParser(prog="bench/load", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=300, help="how long the worst inputs are sent")
    parser.add_argument("--akin", default=ROOT / "target/release/akin", type=Path, help="the program to measure")
    parser.add_argument("--products", type=int, default=2_000, help="the size of the catalogue")
    parser.add_argument("--clients", type=int, default=2, help="the number of normal clients")
    parser.add_argument("--connections", type=int, default=60, help="how many connections each slow input holds")
    parser.add_argument("--burst", type=int, default=600, help="how many heavy requests are sent at once, in the end")
    return parser.parse_args()


def main():
    arguments = parse()
    with open(ROOT / "data/queries.csv", newline="", encoding="utf-8") as file:
        queries = [one["query"] for one in csv.DictReader(file)]
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "w+") as log:
        feed, data = Path(folder) / "feed.csv", Path(folder) / "data"
        grown_feed(feed, arguments.products)
        ingest = [arguments.akin, "ingest", "--data", data, "--currency", "INR", feed]
        subprocess.run(ingest, check=True, stdout=sys.stderr)
        server = Server(arguments.akin, data, log)
        try:
            failed = measure(server, arguments, queries, ingestions(arguments.akin, data, folder))
        finally:
            server.process.terminate()
            code = server.process.wait()
    if code != 0 or failed:
        raise SystemExit(f"bench/load: {failed} normal requests failed; the server ended with {code}")


def measure(server, arguments, queries, ingest):
    """Runs the phases and prints the tables; returns the number of normal requests that failed."""
    alone = max(arguments.seconds / 10, 3)
    usage = [("at the beginning", server.usage())]
    header("normal queries", "kind", "requests", "requests/s", "p50, ms", "p99, ms", "max, ms", "failed")
    failed = report("alone", phase(server, arguments, alone, queries), alone)
    usage.append(("after normal queries", server.usage()))
    inputs = {name: requests(make) for name, make in WORST.items()} | slow_inputs(arguments.connections)
    inputs["an ingestion"] = ingest
    senders = [Sender(server.address, name, act) for name, act in inputs.items()]
    beside = phase(server, arguments, arguments.seconds, queries)
    failed += report("beside the worst inputs", beside, arguments.seconds)
    usage.append(("under the worst inputs", server.usage()))
    for sender in senders:
        sender.stop()
    for sender in senders:
        sender.thread.join(TIMEOUT)
    outcomes = collections.Counter(burst(server.address, arguments.burst))
    usage.append(("after the burst", server.usage()))
    failed += report("alone again", phase(server, arguments, alone, queries), alone)
    usage.append(("at the end", server.usage()))
    print()
    header("server", "resident, MB", "peak, MB", "threads", "open files")
    for when, figures in usage:
        row(when, *figures)
    print()
    header("worst input", "outcomes")
    for sender in senders:
        row(sender.name, counts(sender.outcomes))
    row(f"a burst of {arguments.burst} heavy requests", counts(outcomes))
    return failed


def counts(outcomes):
    return ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.items())


if __name__ == "__main__":
    main()
