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

/// `ceil(amount * bp / 10,000)`, in 64-bit arithmetic only. Rounds up: for what must not fall short of its rate.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(amount: u64, bp: u16) -> u128 {
        u128::from(amount) * u128::from(bp)
    }

    proptest! {
        /// Both helpers are the exact quotient, rounded their way.
        #[test]
        fn bps_are_exact(amount in any::<u64>(), bp in 0..=10_000u16) {
            let exact = exact(amount, bp);
            prop_assert_eq!(u128::from(bps_floor(amount, bp).unwrap()), exact / 10_000);
            prop_assert_eq!(u128::from(bps_ceil(amount, bp).unwrap()), exact.div_ceil(10_000));
        }

        /// Halves add up, and availability never exceeds its rate by any part of a base unit.
        #[test]
        fn halves_add_up(amount in any::<u64>(), bp in 0..=10_000u16) {
            let halves = epoch_halves(amount, bp).unwrap();
            prop_assert_eq!(halves.availability.checked_add(halves.compute), Some(amount));
            prop_assert!(u128::from(halves.availability) * 10_000 <= exact(amount, bp));
        }

        /// The shares of a claim add up; stakers and affiliate get their rate to less than a base unit.
        #[test]
        fn claim_adds_up(accrued in any::<u64>(), a in 0..=10_000u16, b in 0..=10_000u16) {
            let (commission_bp, affiliate_bp) = (a.min(b), a.max(b) - a.min(b));
            let split = claim(ClaimInput { accrued, commission_bp, affiliate_bp }).unwrap();
            let sum = [split.stakers, split.affiliate, split.owner].map(u128::from).iter().sum::<u128>();
            prop_assert_eq!(sum, u128::from(accrued));
            prop_assert_eq!(u128::from(split.stakers), exact(accrued, commission_bp) / 10_000);
            prop_assert_eq!(u128::from(split.affiliate), exact(accrued, affiliate_bp) / 10_000);
        }

        /// More than a whole is refused, never clamped.
        #[test]
        fn shares_above_a_whole_are_refused(amount in any::<u64>(), bp in 10_001..=u16::MAX, part in any::<u16>()) {
            let refused = ArithmeticError::ShareAboveWhole;
            prop_assert_eq!(bps_floor(amount, bp), Err(refused));
            prop_assert_eq!(bps_ceil(amount, bp), Err(refused));
            prop_assert_eq!(epoch_halves(amount, bp), Err(refused));
            let (commission_bp, affiliate_bp) = (part, bp.max(part) - part);
            prop_assert_eq!(claim(ClaimInput { accrued: amount, commission_bp, affiliate_bp }), Err(refused));
        }
    }

    /// 100 IO at 3% for stakers and 1% for the affiliate; an earner without one keeps that part.
    #[test]
    fn claim_by_example() {
        let input = ClaimInput {
            accrued: 10_000_000_049,
            commission_bp: 300,
            affiliate_bp: 100,
        };
        let split = claim(input).unwrap();
        assert_eq!(split.stakers, 300_000_001);
        assert_eq!(split.affiliate, 100_000_000);
        assert_eq!(split.owner, 9_600_000_048);
        let alone = claim(ClaimInput {
            affiliate_bp: 0,
            ..input
        });
        assert_eq!(alone.unwrap().owner, 9_700_000_048);
    }
}
