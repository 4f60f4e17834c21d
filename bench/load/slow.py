"""The worst inputs that are connections: clients that are slow, leave, or do not speak HTTP."""

import http.client
import json
import random
import select
import socket

from inputs import BULKY, FACETS, TIMEOUT, chunked

HEAD = b"POST /api/search HTTP/1.1\r\nHost: akin\r\nContent-Type: application/json\r\n"
SMALL_BUFFER = 4_096


def post(**fields):
    body = json.dumps(fields).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


LARGE = post(query=BULKY, mode="lexical", page_size=100)
HEALTH = b"GET /api/health_status HTTP/1.1\r\nHost: akin\r\n\r\n"


def connect(address, small=False):
    """Opens a connection; a small one makes the server wait for its client to read."""
    one = socket.socket()
    one.settimeout(TIMEOUT)
    if small:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    one.connect(address)
    return one


def is_closed(one):
    """Returns whether the server has closed a connection, as far as its client can tell."""
    if not select.select([one], [], [], 0)[0]:
        return False
    try:
        return not one.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


class Held:
    """An act that holds `count` connections open: sends `first` on each, then drips once a second.

    A drip sends `drip` and reads up to `read` bytes. A connection that the server has closed is opened again.
    """

    def __init__(self, count, first, drip=b"", read=0, small=False):
        self.count, self.first, self.small = count, first, small
        self.drip, self.read = drip, read
        self.open = []

    def __call__(self, sender):
        while len(self.open) < self.count and not sender.ended.is_set():
            one = connect(sender.address, self.small)
            self.open.append(one)
            one.sendall(self.first)
            sender.outcomes["opened"] += 1
        sender.ended.wait(1)
        for one in list(self.open):
            if sender.ended.is_set() or not self.drips(one):
                self.open.remove(one)
                one.close()
                sender.outcomes["closed" if sender.ended.is_set() else "closed by the server"] += 1
        return "rounds"

    def drips(self, one):
        """Returns whether the connection is still open."""
        try:
            # What is read is taken from the socket first, so that its end shows.
            if self.read and select.select([one], [], [], 0)[0]:
                one.recv(self.read)
            if self.drip:
                one.send(self.drip, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return not is_closed(one)


def broken(sender):
    """Sends bytes that are not HTTP."""
    with connect(sender.address) as one:
        one.sendall(random.randbytes(2_000))
        return "answered" if one.recv(100) else "closed by the server"


def in_chunks(sender):
    """Sends a body in chunks of a byte, and trailers."""
    with connect(sender.address) as one:
        one.sendall(chunked())
        answer = http.client.HTTPResponse(one)
        answer.begin()
        answer.read()
        return answer.status


def abandoned(sender):
    """Leaves in the middle of a request, or before or while its response arrives."""
    with connect(sender.address, small=True) as one:
        one.sendall(random.choice([LARGE, LARGE[:-5], LARGE * 3]))
        if random.random() < 0.5:
            one.recv(100)
    sender.ended.wait(0.05)
    return "left"


def slow_inputs(connections):
    """Returns the inputs of slow clients, each of which holds `connections` connections."""
    few = max(connections // 4, 1)
    page = post(query="phone", page_size=100, facets=FACETS)
    return {
        "half heads": Held(connections, HEAD + b"X-Slow: "),
        "half heads behind whole requests": Held(connections, HEALTH + b"GET /x HTTP/1.1\r\nX-Slow: "),
        "heads of a byte a second": Held(connections, HEAD + b"X-Slow: ", b"x"),
        "bodies of a byte a second": Held(connections, HEAD + b"Content-Length: 60000\r\n\r\n{", b" "),
        "clients that never read": Held(few, page * 20, b"G", small=True),
        "clients that never read 24 MB": Held(few, LARGE, b"G", small=True),
        "clients that read 1 KB a second of 24 MB": Held(few, LARGE, read=1_024, small=True),
        "clients that leave": abandoned,
        "chunks of a byte and trailers": in_chunks,
        "bytes that are not HTTP": broken,
    }


def burst(address, count):
    """Sends `count` heavy requests at once, each on a connection of its own; returns the statuses."""
    open_sockets = []
    try:
        for number in range(count):
            one = connect(address)
            open_sockets.append(one)
            one.sendall(post(query=f"phone {number}", page_size=100, facets=FACETS))
        return [status(one) for one in open_sockets]
    finally:
        for one in open_sockets:
            one.close()


def status(one):
    try:
        answer = http.client.HTTPResponse(one)
        answer.begin()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
