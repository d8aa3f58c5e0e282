"""Agents: who acts for a node day by day, so that its owner's key stays off the machine."""

from __future__ import annotations

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, reads
from client.endpoints import endpoint_bytes
from client.errors import IonetError
from client.instructions import staking
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Agent

HASH_BYTES = 32


async def name_agent(
    client: AsyncClient, authority: Keypair, actor: Pubkey, key: Pubkey, options: SendOptions = DEFAULT
) -> Sent:
    """Names the key that acts for a node of the authority's. It replaces the one before, whose announcement goes."""
    node, wallet = await reads.actor(client, actor), authority.pubkey()
    if not node.is_node:
        raise IonetError(f"{actor} is a user: only a node has an agent")
    if node.authority != wallet:
        raise IonetError(f"the node {actor} belongs to {node.authority}, not to {wallet}")
    return await send(client, [staking.name_agent(authority=wallet, actor=actor, key=key)], [authority], options)


async def announce_agent(
    client: AsyncClient,
    agent_key: Keypair,
    actor: Pubkey,
    endpoint: str,
    certificate: bytes,
    hardware: bytes,
    options: SendOptions = DEFAULT,
) -> Sent:
    """The agent says how to reach its node, at `endpoint`, `host:port`; it pays the fee.

    `certificate`, `hardware`: SHA-256 of the TLS certificate (DER) shown there, and of the node's inventory.
    """
    endpoint_bytes(endpoint)
    for name, value in (("certificate", certificate), ("hardware", hardware)):
        if len(value) != HASH_BYTES:
            raise IonetError(f"the {name}'s SHA-256 has {HASH_BYTES} bytes, not {len(value)}")
    found, wallet = await reads.agent(client, actor), agent_key.pubkey()
    if found.key != wallet:
        raise IonetError(
            f"the agent of node {actor} is {found.key}, not {wallet}: its owner names another with "
            f"`ionet node agent {actor} --key {wallet}`"
        )
    instruction = staking.announce_agent(
        key=wallet, actor=actor, endpoint=endpoint, certificate=certificate, hardware=hardware
    )
    return await send(client, [instruction], [agent_key], options)


async def is_agent(client: AsyncClient, wallet: Pubkey, actor: Pubkey) -> bool:
    """Whether a wallet is the agent of a node."""
    found = await accounts.fetch(client, Agent, addresses.agent(actor))
    return found is not None and found.key == wallet
