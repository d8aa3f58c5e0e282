"""What commands ask the chain before they show or send anything: the network, classes, quotes, what is claimable.

Previews use the mirror of the programs' arithmetic, and the chain's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.types import DataSliceOpts
from solders.pubkey import Pubkey

from client import accounts, addresses, economics
from client.accounts import offset_of, owner_of
from client.errors import IonetError
from client.rpc import chain_time, url_of
from client.state import Actor, Agent, Auction, Class, Committee, Earner, Emission, Feed, Job, Rates, Terms

T = TypeVar("T")


class NotFound(IonetError):
    """Something that is named and not on the chain."""


class StalePrice(IonetError):
    """A price that the committee has not confirmed lately."""


async def require(client: AsyncClient, kind: type[T], address: Pubkey, what: str) -> T:
    """The account at an address, or `NotFound` with `what` it should be."""
    found = await accounts.fetch(client, kind, address)
    if found is None:
        raise NotFound(f"there is no {what} {address} on {url_of(client)}")
    return found


async def singleton(client: AsyncClient, kind: type[T], address: Pubkey) -> T:
    """The only account of its kind, or `NotFound`: there is no network."""
    found = await accounts.fetch(client, kind, address)
    if found is None:
        raise NotFound(
            f"there is no network on {url_of(client)}: its {kind.__name__.lower()} is not initialised; check --url"
        )
    return found


async def committee(client: AsyncClient) -> Committee:
    """The committee, and the offices above it."""
    return await singleton(client, Committee, addresses.committee())


async def emission(client: AsyncClient) -> Emission:
    """The schedule's state."""
    return await singleton(client, Emission, addresses.emission())


async def terms(client: AsyncClient) -> Terms:
    """The terms of every job."""
    return await singleton(client, Terms, addresses.terms())


async def auction(client: AsyncClient) -> Auction:
    """The buy-and-burn auction."""
    return await singleton(client, Auction, addresses.auction())


async def hardware_class(client: AsyncClient, symbol: str) -> Class:
    """A class by name; refused with the names that there are."""
    found = await accounts.fetch(client, Class, addresses.hardware_class(symbol))
    if found is None:
        known = ", ".join(one.symbol for one in await accounts.classes(client))
        raise NotFound(f"there is no hardware class {symbol!r}: {f'known are {known}' if known else 'none is known'}")
    return found


async def actor(client: AsyncClient, address: Pubkey) -> Actor:
    """An actor by its address."""
    return await require(client, Actor, address, "node or user")


async def agent(client: AsyncClient, actor: Pubkey) -> Agent:
    """Who acts for a node day by day."""
    found = await accounts.fetch(client, Agent, addresses.agent(actor))
    if found is None:
        raise NotFound(
            f"the node {actor} has no agent: its owner names one with `ionet node agent {actor} --key ADDRESS`"
        )
    return found


async def job(client: AsyncClient, address: Pubkey) -> Job:
    """A job by its address."""
    return await require(client, Job, address, "job")


async def user_of(client: AsyncClient, authority: Pubkey, id: int | None = None) -> tuple[Pubkey, Actor]:
    """The user that an authority registered; `id` says which, where there are several."""
    own = await accounts.actors_by_authority(client, authority)
    users = {address: one for address, one in own.items() if not one.is_node and id in (None, one.id)}
    if not users:
        which = "" if id is None else f" with the number {id}"
        raise NotFound(f"{authority} has no user{which}: register one with `ionet user register`")
    if len(users) > 1:
        ids = ", ".join(str(number) for number in sorted(one.id for one in users.values()))
        raise NotFound(f"{authority} has several users, with the numbers {ids}: say which with --id")
    return next(iter(users.items()))


@dataclass(frozen=True, slots=True)
class JobQuote:
    """What a job would cost now."""

    hardware_class: str
    processors: int
    hours: int
    price_nano_usd: int
    """Of one processor-hour, before the discount."""
    valid_until: int
    """The last Unix second of that price."""
    now: int
    """The chain's time, Unix seconds."""
    reputation: int
    """The user's, 0 to 10,000."""
    discount_bp: int
    rate_per_hour: int
    """USD base units for all processors."""
    deposit: int
    """USD base units for all hours; the fee is inside."""
    benefit: int = Job.DISCOUNT
    """`Job.LOCKED_IO`: the full price, and the discount comes back as bonus coupons."""

    @property
    def is_fresh(self) -> bool:
        """Whether a job could be opened at this price now."""
        return self.now <= self.valid_until


