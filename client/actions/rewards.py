"""Closing epochs, claiming, withdrawing what has vested, selling IO to the auction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.actions.jobs import rates_page
from client.amounts import IO, USD
from client.errors import IonetError
from client.instructions import burn, emission, tokens
from client.reads import Pending, SaleQuote, StalePrice
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Earner, Emission, Vesting

_VESTINGS_AT_ONCE = 8
"""Withdrawals that fit into one transaction."""

SLIPPAGE_BP = 100
"""What a sale may bring less than its quote, unless the seller says otherwise."""


class NothingToClaim(IonetError):
    """An actor that has earned nothing since its last claim."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Epochs `first` to `last`, closed."""

    first: int
    last: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim brought, as foreseen from the chain's state just before it."""

    actor: Pubkey
    pending: Pending
    affiliate_part: int
    """Of the liquid IO, IO base units."""
    vesting: Pubkey | None
    """Where the bonus is locked."""
    sent: Sent


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale, as quoted just before it."""

    quote: SaleQuote
    sent: Sent


async def close_epochs(
    client: AsyncClient, payer: Keypair, through: int | None = None, options: SendOptions = DEFAULT
) -> Closed:
    """Closes every epoch up to `through`, the one whose scores are final (None: that one). Anyone may."""
    state = await reads.emission(client)
    last = state.final_epoch if through is None else through
    if last <= state.closed_epoch and through is not None:
        raise IonetError(f"epoch {last} is closed already: the last closed is {state.closed_epoch}")
    if last != state.final_epoch or last == state.closed_epoch:
        raise IonetError(await _why_not_final(client, state, max(last, state.open_epoch)))
    wallet = payer.pubkey()
    instructions = await rates_page(client, wallet, state.open_epoch)
    instructions.append(emission.close_epochs(first=state.open_epoch, through=last))
    return Closed(state.open_epoch, last, await send(client, instructions, [payer], options))


async def _why_not_final(client: AsyncClient, state: Emission, epoch: int) -> str:
    if not 1 <= epoch <= economics.LAST_EPOCH:
        return f"epoch {epoch} is out of range: epochs are 1 to {economics.LAST_EPOCH}"
    end, now = economics.epoch_end(state.genesis, epoch), await chain_time(client)
    if end is not None and now < end:
        at = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return f"epoch {epoch} has not ended: it ends at {at} UTC, in {end - now} seconds"
    if state.final_epoch > state.closed_epoch:
        return f"the scores of epoch {state.final_epoch} are final: close through that one first"
    return f"the scores of epoch {epoch} are not final: the committee has to post them first"


async def claim(client: AsyncClient, authority: Keypair, actor: Pubkey, options: SendOptions = DEFAULT) -> Claimed:
    """Mints an actor's liquid IO to its authority (and its affiliate's part), and locks its bonus IO.

    Missing token accounts are created in the same transaction.
    """
    found, wallet = await reads.actor(client, actor), authority.pubkey()
    if found.authority != wallet:
        raise IonetError(f"{actor} belongs to {found.authority}: {wallet} cannot claim for it")
    state = await reads.emission(client)
    earner = await accounts.fetch(client, Earner, addresses.earner(actor))
    if earner is None:
        raise NothingToClaim(f"{actor} has never earned: it has no earner account")
    due = await reads.pending(client, state, earner)
    if not due.liquid and not due.bonus:
        raise NothingToClaim(f"{actor} has nothing to claim yet: the last closed epoch is {state.closed_epoch}")
    own = tokens.create_token_account(payer=wallet, owner=wallet, mint=state.io_mint)
    instructions = [own, *await rates_page(client, wallet, due.coupon_epoch)]
    part, affiliate_bp = 0, state.parameters_at(await chain_time(client)).affiliate_bp
    if due.liquid:
        affiliate_io = None
        if found.has_affiliate and affiliate_bp:
            part = economics.bps_floor(due.liquid, affiliate_bp)
            affiliate_io = addresses.token_account(found.affiliate, state.io_mint)
            instructions.append(tokens.create_token_account(payer=wallet, owner=found.affiliate, mint=state.io_mint))
        instructions.append(
            emission.claim(
                authority=wallet,
                actor=actor,
                coupon_epoch=due.coupon_epoch,
                io_mint=state.io_mint,
                owner_io=addresses.token_account(wallet, state.io_mint),
                affiliate_io=affiliate_io,
            )
        )
    vesting = None
    if due.bonus:
        vesting = addresses.vesting(addresses.earner(actor), state.closed_epoch)
        instructions.append(
            emission.lock_bonus(
                authority=wallet,
                actor=actor,
                coupon_epoch=due.coupon_epoch,
                closed_epoch=state.closed_epoch,
            )
        )
    sent = await send(client, instructions, [authority], options)
    return Claimed(actor, due, part, vesting, sent)


async def vestings(client: AsyncClient, beneficiary: Pubkey) -> dict[Pubkey, Vesting]:
    """The locked IO of a wallet."""
    return await accounts.fetch_all(client, Vesting, {"beneficiary": beneficiary})


def vested(vesting: Vesting, now: int) -> int:
    """What could be withdrawn of it at `now` (the chain's time), IO base units."""
    free = economics.vested(vesting.total, vesting.start, vesting.end, step_seconds=1, now=now)
    return max(free - vesting.withdrawn, 0)


async def withdraw_vested(
    client: AsyncClient, beneficiary: Keypair, options: SendOptions = DEFAULT
) -> tuple[int, Sequence[Sent]]:
    """Mints what has vested of a wallet's locked IO: IO base units (as foreseen), and the transactions."""
    wallet, now = beneficiary.pubkey(), await chain_time(client)
    due = {address: vested(one, now) for address, one in (await vestings(client, wallet)).items()}
    ready = sorted((address for address, amount in due.items() if amount), key=bytes)
    if not ready:
        raise NothingToClaim(f"{wallet} has no locked IO that has vested")
    io_mint = (await reads.emission(client)).io_mint
    destination = addresses.token_account(wallet, io_mint)
    sent = []
    for start in range(0, len(ready), _VESTINGS_AT_ONCE):
        instructions = [tokens.create_token_account(payer=wallet, owner=wallet, mint=io_mint)]
        instructions += [
            emission.withdraw_vested(beneficiary=wallet, vesting=address, io_mint=io_mint, destination=destination)
            for address in ready[start : start + _VESTINGS_AT_ONCE]
        ]
        sent.append(await send(client, instructions, [beneficiary], options))
    return sum(due.values()), sent


async def sell_io(
    client: AsyncClient,
    seller: Keypair,
    io_max: int,
    usd_min: int | None = None,
    options: SendOptions = DEFAULT,
) -> Sold:
    """Sells up to `io_max` (IO base units) to the auction for at least `usd_min` (USD base units).

    None for `usd_min` takes the quote less 1%.
    """
    wallet, sells = seller.pubkey(), await reads.auction(client)
    quote = await reads.quote_sale(client, io_max)
    if not quote.is_fresh:
        raise StalePrice("the price of IO is stale: the committee has to submit a new one, then try again")
    if not quote.usd_paid:
        raise IonetError(
            f"the auction buys nothing now: its vault holds {USD.show(quote.vault_usd)}, "
            f"and {IO.show(io_max)} were offered"
        )
    least = economics.bps_floor(quote.usd_paid, economics.BPS - SLIPPAGE_BP) if usd_min is None else usd_min
    if quote.usd_paid < least:
        raise IonetError(f"the auction pays {USD.show(quote.usd_paid)}, less than the {USD.show(least)} asked for")
    seller_io = addresses.token_account(wallet, sells.io_mint)
    held = await accounts.token_balance(client, seller_io) or 0
    if held < quote.io_taken:
        raise IonetError(f"the auction takes {IO.show(quote.io_taken)}, and {wallet} holds {IO.show(held)}")
    instructions = [
        tokens.create_token_account(payer=wallet, owner=wallet, mint=sells.usd_mint),
        burn.sell_io(
            seller=wallet,
            io_mint=sells.io_mint,
            seller_io=seller_io,
            seller_usd=addresses.token_account(wallet, sells.usd_mint),
            io_max=io_max,
            usd_min=least,
        ),
    ]
    return Sold(quote, await send(client, instructions, [seller], options))
