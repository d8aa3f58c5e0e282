"""Starts localnet and solana-test-validator, and calls them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
SLOT_MS = 50
"""Short slots, so that 32 of them are soon over."""
_TICKS_PER_SLOT = 8
"""Ticks of the validator have 6.25 ms: 8 of them are SLOT_MS."""
_START_SECONDS = 120


class RpcFailure(Exception):
    """The server answered with an error."""


@dataclass
class Node:
    """A running server."""

    name: str
    rpc: str
    ws: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    def post(self, content: str | bytes, content_type: str = "application/json") -> httpx.Response:
        """Send a body as it is."""
        return self.client.post(self.rpc, content=content, headers={"content-type": content_type})

    def call(self, method: str, *params: Any) -> dict[str, Any]:
        """The whole answer to one call."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer: dict[str, Any] = self.client.post(self.rpc, json=body).json()
        return answer

    def get(self, method: str, *params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = self.call(method, *params)
        if "error" in answer:
            raise RpcFailure(f"{self.name}: {method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, signature: str, status: str = "confirmed", seconds: float = 30) -> dict[str, Any]:
        """The status of a transaction once it is confirmed, or finalized."""
        order = ["processed", "confirmed", "finalized"]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.get("getSignatureStatuses", [signature])["value"][0]
            if found and order.index(found["confirmationStatus"]) >= order.index(status):
                return dict(found)
            time.sleep(0.02)
        raise TimeoutError(f"{self.name}: {signature} is not {status} after {seconds} s")


@contextmanager
def localnet(*options: str, slot_ms: int = SLOT_MS) -> Iterator[Node]:
    """A localnet of its own; it ends with the block, or with this process."""
    command = ["uv", "run", "--quiet", "--project", str(ROOT / "localnet"), "localnet"]
    command += ["--rpc-port", "0", "--exit-with-parent", "--slot-ms", str(slot_ms), *options]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise RuntimeError(f"localnet ended with {process.wait()} before it was ready")
        addresses = json.loads(ready)
        yield Node("localnet", addresses["rpc"], addresses["ws"])
    finally:
        process.terminate()
        process.wait(10)


def validator_command() -> str | None:
    """The path of solana-test-validator, where there is one."""
    return shutil.which("solana-test-validator")


@contextmanager
def validator(ledger: Path, *options: str) -> Iterator[Node]:
    """A solana-test-validator of its own, with a new ledger."""
    command = validator_command()
    assert command is not None, "solana-test-validator is not on the PATH"
    rpc, faucet, gossip = _free_port(2), _free_port(), _free_port(40)
    arguments = [command, "--reset", "--quiet", "--ledger", str(ledger), "--limit-ledger-size", "10000"]
    arguments += ["--bind-address", "127.0.0.1", "--rpc-port", str(rpc), "--faucet-port", str(faucet)]
    arguments += ["--dynamic-port-range", f"{gossip}-{gossip + 40}", "--ticks-per-slot", str(_TICKS_PER_SLOT)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*arguments, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    node = Node("validator", f"http://127.0.0.1:{rpc}", f"ws://127.0.0.1:{rpc + 1}")
    try:
        _wait_until_healthy(node, process)
        yield node
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(node: Node, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the validator ended with {process.returncode} before it was ready")
        try:
            # The first slots pass before it has a block to build upon: wait for one that is final.
            if node.get("getSlot") > 0:
                return
        except (httpx.TransportError, RpcFailure):
            pass
        time.sleep(0.1)
    raise TimeoutError(f"the validator is not ready after {_START_SECONDS} s")


def _free_port(room: int = 1) -> int:
    """A port that is free now, as are those above it that belong to it."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + room < 65536 and all(_is_free(port + offset) for offset in range(1, room)):
            return port
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
