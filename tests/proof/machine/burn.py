"""Rules for burn, and for gifts that nobody asked for."""

from __future__ import annotations

from hypothesis import strategies as st
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import addresses
from client.instructions import burn, tokens
from client.state import Actor, Earner, Job
from tests.proof.machine.acting import Amount, amounts, ids, mostly, step, twists, whos
from tests.proof.machine.economy import amount_of
from tests.proof.machine.oracle import Oracle


class Burn(Oracle):
    """The auction, grants, gifts."""

    @step(seller=whos, most=amounts, least=st.one_of(st.just(0), amounts), fresh=mostly, twist=twists)
    def sell_io(self, seller: int, most: Amount, least: Amount, fresh: bool, twist: int) -> None:
        """`least` by a word: of what is in the vault, a tenth of a thousandth."""
        self.freshened(fresh)
        wallet = self.who(seller)
        own, held = self.economy.io(wallet), self.economy.ledger.balance(addresses.burn_vault())
        self.act(
            burn.sell_io(
                seller=wallet,
                io_mint=self.economy.world.io_mint,
                seller_io=own,
                seller_usd=self.economy.usd(wallet),
                io_max=amount_of(most, self.economy.ledger.balance(own)),
                usd_min=amount_of(least, held // 100_000),
            ),
            twist=twist,
        )

    @step(user=whos, signers=whos, twist=twists)
    def grant_user(self, user: int, signers: int, twist: int) -> None:
        found = self.actor(user, lambda address, one: not one.is_node and not self.is_free(addresses.credit(address)))
        if found is None:
            return
        granting = burn.grant_user(payer=self.who(0), signers=self.signers(signers), user=found[0])
        self.act(granting, twist=twist)

    @step(node=whos, signers=whos, twist=twists)
    def grant_owner(self, node: int, signers: int, twist: int) -> None:
        if (found := self.actor(node, lambda address, _: self.is_proven(address))) is None:
            return
        address, one = found
        granting = burn.grant_owner(
            payer=self.who(0), signers=self.signers(signers), node=address, owner_usd=self.economy.usd(one.authority)
        )
        self.act(granting, twist=twist)

    def is_proven(self, actor: Pubkey) -> bool:
        """Whether a node has points, and no grant yet."""
        earner = self.economy.ledger.get(Earner, addresses.earner(actor))
        proven = earner is not None and earner.points > 0 and self.only_actor(actor).is_node
        return proven and self.is_free(addresses.grant(actor))

    @step(to=whos, amount=amounts, giver=whos)
    def give_dollars(self, to: int, amount: Amount, giver: int) -> None:
        """Into a vault that never asked for them."""
        jobs = [addresses.job_vault(job) for job, one in self.economy.ledger.all(Job).items() if not one.is_finished]
        users = [actor for actor, one in self.economy.ledger.all(Actor).items() if not one.is_node]
        credits = [credit for user in users if not self.is_free(credit := addresses.credit(user))]
        self.give([addresses.burn_vault(), addresses.incentives_vault(), *jobs, *credits], to, amount, giver, io=False)

    @step(to=whos, amount=amounts, giver=whos)
    def give_io(self, to: int, amount: Amount, giver: int) -> None:
        """Into a vault that never asked for it."""
        pools = [one.rewards for one in self.economy.ledger.all(Actor).values() if one.has_pool]
        self.give([*pools, addresses.stake_vault(), addresses.locked_vault()], to, amount, giver, io=True)

    def give(self, vaults: list[Pubkey], to: int, amount: Amount, giver: int, *, io: bool) -> None:
        """A transfer by its holder."""
        wallet = self.who(giver)
        source = self.economy.io(wallet) if io else self.economy.usd(wallet)
        given = amount_of(amount, self.economy.ledger.balance(source))
        destination = vaults[to % len(vaults)]
        self.act(tokens.transfer(source=source, destination=destination, owner=wallet, amount=given))

    @step(kind=st.integers(0, 7), who=whos, id=ids, lamports=st.sampled_from((890_880, 10**7, 10**8)))
    def fund_beforehand(self, kind: int, who: int, id: int, lamports: int) -> None:
        """Lamports to an address at which an account is still to come."""
        wallet, actors = self.who(who), list(self.economy.ledger.all(Actor))
        actor = actors[who % len(actors)] if actors else addresses.actor(wallet, id)
        to = (
            addresses.actor(wallet, id),
            addresses.earner(actor),
            addresses.rewards(actor),
            addresses.delegation(actor, wallet),
            addresses.ticket(actor, wallet, id),
            addresses.job(actor, id),
            addresses.job_vault(addresses.job(actor, id)),
            addresses.slash(actor, id),
        )[kind]
        if not self.is_free(to):
            return
        giving = TransferParams(from_pubkey=self.economy.world.admin.pubkey(), to_pubkey=to, lamports=lamports)
        self.act(transfer(giving))
