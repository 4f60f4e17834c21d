"""The worst inputs that are requests; a thread keeps sending each of them."""

import collections
import http.client
import itertools
import json
import random
import string
import threading
from pathlib import Path

TIMEOUT = 60
MAX_CHARS = 4_000
MAX_BODY = 64 * 1024
LETTERS = string.ascii_lowercase
FACETS = ["main_category", "sub_category", "brand"]
JSON = {"Content-Type": "application/json"}

# The word of the products with the longest descriptions.
BULKY = "bulkyware"

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


def similar(limit):
    return "GET", f"/api/products/LOAD-{random.randrange(100)}/similar?limit={limit}", None


def compared():
    body = {"query": words(200, [6]), "page_size": 100, "engines": ["local", "local"]}
    return "POST", "/api/compare", json.dumps(body)


def picture():
    """Returns a request for a part of a picture of the sample catalogue."""
    first = random.choice(["0-", "1-2", "-1", "5-1", "999999999-", "0-0,2-3"])
    return "GET", "/images/" + random.choice(PICTURES), None, {"Range": "bytes=" + first}


def chunked():
    """Returns the bytes of a request whose body is sent in chunks of one byte, with trailers."""
    head = b"POST /api/search HTTP/1.1\r\nHost: akin\r\nContent-Type: application/json\r\n"
    body = json.dumps({"query": words(1_000, [6])}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    end = b"0\r\n" + b"X-Trailer: 1\r\n" * 50 + b"\r\n"
    return head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks + end


ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted(one.name for one in (ROOT / "data/images").iterdir())
PATHS = ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cx", ".env", "a%00.png"]

# Each makes a request of its kind: method, path, body, and further headers.
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
    "a page beyond the last, with all facets": lambda: search("phone", facets=FACETS, page=1_000_000),
    "by meaning alone": lambda: search(words(MAX_CHARS, [4, 5, 6]), mode="semantic"),
    "100 products of 240 KB": lambda: search(BULKY, mode="lexical", page_size=100),
    "1,000 similar products": lambda: similar(1_000),
    "a comparison of two pages": compared,
    "parts of pictures": picture,
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
            method, path, body, *headers = make()
            kept[0].request(method, path, body, dict(JSON, **(headers[0] if headers else {})))
            answer = kept[0].getresponse()
            answer.read()
            return answer.status
        except Exception:
            kept.pop().close()
            raise

    return act
