"""The program that is measured, and its catalogue."""

import csv
import itertools
import random
import socket
import subprocess
import time
from pathlib import Path

from inputs import BULKY, ROOT, TIMEOUT, VOCABULARY, word

BULKY_PRODUCTS = 120
BULKY_BYTES = 240_000


class Server:
    """`akin serve` on a free port of this machine."""

    def __init__(self, akin, data, log):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        listen = "%s:%d" % self.address
        images = ROOT / "data/images"
        command = [akin, "serve", "--data", data, "--listen", listen, "--images", images]
        self.process = subprocess.Popen(command, stderr=log)
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                socket.create_connection(self.address).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.process.kill()
                    raise SystemExit("bench/load: the server did not start") from None
                time.sleep(0.05)

    def usage(self):
        """Returns resident and peak memory in MB, threads and open files."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            status = dict(line.split(":", 1) for line in lines)
            files = len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
            kilobytes = [int(status[name].split()[0]) for name in ("VmRSS", "VmHWM")]
        except (OSError, KeyError):
            raise SystemExit(f"bench/load: the server ended: {self.process.wait()}") from None
        return [f"{one * 1024 / 1e6:.0f}" for one in kilobytes] + [int(status["Threads"]), files]


def grown_feed(path, count):
    """Writes the sample catalogue repeatedly, with a unique word in each product."""
    with open(ROOT / "data/catalogue.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    random.seed(1)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for number, row in zip(range(count), itertools.cycle(rows)):
            own = f"{word(7)} {word(9)}"
            writer.writerow({**row, "product_id": f"LOAD-{number}", "link": "", "name": f"{row['name']} {own}"})
            VOCABULARY.extend(one for one in own.split())
        for number in range(BULKY_PRODUCTS):
            text = (f"{BULKY} {number} " * BULKY_BYTES)[:BULKY_BYTES]
            writer.writerow({**rows[0], "product_id": f"BULKY-{number}", "link": "", "name": f"{BULKY} {number}",
                             "description": text})


def ingestions(akin, data, folder):
    """Returns an act that changes the names of 200 products and ingests them beside the load."""

    def act(sender):
        feed = Path(folder) / "changes.csv"
        with open(feed, "w", encoding="utf-8") as file:
            file.write("product_id,name\n")
            file.writelines(f"CHANGE-{number},{word(7)} {word(9)}\n" for number in range(200))
        command = [akin, "ingest", "--data", data, "--currency", "INR", feed]
        code = subprocess.run(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
        sender.ended.wait(1)
        return f"exit code {code}"

    return act
