"""Which nodes can be challenged now, as the chain has it."""

from __future__ import annotations

from collections import Counter

from solana.rpc.async_api import AsyncClient

from client import accounts, addresses
from client.state import Actor, Agent, Job
from machines.verifier.plan import Target


async def find(client: AsyncClient) -> list[Target]:
    """Nodes with their collateral, an agent that is announced, and a processor that nobody has rented.

    A node of which every processor works is not challenged: its work is what it is paid for, and a challenge would
    take from its renters. One without an agent never said that it can be reached.
    """
    nodes = {at: node for at, node in (await accounts.nodes(client)).items() if _is_covered(node)}
    agents = await accounts.fetch_many(client, Agent, [addresses.agent(at) for at in nodes])
    rented: Counter[object] = Counter()
    for job in (await accounts.jobs(client, state=Job.RUNNING)).values():
        rented[job.node] += job.processors
    return [
        Target(
            node=at,
            owner=node.authority,
            agent_key=agent.key,
            endpoint=agent.endpoint,
            fingerprint=agent.certificate,
            processors=node.processors - rented[at],
        )
        for (at, node), agent in zip(nodes.items(), agents, strict=True)
        if agent is not None and agent.endpoint and node.processors > rented[at]
    ]


def _is_covered(node: Actor) -> bool:
    return node.collateral >= node.collateral_required
