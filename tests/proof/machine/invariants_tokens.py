"""Of tokens: each movement is told by an event, supply is what accounts hold, nobody gains by nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from solders.pubkey import Pubkey

from client import addresses
from client.state import Actor, Auction, Delegation, Emission, Job, Registry, Slash, Ticket, Vesting
from tests.proof.layout import Event
from tests.proof.ledger import Call, Mint, Step, Tokens
from tests.proof.machine.invariants_books import ONE, RECOUNTS, Books, Seen, at_most, direct_moves, equal, invariant

GENESIS_SUPPLY = 500_000_000 * 10**8
"""IO base units before the first epoch."""

OPEN = ("seller_usd", "affiliate_io", "destination")
"""Accounts of which the owner may be one of our programs' addresses: what is paid into its vault then is a gift."""

Moves = Iterator[tuple[Pubkey | None, Pubkey | None, int]]
"""From, to (None: made or burned), base units."""


def moves_of(call: Call, event: Event, donated: int) -> Moves:
    """The tokens that a call moved, as its event tells. `donated`: what strangers put into a finished job's vault."""
    at = call.accounts
    match call.name:
        case "staking.deposit_collateral" | "staking.delegate":
            yield at["source"], at["vault"], event.amount
        case "staking.appeal_slash":
            yield at["source"], at["vault"], event.bond
        case "staking.withdraw_ticket":
            yield at["vault"], at["destination"], event.amount
        case "staking.dismiss_slash":
            yield at["vault"], at["destination"], event.bond
        case "staking.execute_slash":
            yield at["vault"], None, event.burned
        case "staking.claim_rewards":
            yield at["rewards"], at["destination"], event.amount
        case "emission.claim" | "emission.lock_bonus":
            if call.name == "emission.claim":
                yield None, at["owner_io"], event.owner
            yield None, at["affiliate_io"], event.affiliate
            yield None, at["rewards"], event.stakers
        case "emission.lock_io":
            yield at["source"], at["locked_vault"], event.amount
        case "emission.withdraw_vested":
            yield at["locked_vault"] if event.funded else None, at["destination"], event.amount
        case "burn.sell_io":
            yield at["seller_io"], None, event.io
            yield at["vault"], at["seller_usd"], event.usd
        case "burn.grant_user":
            yield at["incentives"], at["credit"], event.amount
        case "burn.grant_owner":
            yield at["incentives"], at["owner_usd"], event.amount
        case "escrow.open_job":
            yield at["source"], at["vault"], event.deposit - event.granted
            yield at["credit"], at["vault"], event.granted
        case "escrow.extend_job":
            yield at["source"], at["vault"], event.deposit
        case "escrow.dispute_job":
            yield at["source"], at["vault"], event.bond
        case "escrow.settle_job":
            yield at["vault"], at["node_usd"], event.dollars
            yield at["vault"], at["affiliate_usd"], event.fee_affiliate
            yield at["vault"], at["burn_vault"], event.burn + event.fee_burn
            yield at["vault"], at["incentives"], event.fee_incentives
        case "escrow.resolve_dispute":
            yield at["vault"], at["node_usd"], event.bond_node
        case "escrow.finish_job":
            yield at["vault"], at["user_usd"], event.refund + event.bond + donated
            yield at["vault"], at["credit"], event.credit


def moves_in(seen: Seen) -> Moves:
    """All tokens that a step moved, as its events and its direct transfers tell."""
    step, expected = seen.step, Counter[Pubkey]()
    direct = [move for move in direct_moves(step) if move[2]]
    yield from direct
    for call, event in seen.told:
        donated = 0
        if call.name == "escrow.finish_job":
            vault = call.accounts["vault"]
            before = step.before.get(vault)
            arrived = sum(amount * ((to == vault) - (source == vault)) for source, to, amount in direct)
            held = (before.amount if isinstance(before, Tokens) else 0) + arrived + expected[vault]
            donated = held - event.refund - event.bond - event.credit
        for source, to, amount in moves_of(call, event, donated):
            if amount:
                if source:
                    expected[source] -= amount
                if to:
                    expected[to] += amount
                yield source, to, amount


