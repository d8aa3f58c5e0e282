"""What holders, owners and the offices do besides jobs: stake, elections, a change of parameters, grants, a slash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from client import accounts, actions, addresses, reads, state
from client.actions.rewards import NothingToClaim
from client.actions.slashing import propose_slash
from client.actions.staking import NothingStaked, claim_rewards, delegate, elect, undelegate
from client.amounts import format_io, format_usd
from client.economics import IO
from demo.network import PARAMETERS, SEND, Network, Participant
from demo.scenario import BONUS_USER, GRANTED_USER

Act = Callable[[], Awaitable[None]]

STAKES = ((0, 1_000 * IO), (1, 600 * IO))
"""What each staker puts behind the first node,"""
USER_STAKE = 200 * IO
"""the first of them behind a user,"""
UNDELEGATED = 250 * IO
"""and the second asks back in epoch 2."""
AVAILABILITY_BP = 6_000
"""Of the emission, for availability from epoch 2 on."""
UNRESPONSIVE = 1
"""The offence with the least part."""


@dataclass
class People:
    """Everybody but the users with their jobs, in one network."""

    network: Network
    step: Callable[[str], None]
    """Told what is going on."""

    def agenda(self, epoch: int) -> list[tuple[int, Act]]:
        """What they do in an epoch, and in which of its seconds."""
        if epoch == 1:
            return [(400, self._govern), (420, self._stake), (560, self._grant_user), (2_000, self._elect)]
        return [(2_000, self._undelegate), (2_060, self._slash)] if epoch == 2 else []

    async def claim(self) -> None:
        """Nodes and users have minted what they earned, and their bonus locked."""
        for participant in (*self.network.nodes, *self.network.users):
            # A node that failed every challenge and had no job has earned nothing, nor has a user without coupons.
            with suppress(NothingToClaim):
                await actions.claim(self.network.client, participant.keypair, participant.actor, SEND)

    async def after(self, epoch: int) -> None:
        """What follows the close of an epoch."""
        net = self.network
        await self._make_good()
        if epoch == 2:
            await self._grant_owner()
        # A pool whose node had no luck has nothing to pay.
        with suppress(NothingStaked):
            await claim_rewards(net.client, net.stakers[0], net.stakers[0].pubkey(), options=SEND)
        if epoch == net.scenario.epochs:
            for owner in (net.stakers[1], net.nodes[0].keypair):
                with suppress(NothingToClaim):
                    await actions.withdraw_vested(net.client, owner, options=SEND)

    async def _govern(self) -> None:
        net = self.network
        changes = {"availability_bp": AVAILABILITY_BP}
        await actions.set_parameters(net.client, net.admin, "emission", changes, options=SEND)
        self.step(f"epoch 1: the admin gives availability {AVAILABILITY_BP // 100}% of the emission, from epoch 2 on")

    async def _stake(self) -> None:
        net = self.network
        for staker, amount in STAKES:
            await self._delegate(staker, net.nodes[0], amount)
        await self._delegate(0, net.users[BONUS_USER], USER_STAKE)

    async def _delegate(self, staker: int, to: Participant, amount: int) -> None:
        await delegate(self.network.client, self.network.stakers[staker], to.actor, amount, SEND)
        self.step(f"epoch 1: staker-{staker + 1} delegates {format_io(amount)} IO to {to.name}")

    async def _undelegate(self) -> None:
        net = self.network
        await undelegate(net.client, net.stakers[1], net.nodes[0].actor, UNDELEGATED, SEND)
        self.step(f"epoch 2: staker-2 asks {format_io(UNDELEGATED)} IO back from {net.nodes[0].name}")

    async def _elect(self) -> None:
        net, node = self.network, self.network.electing
        wanted = node.spec.other_share_bp
        await elect(net.client, node.keypair, node.actor, dollar_share_bp=wanted, options=SEND)
        self.step(f"epoch 1: {node.name} will take {wanted // 100}% of its pay in dollars, from epoch 2 on")

    async def _grant_user(self) -> None:
        net, user = self.network, self.network.users[GRANTED_USER]
        granted = await actions.grant_user(net.client, net.admin, net.committee, user.actor, SEND)
        self.step(f"epoch 1: the committee grants {user.name} {format_usd(granted.amount)} USD for jobs")

    async def _grant_owner(self) -> None:
        """The first node that has proven itself."""
        net, closed = self.network, (await reads.emission(self.network.client)).closed_epoch
        found = await self._earners()
        for node, earner in zip(net.nodes, found, strict=True):
            hours = closed + 1 - earner.proven_since if earner.points else 0
            if hours >= PARAMETERS.burn.owner_grant_hours:
                granted = await actions.grant_owner(net.client, net.admin, net.committee, node.actor, SEND)
                self.step(f"epoch 2: the committee grants the owner of {node.name} {format_usd(granted.amount)} USD")
                return

    async def _slash(self) -> None:
        """The committee finds a node unresponsive. Nobody appeals; anyone may execute it."""
        net, node = self.network, self.network.slashed
        if node is None:
            return
        evidence = sha256(f"{net.scenario.seed} evidence".encode()).digest()
        majority = net.committee[: len(net.committee) // 2 + 1]
        await propose_slash(net.client, net.admin, majority, node.actor, UNRESPONSIVE, evidence, SEND)
        self.step(f"epoch 2: the committee slashes {node.name}, which did not respond")

    async def _make_good(self) -> None:
        """The owner of a node that was slashed deposits what is missing: without collateral a node earns nothing."""
        net = self.network
        actors = await accounts.fetch_many(net.client, state.Actor, [node.actor for node in net.nodes])
        for node, actor in zip(net.nodes, actors, strict=True):
            missing = actor.collateral_required - actor.collateral if actor else 0
            if missing > 0:
                await actions.deposit_collateral(net.client, node.keypair, node.actor, missing, SEND)

    async def _earners(self) -> list[state.Earner]:
        client, nodes = self.network.client, self.network.nodes
        found = await accounts.fetch_many(client, state.Earner, [addresses.earner(node.actor) for node in nodes])
        return [earner for earner in found if earner is not None]
