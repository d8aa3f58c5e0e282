"""Closing epochs, claiming, selling IO to the auction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.actions.due import rates_pages
from client.amounts import IO, USD
from client.economics import ClaimInput, ClaimSplit
from client.errors import IonetError
from client.instructions import burn, emission, tokens
from client.reads import SaleQuote, StalePrice
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, Sent, send
from client.state import Actor, Earner, Emission

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
    liquid: ClaimSplit
    """IO base units, all minted."""
    bonus: ClaimSplit
    """IO base units: the owner's part is locked, the others' are minted."""
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
    instructions = await rates_pages(client, wallet, [state.open_epoch])
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


async def claim(
    client: AsyncClient, payer: Keypair, actor: Pubkey, options: SendOptions = DEFAULT, *, lock_bonus: bool = True
) -> Claimed:
    """Mints what an actor has earned: its authority's, its affiliate's and its stakers' parts; bonus IO is locked.

    Anyone may, and pays: missing token accounts are created in the same transaction. Not `lock_bonus`: the bonus
    stays where it is, and nobody pays the rent of a vesting account.
    """
    found, wallet = await reads.actor(client, actor), payer.pubkey()
    state = await reads.emission(client)
    earner = await accounts.fetch(client, Earner, addresses.earner(actor))
    if earner is None:
        raise NothingToClaim(f"{actor} has never earned: it has no earner account")
    due = await reads.pending(client, state, earner)
    if not lock_bonus:
        due = replace(due, bonus=0)
    if not due.liquid and not due.bonus:
        raise NothingToClaim(f"{actor} has nothing to claim yet: the last closed epoch is {state.closed_epoch}")
    now = await chain_time(client)
    liquid, bonus = (_shares(found, state, amount, now) for amount in (due.liquid, due.bonus))

    instructions = [*await rates_pages(client, wallet, [due.coupon_epoch])]
    affiliate_io = None
    if liquid.affiliate or bonus.affiliate:
        affiliate_io = addresses.token_account(found.affiliate, state.io_mint)
        instructions.append(tokens.create_token_account(payer=wallet, owner=found.affiliate, mint=state.io_mint))
    rewards = found.rewards if liquid.stakers or bonus.stakers else None
    if due.liquid:
        instructions.append(tokens.create_token_account(payer=wallet, owner=found.authority, mint=state.io_mint))
        instructions.append(
            emission.claim(
                actor=actor,
                coupon_epoch=due.coupon_epoch,
                io_mint=state.io_mint,
                owner_io=addresses.token_account(found.authority, state.io_mint),
                affiliate_io=affiliate_io,
                rewards=rewards,
            )
        )
    vesting = None
    if due.bonus:
        vesting = addresses.vesting(addresses.earner(actor), state.closed_epoch)
        instructions.append(
            emission.lock_bonus(
                payer=wallet,
                actor=actor,
                coupon_epoch=due.coupon_epoch,
                closed_epoch=state.closed_epoch,
                io_mint=state.io_mint,
                affiliate_io=affiliate_io,
                rewards=rewards,
            )
        )
    sent = await send(client, instructions, [payer], options)
    return Claimed(actor, liquid, bonus, vesting, sent)


def _shares(actor: Actor, state: Emission, accrued: int, now: int) -> ClaimSplit:
    commission_bp = actor.election_at(now).commission_bp if actor.shares else 0
    affiliate_bp = state.parameters_at(now).affiliate_bp if actor.has_affiliate else 0
    return economics.claim(ClaimInput(accrued, commission_bp, affiliate_bp))


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
