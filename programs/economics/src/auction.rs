//! The buy-and-burn auction: dollars for IO, at the feed's price and a premium that rises until somebody sells.

use crate::math::{narrow, wide_mul};
use crate::{ArithmeticError, BPS, IO, NANO_USD_PER_USD_UNIT};

/// IO base units times nano-dollars times basis points in one base unit of USD.
const SALE_DIVISOR: u64 = IO * NANO_USD_PER_USD_UNIT * BPS;

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
    let (start, end) = (i64::from(start_bp), i64::from(end_bp));
    let elapsed = match u32::try_from(seconds_since_last_sale) {
        Ok(elapsed) if elapsed < ramp_seconds => i64::from(elapsed),
        _ => return i32::from(end_bp),
    };
    // At most 2^16 * 2^32 in size: no operation can saturate. The ramp is above `elapsed`, hence above zero.
    let rise = end
        .saturating_sub(start)
        .saturating_mul(elapsed)
        .checked_div_euclid(i64::from(ramp_seconds))
        .unwrap_or(0);
    // Between `start_bp` and `end_bp`, so it fits.
    i32::try_from(start.saturating_add(rise)).unwrap_or(i32::from(end_bp))
}

/// What is burned and what is paid when a seller gives at most `io_max`.
///
/// The vault pays `floor(io_max * price * (1 + premium))`. If that is more than it has, it pays all it has for the least
/// IO worth that much, rounded up and never above `io_max`. Both roundings are against the seller, who could otherwise
/// draw the vault below fair value by many small sales: `usd <= io * price * (1 + premium)` always.
///
/// `Sale::NOTHING` where no dollar would be paid: no IO offered, an empty vault, a zero price, a premium of -100% or
/// less, or an offer worth less than one base unit of USD. A seller burns nothing for nothing.
///
/// Errors: `Overflow` if `io_max * price * (1 + premium)` exceeds `u128` (a million dollars per IO does not).
pub fn sale(input: SaleInput) -> Result<Sale, ArithmeticError> {
    // Above 2^31 + 10,000 or below zero it cannot be.
    let factor_bp = i64::from(input.premium_bp).saturating_add(10_000).max(0);
    let factor = wide_mul(
        input.price_nano_usd_per_io,
        u64::try_from(factor_bp).unwrap_or(0),
    );
    let value = factor
        .checked_mul(u128::from(input.io_max))
        .ok_or(ArithmeticError::Overflow)?;
    // Below 2^64 * 10^15 < 2^114. The comparison replaces one of two divisions: floor(value / divisor) > vault_usd
    // exactly when value >= (vault_usd + 1) * divisor.
    let vault = wide_mul(input.vault_usd, SALE_DIVISOR);
    let (io, usd) = if value < vault.saturating_add(u128::from(SALE_DIVISOR)) {
        let usd = value
            .checked_div(u128::from(SALE_DIVISOR))
            .map_or(Err(ArithmeticError::Overflow), narrow)?;
        (input.io_max, usd)
    } else {
        // `value` is above zero here, and so is `factor`; value > vault makes the quotient at most io_max.
        (narrow(vault.div_ceil(factor.max(1)))?, input.vault_usd)
    };
    Ok(if usd == 0 {
        Sale::NOTHING
    } else {
        Sale { io, usd }
    })
}
