"""What is known of each hour: the columns of the output, with their units."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """One integer for each hour."""

    name: str
    kind: Literal["flow", "stock"]
    """A flow is what moved, and adds up over hours; a stock is what there is at the end of them."""
    unit: str
    meaning: str


IO = "1e-8 IO"
USD = "1e-6 USD"
NANO_USD = "1e-9 USD"

COLUMNS = (
    Column("epoch", "stock", "hours", "the epoch, from 1; the last of the row's"),
    Column("epochs", "flow", "hours", "how many epochs are in the row"),
    Column("emission_io_units", "flow", IO, "what the schedule emitted"),
    Column("burned_io_units", "flow", IO, "sold to the auction and burned"),
    Column("minted_io_units", "flow", IO, "minted: the next four"),
    Column("owners_io_units", "flow", IO, "owners' claims, without what they shared"),
    Column("stakers_io_units", "flow", IO, "stakers' commission, of those claims"),
    Column("affiliates_io_units", "flow", IO, "affiliates' part, of those claims"),
    Column("withdrawn_io_units", "flow", IO, "bonus IO, vested and withdrawn"),
    Column("supply_io_units", "stock", IO, "IO that exists: the next five"),
    Column("circulating_io_units", "stock", IO, "free to be sold"),
    Column("staked_io_units", "stock", IO, "delegated by stakers"),
    Column("collateral_io_units", "stock", IO, "locked by owners"),
    Column("unbonding_io_units", "stock", IO, "on its way back from stakers and owners"),
    Column("genesis_locked_io_units", "stock", IO, "of genesis, not vested yet"),
    Column("locked_io_units", "stock", IO, "bonus IO that vests, not minted yet"),
    Column("unclaimed_io_units", "stock", IO, "emitted, neither minted nor locked yet"),
    Column("processors", "stock", "processors", "with their collateral in place"),
    Column("waiting_processors", "stock", "processors", "whose owners found no IO for collateral"),
    Column("asked_processor_hours", "flow", "processor-hours", "what users asked for"),
    Column("worked_processor_hours", "flow", "processor-hours", "what they got"),
    Column("gross_usd_units", "flow", USD, "what users paid: dollars, burn and fee"),
    Column("dollars_usd_units", "flow", USD, "to nodes"),
    Column("burn_usd_units", "flow", USD, "what nodes did not take, to the burn vault"),
    Column("fee_usd_units", "flow", USD, "the network's fee: the next three"),
    Column("fee_burn_usd_units", "flow", USD, "of the fee, to the burn vault"),
    Column("fee_affiliate_usd_units", "flow", USD, "of the fee, to affiliates of users"),
    Column("fee_incentives_usd_units", "flow", USD, "of the fee, to the incentives vault"),
    Column("auction_usd_units", "flow", USD, "paid by the auction for the burned IO"),
    Column("burn_vault_usd_units", "stock", USD, "in the burn vault"),
    Column("incentives_vault_usd_units", "stock", USD, "in the incentives vault"),
    Column("io_price_nano_usd", "stock", NANO_USD, "price of one IO, as given"),
    Column("premium_bp", "stock", "basis points", "of the auction's last sale"),
)
"""Of the whole network."""

CLASS_COLUMNS = (
    Column("processors", "stock", "processors", "of the class, with their collateral in place"),
    Column("worked_processor_hours", "flow", "processor-hours", "of the class"),
    Column("gross_usd_units", "flow", USD, "what users paid for the class"),
    Column("price_nano_usd", "stock", NANO_USD, "price of a processor-hour of the class, as given"),
)
"""Of each class: `H100_processors`, and so on."""


def columns_of(classes: Iterable[str]) -> tuple[Column, ...]:
    """All columns, in order."""
    own = (
        Column(f"{name}_{column.name}", column.kind, column.unit, column.meaning)
        for name in classes
        for column in CLASS_COLUMNS
    )
    return (*COLUMNS, *own)