@invariant
def every_movement_is_told(seen: Seen) -> None:
    """What each token account and each mint gained or lost is what the events and direct transfers say."""
    expected, made = Counter[Pubkey](), Counter[Pubkey]()
    step = seen.step
    for source, to, amount in moves_in(seen):
        if source:
            expected[source] -= amount
        if to:
            expected[to] += amount
        if source is None or to is None:
            token_account = source or to
            assert token_account is not None
            found = step.after.get(token_account) or step.before.get(token_account)
            made[found.mint] += amount if source is None else -amount  # type: ignore[union-attr] # a token account
    for address, before, after in seen.changed(Tokens):
        change = (after.amount if after else 0) - (before.amount if before else 0)
        equal(change, expected.pop(address, 0), "the token account", address, "changed by")
    equal({at: amount for at, amount in expected.items() if amount}, {}, "told of accounts that did not change:")
    for address, was, mint in seen.changed(Mint):
        if mint and was:
            equal(mint.supply - was.supply, made[address], "the supply of", address, "changed by")


@invariant
def supply_is_what_accounts_hold(seen: Seen) -> None:
    """The supply of each mint is the sum of all token accounts."""
    for address, _, after in seen.changed(Mint):
        if after:
            equal(seen.books.sums["held", address], after.supply, "held of", address)


@invariant
def supply_is_genesis_and_minted_less_burned(seen: Seen) -> None:
    """IO in existence is what was at genesis, what the emission minted, less what slashes, sales and holders burned."""
    books = seen.books
    counted = any(any(seen.changed(kind)) for kind in (Emission, Registry, Auction, Mint))
    mint = books.get(Mint, books.io_mint)
    if counted and mint and books.emission and not seen.calls("emission.initialize"):
        equal(mint.supply, supply_told(books), "the supply of IO")


def supply_told(books: Books) -> int:
    """IO in existence as the programs count it, base units."""
    registry = books.get(Registry, addresses.registry())
    auction = books.get(Auction, addresses.auction())
    burned = (registry.slashed_io if registry else 0) + (auction.burned_io if auction else 0)
    minted = books.emission.minted if books.emission else 0
    return GENESIS_SUPPLY + minted - burned - books.flows["burned by holders",]


@invariant
def dollars_are_made_by_their_mint_alone(seen: Seen) -> None:
    """No instruction of ours makes or burns a dollar."""
    for address, before, after in seen.changed(Mint):
        if address == seen.books.usd_mint and before and after:
            direct = sum((source is None) * n - (to is None) * n for source, to, n in direct_moves(seen.step))
            equal(after.supply - before.supply, direct, "dollars made")


def count_flows(seen: Seen) -> None:
    """Adds to the books what a step's events and direct transfers say; before the invariants are checked."""
    flows, step = seen.books.flows, seen.step
    for source, to, amount in direct_moves(step):
        if source:
            flows["outside", source] -= amount
        if to:
            flows["outside", to] += amount
        if to is None and _mint_of(step, source) == seen.books.io_mint:
            flows["burned by holders",] += amount
        for end, sign in ((source, -1), (to, 1)):
            if end:
                _allow(seen, end, sign * amount)
    for call, event in seen.told:
        for whose, mint, amount in gains(seen, call, event):
            flows["allowed", mint, whose] += amount
        wallets = {call.accounts[name] for name in OPEN if name in call.accounts}
        for _, to, amount in moves_of(call, event, 0):
            if to in wallets and _owner_of(step, to) in seen.books.ledger.accounts:
                flows["outside", to] += amount


def _owner_of(step: Step, token_account: Pubkey | None) -> Pubkey | None:
    found = token_account and (step.after.get(token_account) or step.before.get(token_account))
    return found.owner if isinstance(found, Tokens) else None


def _mint_of(step: Step, token_account: Pubkey | None) -> Pubkey | None:
    found = token_account and (step.after.get(token_account) or step.before.get(token_account))
    return found.mint if isinstance(found, Tokens) else None


