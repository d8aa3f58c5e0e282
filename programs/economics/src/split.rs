//! Cutting an amount into shares. All but the last share are rounded down, the last is the residual: sums are exact.

use crate::{schedule, ArithmeticError, BPS};

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

/// Splits what the epochs after `from_exclusive` up to `to_inclusive` emit, where `next_availability_bp` replaces
/// `availability_bp` from epoch `next_from_epoch` on; 0 is no change.
///
/// The epochs before the change and those from it on are split as of [`epoch_halves`], each as one amount: the halves
/// add up to the emission of the range. An empty or reversed range emits 0.
/// Errors: `ShareAboveWhole` if a share that applies to part of the range is above 10,000.
pub fn halves_across(
    from_exclusive: u32,
    to_inclusive: u32,
    availability_bp: u16,
    next_from_epoch: u32,
    next_availability_bp: u16,
) -> Result<Halves, ArithmeticError> {
    halves_since(
        schedule::cumulative(from_exclusive),
        from_exclusive,
        to_inclusive,
        availability_bp,
        next_from_epoch,
        next_availability_bp,
    )
}

/// [`halves_across`] for one who knows `emitted`, which is `M(from_exclusive)`: the schedule is dear on chain, and is asked
/// once, or twice where the share changes within the range.
pub fn halves_since(
    emitted: u64,
    from_exclusive: u32,
    to_inclusive: u32,
    availability_bp: u16,
    next_from_epoch: u32,
    next_availability_bp: u16,
) -> Result<Halves, ArithmeticError> {
    // The last epoch of the first share, within the range.
    let boundary = match next_from_epoch.checked_sub(1) {
        Some(last) if last < to_inclusive => last.max(from_exclusive),
        _ => to_inclusive,
    };
    let mut halves = Halves {
        availability: 0,
        compute: 0,
    };
    let mut emitted = emitted;
    let mut from = from_exclusive;
    for (to, bp) in [
        (boundary, availability_bp),
        (to_inclusive, next_availability_bp),
    ] {
        if from >= to {
            continue;
        }
        let after = schedule::cumulative(to);
        let part = epoch_halves(after.saturating_sub(emitted), bp)?;
        // Parts of one emission, which is at most the cap: cannot saturate.
        halves.availability = halves.availability.saturating_add(part.availability);
        halves.compute = halves.compute.saturating_add(part.compute);
        (from, emitted) = (to, after);
    }
    Ok(halves)
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

    proptest! {
        /// A change of the share splits the range in two, each part at its own share, and nothing is lost between.
        #[test]
        fn halves_across_a_change(
            from in 0..200_000u32, length in 0..50u32, next in 0..60u32, a in 0..=10_000u16, b in 0..=10_000u16,
        ) {
            let (to, next_from) = (from + length, from + next);
            let halves = halves_across(from, to, a, next_from, b).unwrap();
            let emitted = schedule::emission(from, to);
            prop_assert_eq!(halves.availability + halves.compute, emitted);
            prop_assert_eq!(halves, halves_since(schedule::cumulative(from), from, to, a, next_from, b).unwrap());
            let last = if next_from == 0 { to } else { (next_from - 1).clamp(from, to) };
            let before = epoch_halves(schedule::emission(from, last), a).unwrap();
            let after = epoch_halves(schedule::emission(last, to), b).unwrap();
            prop_assert_eq!(halves.availability, before.availability + after.availability);
            // The same share on both sides is as one share, but for the rounding of one more part.
            let same = halves_across(from, to, a, next_from, a).unwrap().availability;
            let one = epoch_halves(emitted, a).unwrap().availability;
            prop_assert!(same == one || same + 1 == one);
        }

        /// Outside the range a change does nothing yet, or is complete.
        #[test]
        fn a_change_outside_the_range(from in 0..200_000u32, length in 1..50u32, a in 0..=10_000u16, b: u16) {
            let to = from + length;
            let plain = epoch_halves(schedule::emission(from, to), a);
            for pending in [0, to + 1, u32::MAX] {
                prop_assert_eq!(halves_across(from, to, a, pending, b), plain);
            }
            prop_assert_eq!(halves_across(from, to, b, from.max(1), a), plain);
            prop_assert_eq!(halves_across(from, to, b, from + 1, a), plain);
            prop_assert_eq!(halves_across(to, from, b, from, b), epoch_halves(0, 0));
            prop_assert_eq!(halves_since(7, to, from, b, from, b), epoch_halves(0, 0));
        }
    }

    /// Shares above a whole are refused where they apply.
    #[test]
    fn halves_across_refuses_what_applies() {
        let refused = Err(ArithmeticError::ShareAboveWhole);
        assert_eq!(halves_across(0, 4, 10_001, 3, 0), refused);
        assert_eq!(halves_across(0, 4, 0, 3, 10_001), refused);
        assert!(halves_across(2, 4, 10_001, 3, 0).is_ok());
        assert!(halves_across(0, 2, 0, 3, 10_001).is_ok());
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
