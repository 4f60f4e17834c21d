"""The worst inputs: requests of every kind, and clients that are slow or do not speak HTTP."""

import collections
import http.client
import itertools
import json
import random
import socket
import string
import threading

TIMEOUT = 60
MAX_CHARS = 4_000
MAX_BODY = 64 * 1024
LETTERS = string.ascii_lowercase
FACETS = ["main_category", "sub_category", "brand"]

# Words of the catalogue, for misspellings.
VOCABULARY = []


def word(length):
    return "".join(random.choices(LETTERS, k=length))


def words(total, lengths):
    """Returns distinct words of a number of characters in total, which the catalogue does not contain."""
    text = ""
    while len(text) < total:
        text += word(random.choice(lengths)) + " "
    return text[:total].strip()


def search(query, **fields):
    return "POST", "/api/search", json.dumps({"query": query, **fields})


def ideographs():
    return "".join(chr(random.randrange(0x4E00, 0x9FFF)) for _ in range(MAX_CHARS))


def many_values():
    return [word(150) for _ in range(100)]


def misspelled():
    """Returns words of the catalogue, each with one letter replaced."""
    picked = (random.choice(VOCABULARY) for _ in itertools.count())
    text = ""
    while len(text) < MAX_CHARS:
        one = next(picked)
        at = random.randrange(len(one))
        text += one[:at] + random.choice(LETTERS) + one[at + 1 :] + " "
    return text[:MAX_CHARS].strip()


PATHS = ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cx", ".env", "a%00.png"]

# Each makes a request of its kind: method, path, body.
WORST = {
    "4,000 characters of short unknown words": lambda: search(words(MAX_CHARS, [5, 6, 7])),
    "the same, by words alone": lambda: search(words(MAX_CHARS, [4, 5, 6]), mode="lexical"),
    "one word of 4,000 characters": lambda: search(word(MAX_CHARS)),
    "long distinct words": lambda: search(words(MAX_CHARS, [60, 500, 1_900])),
    "misspelled words of the catalogue": lambda: search(misspelled()),
    "a new query each time": lambda: search(words(40, [6])),
    "4,000 characters without spaces": lambda: search(ideographs()),
    "combining marks": lambda: search("a" + "\u0301\u0323" * (MAX_CHARS // 2 - 1)),
    "punctuation and emoji": lambda: search("👩\u200d💻-.'\u202e" * (MAX_CHARS // 7)),
    "all facets, 100 hits": lambda: search("phone", facets=FACETS, page_size=100, page=2),
    "filters of 300 unknown values": lambda: search("lamp", filters={name: many_values() for name in FACETS}),
    "the page of facets alone": lambda: search("", facets=FACETS, page_size=100),
    "the compatible route": lambda: ("POST", "/api/similar_products", json.dumps({"query": words(MAX_CHARS, [6])})),
    "deeply nested JSON": lambda: ("POST", "/api/search", "[" * MAX_BODY),
    "a body of 1 MB": lambda: ("POST", "/api/search", "x" * 1_000_000),
    "a link of 60,000 characters": lambda: ("GET", "/api/search?q=" + "a%20" * 15_000, None),
    "paths out of the images": lambda: ("GET", "/images/" + random.choice(PATHS), None),
    "metrics and status": lambda: ("GET", random.choice(["/metrics", "/api/status"]), None),
}


class Sender:
    """A thread that keeps sending one worst input, and counts the outcomes."""

    def __init__(self, address, name, act):
        self.address, self.name, self.act = address, name, act
        self.outcomes = collections.Counter()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            try:
                self.outcomes[self.act(self)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.outcomes[type(error).__name__] += 1
                self.ended.wait(0.05)

    def stop(self):
        self.ended.set()


def requests(make):
    """Returns an act that sends one request over a connection that is kept open."""
    kept = []

    def act(sender):
        if not kept:
            kept.append(http.client.HTTPConnection(*sender.address, timeout=TIMEOUT))
        try:
            method, path, body = make()
            kept[0].request(method, path, body, {"Content-Type": "application/json"})
            answer = kept[0].getresponse()
            answer.read()
            return answer.status
        except Exception:
            kept.pop().close()
            raise

    return act


def held(first, drip, count):
    """Returns an act that holds connections open: sends `first` on each, then `drip` once a second."""
    open_sockets = []

    def act(sender):
        while len(open_sockets) < count and not sender.ended.is_set():
            one = socket.create_connection(sender.address, timeout=TIMEOUT)
            one.sendall(first)
            open_sockets.append(one)
            sender.outcomes["opened"] += 1
        sender.ended.wait(1)
        for one in list(open_sockets):
            try:
                one.sendall(drip)
            except OSError:
                open_sockets.remove(one)
                one.close()
                sender.outcomes["closed by the server"] += 1
        if sender.ended.is_set():
            for one in open_sockets:
                one.close()
        return "rounds"

    return act


def broken(sender):
    """Sends bytes that are not HTTP."""
    with socket.create_connection(sender.address, timeout=TIMEOUT) as one:
        one.sendall(random.randbytes(2_000))
        return "answered" if one.recv(100) else "closed by the server"


def held_inputs(connections):
    """Returns the inputs of slow clients, each of which holds `connections` connections."""
    head = b"POST /api/search HTTP/1.1\r\nHost: akin\r\nContent-Type: application/json\r\n"
    body = json.dumps({"query": "phone", "page_size": 100, "facets": FACETS}).encode()
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return {
        "half heads": held(head + b"X-Slow: ", b"", connections),
        "heads of a byte a second": held(head + b"X-Slow: ", b"x", connections),
        "bodies of a byte a second": held(head + b"Content-Length: 60000\r\n\r\n{", b" ", connections),
        "clients that never read": held(whole * 20, whole, connections // 4),
        "bytes that are not HTTP": broken,
    }
