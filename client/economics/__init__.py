"""The arithmetic of everything that moves a token, as the programs do it.

A mirror of the Rust crate `programs/economics`, module for module and function for function, for previews and checks:
integers only, the same roundings, the same refusals. The reason for each rounding stands beside its Rust function.
`tests/vectors/*.json`, written by the crate, holds the two together.

Units: IO has 8 decimals and USD 6, both in base units; `_bp` is basis points; `_nano_usd` is 1e-9 USD; `_q64`
counts 2^-64 base units. Every argument and every result has the range of its Rust type; one outside is
refused by name.
"""

from client.economics.accumulator import DistributeInput, Distribution, accrue, distribute, whole
from client.economics.auction import Sale, SaleInput, premium_bp, sale, waited_after
from client.economics.median import lower_median
from client.economics.pool import (
    MIN_INDEX,
    ONE,
    Slashed,
    SlashInput,
    join_shares,
    shares_for,
    slash,
    split_shares,
    value_of,
)
from client.economics.quote import COLLATERAL_PER_PROCESSOR, QuoteInput, collateral, deposit, rate_per_hour
from client.economics.ranges import ArithmeticRefused, Reason
from client.economics.schedule import (
    EMISSION_CAP,
    GENESIS_SUPPLY,
    LAST_EPOCH,
    cumulative,
    emission,
    epoch_at,
    epoch_end,
    epoch_start,
    epoch_start_from,
)
from client.economics.settlement import (
    MAX_DOLLAR_SHARE_BP,
    MIN_DOLLAR_SHARE_BP,
    SettleInput,
    Settlement,
    dispute_bond,
    earned,
    settle,
    user_coupons,
)
from client.economics.split import (
    ClaimInput,
    ClaimSplit,
    Halves,
    bps_ceil,
    bps_floor,
    claim,
    epoch_halves,
    halves_across,
)
from client.economics.units import BPS, IO, NANO_USD_PER_USD_UNIT, SECONDS_PER_HOUR, USD
from client.economics.vesting import vested

__all__ = [
    "BPS",
    "COLLATERAL_PER_PROCESSOR",
    "EMISSION_CAP",
    "GENESIS_SUPPLY",
    "IO",
    "LAST_EPOCH",
    "MAX_DOLLAR_SHARE_BP",
    "MIN_DOLLAR_SHARE_BP",
    "MIN_INDEX",
    "NANO_USD_PER_USD_UNIT",
    "ONE",
    "SECONDS_PER_HOUR",
    "USD",
    "ArithmeticRefused",
    "ClaimInput",
    "ClaimSplit",
    "DistributeInput",
    "Distribution",
    "Halves",
    "QuoteInput",
    "Reason",
    "Sale",
    "SaleInput",
    "SettleInput",
    "Settlement",
    "SlashInput",
    "Slashed",
    "accrue",
    "bps_ceil",
    "bps_floor",
    "claim",
    "collateral",
    "cumulative",
    "deposit",
    "dispute_bond",
    "distribute",
    "earned",
    "emission",
    "epoch_at",
    "epoch_end",
    "epoch_halves",
    "epoch_start",
    "epoch_start_from",
    "halves_across",
    "join_shares",
    "lower_median",
    "premium_bp",
    "rate_per_hour",
    "sale",
    "settle",
    "shares_for",
    "slash",
    "split_shares",
    "user_coupons",
    "value_of",
    "vested",
    "waited_after",
    "whole",
]
