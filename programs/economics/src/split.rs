//! Cutting an amount into shares. All but the last share are rounded down, the last is the residual: sums are exact.

use crate::{ArithmeticError, BPS};

/// One epoch's emission, in two halves (not necessarily equal ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves {
    /// Paid by availability points, IO base units.
    pub availability: u64,
    /// Paid by coupons, IO base units.
    pub compute: u64,
}

/// What an earner claims and who shares in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimInput {
    /// Accrued and not yet claimed, IO base units.
    pub accrued: u64,
    /// The part that the earner's stakers receive, basis points.
    pub commission_bp: u16,
    /// The part of whoever brought the earner in, basis points; 0 where nobody did.
    pub affiliate_bp: u16,
}

/// A claim in its three shares; they add up to `accrued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimSplit {
    /// To the earner's delegation pool, IO base units.
    pub stakers: u64,
    /// To the affiliate, IO base units.
    pub affiliate: u64,
    /// To the owner: the residual, IO base units.
    pub owner: u64,
}

/// `floor(amount * bp / 10,000)`, in 64-bit arithmetic only. Rounds down: a share never exceeds its published rate.
///
/// `amount` in any unit, the result in the same. Errors: `ShareAboveWhole` if `bp` is above 10,000.
pub fn bps_floor(amount: u64, bp: u16) -> Result<u64, ArithmeticError> {
    parts(amount, bp).map(|(whole, part)| whole.wrapping_add(part / BPS))
}

/// `ceil(amount * bp / 10,000)`, in 64-bit arithmetic only. Rounds up: for a share that must not fall short of its rate.
///
/// `amount` in any unit, the result in the same. Errors: `ShareAboveWhole` if `bp` is above 10,000.
pub fn bps_ceil(amount: u64, bp: u16) -> Result<u64, ArithmeticError> {
    parts(amount, bp).map(|(whole, part)| whole.wrapping_add(part.div_ceil(BPS)))
}

/// `amount * bp` as `whole * 10,000 + part`. With `bp <= 10,000`, `whole` plus the rounded `part / 10,000` is at most
/// `amount`, so neither a product here nor the caller's sum can wrap.
fn parts(amount: u64, bp: u16) -> Result<(u64, u64), ArithmeticError> {
    let bp = u64::from(bp);
    if bp > BPS {
        return Err(ArithmeticError::ShareAboveWhole);
    }
    Ok((
        (amount / BPS).wrapping_mul(bp),
        (amount % BPS).wrapping_mul(bp),
    ))
}

/// Splits an epoch's `amount` (IO base units) by `availability_bp`.
///
/// Availability rounds down and compute is the residual, so that the halves add up to `amount`.
/// Errors: `ShareAboveWhole` if `availability_bp` is above 10,000.
pub fn epoch_halves(amount: u64, availability_bp: u16) -> Result<Halves, ArithmeticError> {
    let availability = bps_floor(amount, availability_bp)?;
    Ok(Halves {
        availability,
        compute: amount.saturating_sub(availability),
    })
}

/// Splits a claim among stakers, affiliate and owner.
///
/// Both shares are of the whole claim and round down; the owner's is the residual, so that the shares add up to
/// `accrued`. Errors: `ShareAboveWhole` if the two shares together are above 10,000.
pub fn claim(input: ClaimInput) -> Result<ClaimSplit, ArithmeticError> {
    let ClaimInput {
        accrued,
        commission_bp,
        affiliate_bp,
    } = input;
    if u64::from(commission_bp).saturating_add(u64::from(affiliate_bp)) > BPS {
        return Err(ArithmeticError::ShareAboveWhole);
    }
    let stakers = bps_floor(accrued, commission_bp)?;
    let affiliate = bps_floor(accrued, affiliate_bp)?;
    Ok(ClaimSplit {
        stakers,
        affiliate,
        // The two rates add up to at most a whole and both shares are rounded down: never below zero.
        owner: accrued.saturating_sub(stakers).saturating_sub(affiliate),
    })
}
