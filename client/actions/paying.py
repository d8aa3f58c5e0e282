"""What a job is paid from: the user's credit, its dollars, or its IO."""

from __future__ import annotations

from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.amounts import IO, U64_MAX, USD
from client.errors import IonetError
from client.instructions import burn
from client.reads import AuctionNow, StalePrice

IO_SLIPPAGE_BP = 100
"""How much more IO than quoted may be sold for a job, unless the payer says otherwise."""


@dataclass(frozen=True, slots=True)
class DollarQuote:
    """What some dollars of the burn auction cost now in IO."""

    usd: int
    """USD base units wanted."""
    io: int
    """IO base units that are worth them."""
    io_max: int
    """IO base units that are worth them if the auction pays less by the slippage."""
    auction: AuctionNow


async def quote_dollars(client: AsyncClient, usd: int, slippage_bp: int = IO_SLIPPAGE_BP) -> DollarQuote:
    """How much IO the auction takes for `usd` (USD base units); refused where its vault holds less."""
    now = await reads.auction_now(client)
    if not now.is_fresh:
        raise StalePrice("the price of IO is stale: the committee has to submit a new one, or pay in USD")
    if now.vault_usd < usd:
        raise IonetError(
            f"{USD.show(usd)} are needed, and the burn auction holds {USD.show(now.vault_usd)} to buy IO with: "
            "rent less, wait for its vault to fill, or pay in USD"
        )
    # Of a vault with exactly these dollars, all is sold for the least IO that is worth it.
    least, most = (
        economics.sale(economics.SaleInput(U64_MAX, usd, now.price_nano_usd, premium))
        for premium in (now.premium_bp, now.premium_bp - slippage_bp)
    )
    if most.usd < usd:
        raise IonetError(f"{USD.show(usd)} cost more IO than there can be: pay in USD")
    return DollarQuote(usd, least.io, most.io, now)


async def sale_for(client: AsyncClient, wallet: Pubkey, quote: DollarQuote) -> Instruction:
    """The sale of the wallet's IO for the dollars that are needed; what it brings beyond them is the wallet's."""
    auction = quote.auction.state
    seller_io = addresses.token_account(wallet, auction.io_mint)
    held = await accounts.token_balance(client, seller_io) or 0
    if held < quote.io_max:
        raise IonetError(
            f"{USD.show(quote.usd)} cost up to {IO.show(quote.io_max)} now, and {wallet} holds {IO.show(held)}"
        )
    return burn.sell_io(
        seller=wallet,
        io_mint=auction.io_mint,
        seller_io=seller_io,
        seller_usd=addresses.token_account(wallet, auction.usd_mint),
        io_max=quote.io_max,
        usd_min=quote.usd,
    )


async def from_credit(client: AsyncClient, user: Pubkey, deposit: int, wanted: int | None) -> int:
    """What a job takes from the user's credit: all that there is (None), or what was asked for; at most its cost."""
    if wanted == 0:
        return 0
    held = await accounts.token_balance(client, addresses.credit(user)) or 0
    if wanted is not None and held < wanted:
        raise IonetError(f"the credit of {user} holds {USD.show(held)}, less than {USD.show(wanted)}")
    return min(held if wanted is None else wanted, deposit)


async def dollars_of(client: AsyncClient, wallet: Pubkey, amount: int, what: str) -> Pubkey:
    """The wallet's dollar account, if it holds `amount`; `what` begins the sentence that refuses."""
    source = addresses.token_account(wallet, (await reads.terms(client)).usd_mint)
    held = await accounts.token_balance(client, source) or 0
    if held < amount:
        raise IonetError(f"{what} {USD.show(amount)}, and {wallet} holds {USD.show(held)}")
    return source
