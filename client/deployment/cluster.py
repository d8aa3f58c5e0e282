"""Which chain a node serves: by its genesis hash, which no two chains share."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import httpx
from solana.rpc.async_api import AsyncClient

PUBLIC = {
    "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d": "mainnet-beta",
    "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY": "testnet",
    "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG": "devnet",
}
"""Name by genesis hash, of Solana's own clusters."""

REHEARSALS = ("devnet", "testnet")
"""Public, and without money."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A chain."""

    name: str
    """One of `PUBLIC`'s, `localnet`, or `unknown`."""
    genesis_hash: str

    @property
    def is_local(self) -> bool:
        """Whether nobody but its starter uses it. What is not known to be local is public."""
        return self.name == "localnet"


async def cluster_of(client: AsyncClient, *, is_localnet: bool = False) -> Cluster:
    """The chain behind `client`. A public one is public, whatever is said of it.

    Another is a localnet where the node is on this machine, or where somebody says so with `is_localnet`.
    """
    found = str((await client.get_genesis_hash()).value)
    local = is_localnet or is_loopback(str(client._provider.endpoint_uri))
    return Cluster(PUBLIC.get(found) or ("localnet" if local else "unknown"), found)


def is_loopback(url: str) -> bool:
    """Whether a URL names this very machine."""
    host = httpx.URL(url).host
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
