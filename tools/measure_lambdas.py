#!/usr/bin/env python3
"""Measures how a function of AWS Lambda starts, under an emulated Runtime API.

    tools/measure_lambdas.py answer PROGRAM EVENT.json   starts it and sends it the event, again and again
    tools/measure_lambdas.py call PROGRAM                starts it where no server answers

The settings of the function are environment variables, as for `akin`. `answer` prints the time from the start of
the process until it asks for an event, until its first answer, and the median of the answers after that; `call`
the time until it first connects to a server. Both print the memory of the process, the most it had. Each is the
median of RUNS starts (default: 5).
"""

import http.server
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

RUNS = int(os.environ.get("RUNS", "5"))
WARM = 20
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "measured",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048",
}


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """Hands out one event again and again, and keeps the moments of requests and answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(time.monotonic())
        if len(server.asked) > WARM + 1:
            server.done.set()
            server.ended.wait()
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(len(server.asked)))
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 60) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:measured")
        self.send_header("Content-Length", str(len(server.event)))
        self.end_headers()
        server.sent.append(time.monotonic())
        self.wfile.write(server.event)

    def do_POST(self):
        body = self.read_body()
        self.server.answered.append(time.monotonic())
        if self.path.endswith("/error"):
            self.server.failure = body.decode(errors="replace")
        self.server.last = body
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *arguments):
        pass


def memory(pid):
    """Returns the most memory that a process had, in MB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return 0.0


def start(program, variables):
    return subprocess.Popen([program], env={**os.environ, **LAMBDA, **variables}, stdin=subprocess.DEVNULL)


def measure_answer(program, event):
    """Returns the seconds until the first request, until the first answer, and of a later answer; and MB."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.event, server.failure, server.last = event, None, b""
    server.asked, server.sent, server.answered = [], [], []
    server.done, server.ended = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    began = time.monotonic()
    process = start(program, {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"})
    try:
        while not server.done.wait(0.05):
            if process.poll() is not None:
                sys.exit(f"{program} ended with {process.returncode}")
        if server.failure:
            sys.exit(f"{program} failed: {server.failure}")
        warm = [answered - sent for sent, answered in zip(server.sent[1:], server.answered[1:])]
        return [server.asked[0] - began, server.answered[0] - began, statistics.median(warm)], memory(process.pid)
    finally:
        process.kill()
        process.wait()
        server.ended.set()
        server.shutdown()


def measure_call(program):
    """Returns the seconds until the first connection to a server, and MB."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        port = str(listener.getsockname()[1])
        nowhere = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "OPENSEARCH_ENDPOINT": f"http://127.0.0.1:{port}",
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": port,
        }
        began = time.monotonic()
        process = start(program, nowhere)
        try:
            connection, _ = listener.accept()
            seconds = time.monotonic() - began
            megabytes = memory(process.pid)
            connection.close()
            return [seconds], megabytes
        finally:
            process.kill()
            process.wait()


def main():
    match sys.argv[1:]:
        case ["answer", program, path]:
            with open(path, "rb") as file:
                event = json.dumps(json.load(file)).encode()
            names, runs = ["ready", "first answer", "later answers"], [measure_answer(program, event) for _ in range(RUNS)]
        case ["call", program]:
            names, runs = ["first call"], [measure_call(program) for _ in range(RUNS)]
        case _:
            sys.exit(__doc__)
    print(os.path.basename(program), f"({RUNS} starts)")
    for at, name in enumerate(names):
        print(f"  {name:<14} {statistics.median(times[at] for times, _ in runs) * 1000:8.1f} ms")
    print(f"  {'memory':<14} {max(megabytes for _, megabytes in runs):8.1f} MB")


if __name__ == "__main__":
    main()