def _allow(seen: Seen, token_account: Pubkey, amount: int) -> None:
    found = seen.step.after.get(token_account) or seen.step.before.get(token_account)
    if isinstance(found, Tokens):
        seen.books.flows["allowed", found.mint, found.owner] += amount


def gains(seen: Seen, call: Call, event: Event) -> Iterator[tuple[Pubkey, Pubkey, int]]:
    """By what a call may make people richer (wallets and claims): who, of which mint, base units."""
    at, books, step = call.accounts, seen.books, seen.step
    io, usd = books.io_mint, books.usd_mint

    def wallet(name: str) -> Pubkey:
        found = step.after.get(at[name]) or step.before.get(at[name])
        return found.owner if isinstance(found, Tokens) else at[name]

    def actor(name: str = "actor") -> Actor:
        found = books.ledger.accounts[at[name]]
        assert isinstance(found, Actor)
        return found

    def authority() -> Pubkey:
        return actor().authority

    match call.name:
        case "staking.deposit_collateral":
            yield wallet("source"), io, -event.amount
            yield authority(), io, event.amount
        case "staking.delegate":
            yield wallet("source"), io, -event.amount
            yield event.owner, io, event.amount
        case "staking.appeal_slash":
            yield wallet("source"), io, -event.bond
            yield authority(), io, event.bond
        case "staking.claim_rewards":
            yield event.owner, io, event.amount
        case "emission.claim" | "emission.lock_bonus":
            if call.name == "emission.claim":
                yield authority(), io, event.owner
            yield actor().affiliate, io, event.affiliate
        case "emission.lock_io":
            yield wallet("source"), io, -event.amount
            yield event.beneficiary, io, event.amount
        case "emission.withdraw_vested" if not event.funded:
            yield event.beneficiary, io, event.amount
        case "burn.sell_io":
            yield wallet("seller_io"), io, -event.io
            yield wallet("seller_usd"), usd, event.usd
        case "burn.grant_owner":
            yield event.owner, usd, event.amount
        case "escrow.open_job":
            yield wallet("source"), usd, -(event.deposit - event.granted)
            yield event.authority, usd, event.deposit - event.granted
        case "escrow.extend_job" | "escrow.dispute_job":
            amount = event.deposit if call.name == "escrow.extend_job" else event.bond
            yield wallet("source"), usd, -amount
            yield at["authority"], usd, amount
        case "escrow.settle_job":
            yield actor("node").authority, usd, event.dollars
            if event.fee_affiliate:
                yield wallet("affiliate_usd"), usd, event.fee_affiliate
        case "escrow.resolve_dispute":
            yield actor("node").authority, usd, event.bond_node
        case "escrow.finish_job":
            yield wallet("user_usd"), usd, books.flows["outside", at["vault"]]


def fortunes(books: Books) -> Counter[tuple[Pubkey, Pubkey]]:
    """What everybody has of each mint, in wallets and claims whose amount is certain: (mint, owner), base units."""
    found = Counter[tuple[Pubkey, Pubkey]]()
    everything, io = books.ledger.accounts, books.io_mint
    for known in everything.values():
        match known:
            case Tokens() if known.owner not in everything:
                found[known.mint, known.owner] += known.amount
            case Delegation() | Ticket():
                found[io, known.owner] += known.shares * everything[known.actor].index // ONE
            case Actor():
                found[io, known.authority] += known.collateral
            case Slash():
                found[io, everything[known.actor].authority] += known.bond
            case Vesting() if known.funded:
                found[io, known.beneficiary] += known.left
            case Job() if not known.is_finished:
                own = known.deposit - max(known.settled_usd, known.granted)
                found[books.usd_mint, known.authority] += own + known.bond
    return found


def nobody_profits(books: Books) -> None:
    """Nobody's tokens, in wallets and claims, grow but by what was earned, emitted, granted, sold or given to it."""
    for (mint, owner), amount in fortunes(books).items():
        at_most(amount, books.flows["allowed", mint, owner], "the fortune of", owner, "of", mint)


RECOUNTS[nobody_profits.__name__] = nobody_profits
