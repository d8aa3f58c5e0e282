"""Starts a localnet with the five committed programs, as a process that ends with this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from solders.pubkey import Pubkey

from client.errors import IonetError
from client.idl import PROGRAMS, ROOT, program_id
from client.rpc import tls

SOL = 1_000_000_000
"""Lamports."""

DEPLOY_VARIABLE = "IONET_DEPLOY"
"""Environment variable: a folder with other builds of the five programs than the committed ones. For tests of tests."""

# They say where *this* environment is; localnet has one of its own.
_OTHER_ENVIRONMENT = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH", "PYTHONHOME")
_END_SECONDS = 10


class LocalnetFailed(IonetError):
    """localnet did not start, or refused a call."""


@dataclass(frozen=True, slots=True)
class Localnet:
    """A running localnet."""

    rpc: str
    """URL of JSON-RPC."""
    ws: str
    """URL of the WebSocket."""
    pid: int

    async def warp(self, *, slots: int | None = None, seconds: int | None = None, timestamp: int | None = None) -> int:
        """Jumps ahead by slots, and by seconds or to a Unix time; the chain's new time, Unix seconds."""
        asked = {"slots": slots, "seconds": seconds, "timestamp": timestamp}
        given = {name: value for name, value in asked.items() if value is not None}
        return int((await self._call("localnet_warp", given))["unixTimestamp"])

    async def _call(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with httpx.AsyncClient(timeout=30, verify=tls()) as http:
            answer = (await http.post(self.rpc, json=body)).json()
        if "error" in answer:
            raise LocalnetFailed(f"localnet refused {method} {params}: {answer['error'].get('message')}")
        return answer["result"]


def _uv() -> str:
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise LocalnetFailed("localnet is started with uv, which is not on the PATH: pip install uv")
    return uv


@contextmanager
def start_localnet(
    authority: Pubkey,
    *,
    balances: Mapping[Pubkey, int] | None = None,
    slot_ms: int = 400,
    clock: Literal["wall", "manual"] = "wall",
    genesis_time: int | None = None,
    seed: int = 0,
    rpc_port: int = 0,
) -> Iterator[Localnet]:
    """A localnet with the five programs deployed, upgradeable by `authority`, ready when this yields.

    `balances`: lamports at genesis. `slot_ms`: length of a slot, 0 for slots that move by warps alone.
    `genesis_time`: Unix seconds of slot 0, default now. `rpc_port` 0 finds a free one. With `slot_ms=0`,
    `clock="manual"`, a genesis time and a seed, the same calls give the same chain.
    """
    command = [_uv(), "run", "--quiet", "--frozen", "--project", str(ROOT / "localnet"), "localnet"]
    command += ["--rpc-port", str(rpc_port), "--slot-ms", str(slot_ms), "--clock", clock, "--seed", str(seed)]
    command.append("--exit-with-parent")
    if genesis_time is not None:
        command += ["--genesis-time", str(genesis_time)]
    deploy = Path(os.environ.get(DEPLOY_VARIABLE, ROOT / "programs" / "deploy"))
    for name in PROGRAMS:
        binary = deploy / f"{name}.so"
        command += ["--upgradeable-program", str(program_id(name)), str(binary), str(authority)]
    for address, lamports in (balances or {}).items():
        command += ["--mint-to", str(address), str(lamports)]

    environment = {name: value for name, value in os.environ.items() if name not in _OTHER_ENVIRONMENT}
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            code = process.wait(_END_SECONDS)
            raise LocalnetFailed(
                f"localnet ended with {code} before it was ready: what it printed above says why; "
                "`uv sync --project localnet` prepares its environment"
            )
        addresses = json.loads(ready)
        yield Localnet(addresses["rpc"], addresses["ws"], process.pid)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
