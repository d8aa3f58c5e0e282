"""A node that has one history and nothing else to do, in a process of its own: blocks go from the file to the socket.

    with serving(folder) as url: ...

It answers what the slot-by-slot road asks for; everything in the history is finalized.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bench.blocks import Entry, Written, load


class _Node(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, history: Written) -> None:
        self.history = history
        self.by_slot = {entry.slot: entry for entry in history.entries}
        self.slots = [entry.slot for entry in history.entries]
        self.file = history.path.open("rb")
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Node

    def setup(self) -> None:
        super().setup()
        # Head and body are written apart: without this the body waits for an acknowledgement of the head.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked, method, params = request["id"], request["method"], request.get("params", [])
        block = self.server.by_slot.get(params[0]) if method == "getBlock" else None
        if block is not None:
            self._block(asked, block)
        else:
            self._answer({"jsonrpc": "2.0", "id": asked, **self._said(method, params)})

    def _block(self, asked: Any, block: Entry) -> None:
        head, tail = f'{{"jsonrpc":"2.0","id":{json.dumps(asked)},"result":'.encode(), b"}"
        self._begin(len(head) + block.length + len(tail))
        self.wfile.write(head)
        at, end = block.offset, block.offset + block.length
        while at < end:
            at += os.sendfile(self.connection.fileno(), self.server.file.fileno(), at, end - at)
        self.wfile.write(tail)

    def _said(self, method: str, params: list[Any]) -> dict[str, Any]:
        slots = self.server.slots
        match method:
            case "getSlot":
                return {"result": slots[-1]}
            case "getGenesisHash":
                return {"result": self.server.history.genesis_hash}
            case "getFirstAvailableBlock":
                return {"result": slots[0]}
            case "getBlocks":
                return {"result": slots[bisect_left(slots, params[0]) : bisect_right(slots, params[1])]}
            case "getBlockTime" if params[0] in self.server.by_slot:
                return {"result": self.server.by_slot[params[0]].time}
            case "getBlock" | "getBlockTime":
                return {"error": {"code": -32007, "message": f"Slot {params[0]} was skipped"}}
        return {"error": {"code": -32601, "message": "Method not found"}}

    def _answer(self, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self._begin(len(body))
        self.wfile.write(body)

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A node with the history in `folder`; its URL."""
    command = [sys.executable, "-m", "tests.bench.node", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(f"the node for the history in {folder} did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def main() -> None:
    with _Node(load(Path(sys.argv[1]))) as node:
        print(node.server_address[1], flush=True)
        node.serve_forever()


if __name__ == "__main__":
    main()
