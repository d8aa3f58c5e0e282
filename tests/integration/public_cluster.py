"""A local node that says its chain is another; and multisigs of Squads v4, as the chain has them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from solders.pubkey import Pubkey

MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
DEVNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"


@contextmanager
def claiming(genesis_hash: str | None, node: str, host: str = "127.0.0.1") -> Iterator[str]:
    """The URL, at `host`, of `node` with this genesis hash, or with its own."""

    class Front(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = calls.post(node, content=body, headers={"content-type": "application/json"}).content
            if genesis_hash and json.loads(body)["method"] == "getGenesisHash":
                answer = json.dumps(json.loads(answer) | {"result": genesis_hash}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None: ...

    with httpx.Client(timeout=30) as calls, ThreadingHTTPServer((host, 0), Front) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def multisig_data(
    threshold: int, members: Sequence[tuple[Pubkey, int]], *, config: Pubkey | None = None, rent: Pubkey | None = None
) -> bytes:
    """As Squads v4 writes it. `members` with their permissions: 1 proposes, 2 votes, 4 executes."""
    parts = [
        sha256(b"account:Multisig").digest()[:8],
        bytes(Pubkey.new_unique()),
        bytes(config or Pubkey.default()),
        threshold.to_bytes(2, "little"),
        (86_400).to_bytes(4, "little"),  # time lock
        (7).to_bytes(8, "little") + (3).to_bytes(8, "little"),  # transactions, of which stale
        b"\1" + bytes(rent) if rent else b"\0",
        b"\xfe",  # bump
        len(members).to_bytes(4, "little"),
        *(bytes(key) + bytes([mask]) for key, mask in members),
        b"\0",  # no hook
    ]
    return b"".join(parts).ljust(400, b"\0")