async def quote_job(
    client: AsyncClient,
    hardware_class_: str,
    processors: int,
    hours: int,
    user: Pubkey | None = None,
    benefit: int = Job.DISCOUNT,
) -> JobQuote:
    """The price of a job for the user's actor, or without a discount for nobody."""
    for name, value in (("processors", processors), ("hours", hours)):
        if not 0 < value < 1 << 32:
            raise IonetError(f"{name} {value} is out of range: give 1 to {(1 << 32) - 1}")
    await hardware_class(client, hardware_class_)
    feed = await accounts.fetch(client, Feed, addresses.feed(hardware_class_))
    if feed is None or feed.price_nano_usd == 0:
        raise StalePrice(f"{hardware_class_} has no price yet: the committee has to submit one")
    reputation = 0
    if user is not None:
        earner = await accounts.fetch(client, Earner, addresses.earner(user))
        reputation = earner.reputation if earner else 0
    now = await chain_time(client)
    discount_bp = (await terms(client)).parameters_at(now).discount_of(reputation)
    saved_bp = discount_bp if benefit == Job.DISCOUNT else 0
    try:
        rate = economics.rate_per_hour(economics.QuoteInput(feed.price_nano_usd, processors, saved_bp))
        deposit = economics.deposit(rate, hours)
    except economics.ArithmeticRefused as refused:
        raise IonetError(
            f"{processors} processors for {hours} hours cost more than can be paid ({refused}): ask for less"
        ) from refused
    return JobQuote(
        hardware_class=hardware_class_,
        processors=processors,
        hours=hours,
        price_nano_usd=feed.price_nano_usd,
        valid_until=feed.valid_until,
        now=now,
        reputation=reputation,
        discount_bp=discount_bp,
        rate_per_hour=rate,
        deposit=deposit,
        benefit=benefit,
    )


@dataclass(frozen=True, slots=True)
class SaleQuote:
    """What the auction would do now with some IO."""

    io_offered: int
    """IO base units."""
    io_taken: int
    """IO base units; 0 where the auction would buy nothing."""
    usd_paid: int
    """USD base units."""
    vault_usd: int
    """USD base units that wait for IO."""
    price_nano_usd: int
    """Of one IO, before the premium."""
    premium_bp: int
    valid_until: int
    now: int

    @property
    def is_fresh(self) -> bool:
        """Whether the auction sells at this price now."""
        return self.price_nano_usd > 0 and self.now <= self.valid_until


@dataclass(frozen=True, slots=True)
class AuctionNow:
    """The auction at `now`, the chain's time."""

    state: Auction
    vault_usd: int
    """USD base units that wait for IO; those for grants are `incentives_usd`."""
    incentives_usd: int
    price_nano_usd: int
    """Of one IO, before the premium; 0 where there is none yet."""
    valid_until: int
    """The last Unix second of that price."""
    premium_bp: int
    now: int

    @property
    def is_fresh(self) -> bool:
        """Whether the auction sells at this price now."""
        return self.price_nano_usd > 0 and self.now <= self.valid_until


async def auction_now(client: AsyncClient) -> AuctionNow:
    """The auction with its vaults, its price and its premium."""
    state = await auction(client)
    feed = await accounts.fetch(client, Feed, addresses.feed("IO"))
    vault = await accounts.token_balance(client, addresses.burn_vault()) or 0
    incentives = await accounts.token_balance(client, addresses.incentives_vault()) or 0
    now = await chain_time(client)
    ramp = state.parameters_at(now)
    waited = max(now - state.waiting_since, 0)
    return AuctionNow(
        state=state,
        vault_usd=vault,
        incentives_usd=incentives,
        price_nano_usd=feed.price_nano_usd if feed else 0,
        valid_until=feed.valid_until if feed else 0,
        premium_bp=economics.premium_bp(waited, ramp.start_bp, ramp.end_bp, ramp.ramp_seconds),
        now=now,
    )


async def quote_sale(client: AsyncClient, io_offered: int) -> SaleQuote:
    """What the auction would pay for `io_offered` (IO base units)."""
    found = await auction_now(client)
    price, premium = found.price_nano_usd, found.premium_bp
    sold = economics.sale(economics.SaleInput(io_offered, found.vault_usd, price, premium))
    return SaleQuote(
        io_offered=io_offered,
        io_taken=sold.io,
        usd_paid=sold.usd,
        vault_usd=found.vault_usd,
        price_nano_usd=price,
        premium_bp=premium,
        valid_until=found.valid_until,
        now=found.now,
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """What an actor has earned and not claimed, as of the last closed epoch. IO base units."""

    liquid: int
    bonus: int
    coupon_epoch: int
    """The epoch of the coupons that it holds, whose page of rates a claim must name; 0: none."""


async def rate_of(client: AsyncClient, epoch: int) -> int:
    """The compute rate of a closed epoch: IO base units per coupon, 64 fractional bits."""
    place = offset_of(Rates, "per_coupon") + 16 * (epoch % addresses.RATES_EPOCHS)
    answer = await client.get_account_info(addresses.rates(epoch), Confirmed, "base64", DataSliceOpts(place, 16))
    if answer.value is None or answer.value.owner != owner_of(Rates):
        raise NotFound(f"there is no page of rates for epoch {epoch} on {url_of(client)}")
    return int.from_bytes(bytes(answer.value.data), "little")


async def pending(client: AsyncClient, state: Emission, earner: Earner) -> Pending:
    """What `claim` would mint and `lock_bonus` lock."""
    delta = state.per_point - earner.snapshot
    liquid = economics.accrue(earner.liquid, earner.points, delta)
    bonus = earner.bonus
    if 0 < earner.coupon_epoch <= state.closed_epoch:
        rate = await rate_of(client, earner.coupon_epoch)
        liquid = economics.accrue(liquid, earner.coupons_base, rate)
        bonus = economics.accrue(bonus, earner.coupons_bonus, rate)
    return Pending(economics.whole(liquid)[0], economics.whole(bonus)[0], earner.coupon_epoch)
