"""`ionet burn`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.amounts import IO, NANO_USD, USD, format_bp
from client.cli.options import AsJson, KeypairFile, Url, group, settings
from client.cli.output import duration, emit, facts, note, when

if TYPE_CHECKING:
    from client.reads import AuctionNow, SaleQuote

app = group("The buy-and-burn auction: sell IO for the dollars in its vault; the IO is burned.")

Amount = Annotated[str, typer.Option("--io", help="IO to sell, a decimal such as 12.5.", metavar="IO")]


@app.command()
def show(ctx: typer.Context, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False) -> None:
    """Show the auction: its premium now, its vaults, what was burned, paid and granted in all."""
    from client import reads

    chosen = settings(ctx, url, keypair, as_json)
    found = chosen.run("reading the auction", reads.auction_now)
    if chosen.as_json:
        emit(_auction_json(found))
    else:
        facts("Auction", _auction_facts(found))


@app.command()
def quote(
    ctx: typer.Context, io: Amount, url: Url = None, keypair: KeypairFile = None, as_json: AsJson = False
) -> None:
    """Show what the auction would pay now, in USD: its price, its premium, its vault. Nothing is sent."""
    from client import reads

    chosen = settings(ctx, url, keypair, as_json)
    offered = IO.parse(io)
    found = chosen.run("asking for the price", lambda client: reads.quote_sale(client, offered))
    if chosen.as_json:
        emit(_json(found))
    else:
        facts("Quote", _facts(found))
    if not found.is_fresh:
        ago = f" by {duration(found.now - found.valid_until)}" if found.valid_until else ""
        note(f"The price of IO is stale{ago}: nothing can be sold before the committee submits a new one.")


@app.command()
def sell(
    ctx: typer.Context,
    io: Amount,
    min_usd: Annotated[
        str | None,
        typer.Option(
            "--min-usd", help="The least to be paid, USD, a decimal. Default: the quote less 1%.", metavar="USD"
        ),
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Sell IO to the auction, which burns it. Less is taken where the vault holds less than it is worth."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    offered, least = IO.parse(io), None if min_usd is None else USD.parse(min_usd, zero_ok=True)
    key = chosen.keypair()
    done = chosen.run("selling", lambda client: actions.sell_io(client, key, offered, least))
    if chosen.as_json:
        emit({**_json(done.quote), "signature": str(done.sent.signature)})
    else:
        facts("IO sold and burned", [*_facts(done.quote), ("transaction", done.sent.signature)])


def _auction_json(found: AuctionNow) -> dict[str, Any]:
    ramp = found.state.parameters_at(found.now)
    return {
        "vault_usd_units": found.vault_usd,
        "incentives_usd_units": found.incentives_usd,
        "burned_io_units": found.state.burned_io,
        "paid_usd_units": found.state.paid_usd,
        "granted_usd_units": found.state.granted_usd,
        "price_nano_usd_per_io": found.price_nano_usd,
        "price_valid_until": found.valid_until,
        "price_is_fresh": found.is_fresh,
        "premium_bp": found.premium_bp,
        "premium_start_bp": ramp.start_bp,
        "premium_end_bp": ramp.end_bp,
        "premium_ramp_seconds": ramp.ramp_seconds,
        "waiting_since": found.state.waiting_since,
        "chain_time": found.now,
    }


def _auction_facts(found: AuctionNow) -> list[tuple[str, object]]:
    ramp = found.state.parameters_at(found.now)
    fresh = f"until {when(found.valid_until)}" if found.is_fresh else f"stale since {when(found.valid_until)}"
    rising = f"from {format_bp(ramp.start_bp)} to {format_bp(ramp.end_bp)} over {duration(ramp.ramp_seconds)}"
    return [
        ("price", f"{NANO_USD.show(found.price_nano_usd)} per IO ({fresh})"),
        ("premium now", f"{format_bp(found.premium_bp)}, {rising}"),
        ("rising since", when(found.state.waiting_since)),
        ("in the vault, for IO", USD.show(found.vault_usd)),
        ("in the vault, for grants", USD.show(found.incentives_usd)),
        ("burned in all", IO.show(found.state.burned_io)),
        ("paid for it in all", USD.show(found.state.paid_usd)),
        ("granted in all", USD.show(found.state.granted_usd)),
    ]


def _json(quote: SaleQuote) -> dict[str, Any]:
    return {
        "offered_io_units": quote.io_offered,
        "burned_io_units": quote.io_taken,
        "paid_usd_units": quote.usd_paid,
        "vault_usd_units": quote.vault_usd,
        "price_nano_usd_per_io": quote.price_nano_usd,
        "premium_bp": quote.premium_bp,
        "price_valid_until": quote.valid_until,
        "chain_time": quote.now,
        "price_is_fresh": quote.is_fresh,
    }


def _facts(quote: SaleQuote) -> list[tuple[str, object]]:
    fresh = f"until {when(quote.valid_until)}" if quote.is_fresh else f"stale since {when(quote.valid_until)}"
    return [
        ("offered", IO.show(quote.io_offered)),
        ("price", f"{NANO_USD.show(quote.price_nano_usd)} per IO ({fresh})"),
        ("premium", format_bp(quote.premium_bp)),
        ("in the vault", USD.show(quote.vault_usd)),
        ("burned", IO.show(quote.io_taken)),
        ("paid", USD.show(quote.usd_paid)),
    ]
