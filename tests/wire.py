"""A way to a node on which a test decides what arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

Fault = Callable[[dict[str, Any], Callable[[], bytes]], bytes | None]
"""What becomes of a call: takes it and the way to the node, gives the answer, None to hang up."""


@contextmanager
def wire(url: str, fault: Fault) -> Iterator[str]:
    """A way to the node on which `fault` decides what arrives; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {"content-type": "application/json"}
            answer = fault(json.loads(body), lambda: httpx.post(url, content=body, headers=headers).content)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def no_statuses(forward: Callable[[], bytes]) -> bytes:
    """The answer of a node that has seen none of the transactions that it is asked for."""
    answer = json.loads(forward())
    answer["result"]["value"] = [None] * len(answer["result"]["value"])
    return json.dumps(answer).encode()
