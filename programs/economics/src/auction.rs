//! The buy-and-burn auction: dollars for IO, at the feed's price and a premium that rises until somebody sells.

use crate::math::{div_ceil, wide_mul};
use crate::{BPS, IO, NANO_USD_PER_USD_UNIT};

/// IO base units times nano-dollars times basis points in one base unit of USD.
const SALE_DIVISOR: u64 = IO * NANO_USD_PER_USD_UNIT * BPS;
const SALE_DIVISOR_U128: u128 = SALE_DIVISOR as u128;

/// What a seller offers, and what the vault offers for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaleInput {
    /// The most that the seller gives, IO base units.
    pub io_max: u64,
    /// In the vault, USD base units.
    pub vault_usd: u64,
    /// Price of one IO, nano-dollars (1e-9 USD).
    pub price_nano_usd_per_io: u64,
    /// Added to the price, basis points of it; may be negative.
    pub premium_bp: i32,
}

/// One sale. Nothing can be bought when both are 0; otherwise neither is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Taken from the seller and burned, IO base units; at most `io_max`.
    pub io: u64,
    /// Paid to the seller, USD base units; at most `vault_usd`.
    pub usd: u64,
}

impl Sale {
    /// The sale in which nothing changes hands.
    pub const NOTHING: Self = Self { io: 0, usd: 0 };
}

/// The premium so long after the last sale, basis points: linear from `start_bp` to `end_bp` over `ramp_seconds`, then
/// constant; `end_bp` at once if the ramp is 0.
///
/// Rounds down (towards minus infinity): the vault offers no basis point before its time.
pub fn premium_bp(
    seconds_since_last_sale: u64,
    start_bp: i16,
    end_bp: i16,
    ramp_seconds: u32,
) -> i32 {
    let elapsed = match u32::try_from(seconds_since_last_sale) {
        Ok(elapsed) if elapsed < ramp_seconds => u64::from(elapsed),
        _ => return i32::from(end_bp),
    };
    // Below 2^16 * 2^32. The ramp is above `elapsed`, hence above zero. Sizes only: the target divides no signed numbers.
    let product = u64::from(end_bp.abs_diff(start_bp)).saturating_mul(elapsed);
    let ramp = u64::from(ramp_seconds).max(1);
    let (start, falls) = (i32::from(start_bp), end_bp < start_bp);
    let change = if falls {
        product.div_ceil(ramp)
    } else {
        product.checked_div(ramp).unwrap_or(0)
    };
    // At most the distance between the ends, 2^16: fits.
    let change = i32::try_from(change).unwrap_or(0);
    if falls {
        start.saturating_sub(change)
    } else {
        start.saturating_add(change)
    }
}

/// How long the auction has waited once `usd` of `vault_usd` was sold after `waited` seconds: the part of the wait
/// that the unsold dollars stand for, rounded up. Seconds in, seconds out.
///
/// A sale of all starts the ramp anew; a sale of dust moves nothing, so nobody holds the premium down for the price
/// of a transaction.
pub fn waited_after(waited: u64, ramp_seconds: u32, usd: u64, vault_usd: u64) -> u64 {
    let waited = waited.min(u64::from(ramp_seconds));
    // Below 2^32 * 2^64; a quotient of at most `waited`.
    let sold = wide_mul(waited, usd.min(vault_usd))
        .checked_div(u128::from(vault_usd))
        .and_then(|sold| u64::try_from(sold).ok())
        .unwrap_or(0);
    waited.saturating_sub(sold)
}

/// What is burned and what is paid when a seller gives at most `io_max`.
///
/// The vault pays `floor(io_max * price * (1 + premium))`. If that is more than it has, it pays all it has for the
/// least IO worth that much, rounded up and never above `io_max`. Both roundings are against the seller, who could otherwise
/// draw the vault below fair value by many small sales: `usd <= io * price * (1 + premium)` always.
///
/// `Sale::NOTHING` where no dollar would be paid: no IO offered, an empty vault, a zero price, a premium of -100% or
/// less, or an offer worth less than one base unit of USD. A seller burns nothing for nothing.
///
/// Infallible: whatever the offer is worth, the vault bounds what is paid.
pub fn sale(input: SaleInput) -> Sale {
    // From 0 to 2^31 + 10,000: cannot saturate.
    let factor_bp = i64::from(input.premium_bp)
        .saturating_add(BPS as i64)
        .max(0);
    let factor = wide_mul(
        input.price_nano_usd_per_io,
        u64::try_from(factor_bp).unwrap_or(0),
    );
    // An absurd price may saturate, which changes nothing: 2^128 is far above any vault.
    let value = factor.saturating_mul(u128::from(input.io_max));
    // Below 2^64 * 10^15 < 2^114.
    let vault = wide_mul(input.vault_usd, SALE_DIVISOR);
    // value / divisor <= vault_usd, rounded down, exactly when value < (vault_usd + 1) * divisor: a comparison in the
    // place of a second division.
    let sale = if value < vault.saturating_add(SALE_DIVISOR_U128) {
        Sale {
            io: input.io_max,
            usd: u64::try_from(value / SALE_DIVISOR_U128).unwrap_or(input.vault_usd),
        }
    } else {
        // `value` is above `vault`, so `factor` is above zero and the quotient at most `io_max`.
        let io = div_ceil(vault, factor);
        Sale {
            io: u64::try_from(io).unwrap_or(input.io_max),
            usd: input.vault_usd,
        }
    };
    if sale.usd == 0 {
        Sale::NOTHING
    } else {
        sale
    }
}

#[cfg(test)]
mod tests;
