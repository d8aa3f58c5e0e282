"""How a machine becomes a node, and says on the chain where it is: registration, the agent's key, the announcement.

The owner's key is needed once, or never here: it registers the node, names the agent's key, and gives it SOL for fees.
The agent's own key announces and reports, and can move no money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import accounts, actions, addresses, reads
from client.errors import IonetError
from client.localnet import SOL
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, send
from client.state import Actor, Agent
from machines.agent.hardware import Hardware
from machines.agent.home import Home

FEES: Final = SOL // 20
"""Lamports that an owner gives to its agent: some ten thousand reports."""
_FEES_LEAST: Final = SOL // 100
RENEW_SECONDS: Final = 7 * 86_400
"""After which the agent announces itself again, though nothing has changed: who reads it sees that it is alive."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a new node is registered with; None takes what the hardware suggests."""

    owner: Keypair = field(repr=False)
    hardware_class: str | None = None
    processors: int | None = None
    dollar_share_bp: int = 9_000
    commission_bp: int = 100


async def node_of(
    client: AsyncClient,
    home: Home,
    hardware: Hardware,
    node: Pubkey | None,
    registration: Registration | None,
    options: SendOptions = DEFAULT,
) -> Pubkey:
    """Which node this machine is: as it was before, as it is told, or newly registered."""
    known = home.identity()
    if known is not None:
        before = Pubkey.from_string(known.node)
        if node is not None and node != before:
            raise IonetError(
                f"this folder belongs to the node {before}, not to {node}: use another --folder for another node"
            )
        if registration is None or await accounts.fetch(client, Actor, before) is not None:
            node = before
    if node is None:
        if registration is None:
            raise IonetError(
                "this machine is no node yet: name one with --node, or register one with --owner-keypair FILE"
            )
        node = await _register(client, home, hardware, registration, options)
    if not (await reads.actor(client, node)).is_node:
        raise IonetError(f"{node} is a user: an agent works for a node")
    home.remember(node)
    return node


async def _register(
    client: AsyncClient, home: Home, hardware: Hardware, registration: Registration, options: SendOptions
) -> Pubkey:
    owner = registration.owner.pubkey()
    taken = {one.id for one in (await accounts.actors_by_authority(client, owner)).values()}
    id = next(number for number in range(len(taken) + 1) if number not in taken)
    # Before it is sent: a start that is killed in between does not register a second node.
    home.remember(addresses.actor(owner, id))
    hardware_class, processors = hardware.suggested
    registered = await actions.register_node(
        client,
        registration.owner,
        hardware_class=registration.hardware_class or hardware_class,
        processors=registration.processors or processors,
        dollar_share_bp=registration.dollar_share_bp,
        commission_bp=registration.commission_bp,
        id=id,
        options=options,
    )
    return registered.actor


async def require_named(
    client: AsyncClient, node: Pubkey, key: Keypair, owner: Keypair | None, options: SendOptions = DEFAULT
) -> Agent:
    """The node's agent account, which names this agent's key; the owner's key, where it is here, sees to that."""
    actor, address = await reads.actor(client, node), key.pubkey()
    found = await accounts.fetch(client, Agent, addresses.agent(node))
    if found is None or found.key != address:
        if owner is None or owner.pubkey() != actor.authority:
            named = "no agent" if found is None else f"another agent, {found.key}"
            raise IonetError(
                f"the node {node} names {named}: its owner {actor.authority} runs "
                f"`ionet node agent {node} --key {address}`, or start the agent once with --owner-keypair"
            )
        await actions.name_agent(client, owner, node, address, options)
        found = await reads.agent(client, node)
    held = (await client.get_balance(address)).value
    if held < _FEES_LEAST:
        if owner is None:
            raise IonetError(
                f"the agent's key {address} holds {held / SOL:.4f} SOL, too little for the fees of its reports: "
                f"send it {FEES / SOL} SOL"
            )
        pocket = transfer(TransferParams(from_pubkey=owner.pubkey(), to_pubkey=address, lamports=FEES))
        await send(client, [pocket], [owner], options)
    return found


async def announce(
    client: AsyncClient,
    node: Pubkey,
    key: Keypair,
    *,
    endpoint: str,
    fingerprint: bytes,
    hardware: Hardware,
    options: SendOptions = DEFAULT,
) -> bool:
    """Says on the chain where the agent is, with which certificate, unless it says so already; whether it was said."""
    found = await reads.agent(client, node)
    is_said = (found.endpoint, found.certificate, found.hardware) == (endpoint, fingerprint, hardware.digest)
    if is_said and await chain_time(client) - found.announced_at < RENEW_SECONDS:
        return False
    await actions.announce_agent(client, key, node, endpoint, fingerprint, hardware.digest, options)
    return True
