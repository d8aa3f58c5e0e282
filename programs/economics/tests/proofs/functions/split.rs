//! Shares of any amount at any rate, and of any range of epochs.

use economics::split::{self, ClaimInput, ClaimSplit, Halves};
use economics::{schedule, ArithmeticError};
use proptest::prelude::*;

use crate::exact::{big, ceil, fit, share};
use crate::inputs::{epochs, rates, u64s};

/// What a range emits, in two halves; of an empty range nothing, whatever the rate.
fn halves(from: u32, to: u32, bp: u16) -> Result<Halves, ArithmeticError> {
    if from >= to {
        return Ok(Halves {
            availability: 0,
            compute: 0,
        });
    }
    let emitted = schedule::emission(from, to);
    share(emitted, bp).map(|availability| Halves {
        availability,
        compute: emitted - availability,
    })
}

/// Two ranges, the second from epoch `next_from` on; 0 is no change.
fn across(
    from: u32,
    to: u32,
    bp: u16,
    next_from: u32,
    next_bp: u16,
) -> Result<Halves, ArithmeticError> {
    let last = if next_from == 0 {
        u32::MAX
    } else {
        next_from - 1
    };
    let (before, after) = (
        halves(from, to.min(last), bp)?,
        halves(from.max(last), to, next_bp)?,
    );
    Ok(Halves {
        availability: before.availability + after.availability,
        compute: before.compute + after.compute,
    })
}

/// A range of epochs and an epoch that lies about its ends as often as anywhere.
fn ranges() -> impl Strategy<Value = (u32, u32, u32)> {
    let beside = (epochs(), 0..9u32, 0..12u32).prop_map(|(from, length, next)| {
        (
            from,
            from.saturating_add(length),
            from.saturating_add(next).saturating_sub(1),
        )
    });
    prop_oneof![(epochs(), epochs(), epochs()), beside]
}

proptest! {
    /// The exact quotient, rounded down.
    #[test]
    fn bps_floor(amount in u64s(), bp in rates()) {
        prop_assert_eq!(split::bps_floor(amount, bp), share(amount, bp));
    }

    /// The exact quotient, rounded up.
    #[test]
    fn bps_ceil(amount in u64s(), bp in rates()) {
        let expected = share(amount, bp).and_then(|_| fit(ceil(big(amount) * bp, 10_000)));
        prop_assert_eq!(split::bps_ceil(amount, bp), expected);
    }

    /// Availability at its rate, rounded down, and compute the rest.
    #[test]
    fn epoch_halves(amount in u64s(), bp in rates()) {
        let expected = share(amount, bp).map(|availability| Halves { availability, compute: amount - availability });
        prop_assert_eq!(split::epoch_halves(amount, bp), expected);
    }

    /// Stakers and affiliate at their rates, rounded down, and the owner the rest; rates above a whole are refused.
    #[test]
    fn claim(accrued in u64s(), commission_bp in rates(), affiliate_bp in rates()) {
        for affiliate_bp in [affiliate_bp, affiliate_bp.min(10_000u16.saturating_sub(commission_bp))] {
            let actual = split::claim(ClaimInput { accrued, commission_bp, affiliate_bp });
            let expected = match u32::from(commission_bp) + u32::from(affiliate_bp) {
                0..=10_000 => share(accrued, commission_bp).and_then(|stakers| {
                    let affiliate = share(accrued, affiliate_bp)?;
                    Ok(ClaimSplit { stakers, affiliate, owner: accrued - stakers - affiliate })
                }),
                _ => Err(ArithmeticError::ShareAboveWhole),
            };
            prop_assert_eq!(actual, expected);
        }
    }

    /// Each side of the change at its share, and together what the range emits.
    #[test]
    fn halves_across((from, to, next_from) in ranges(), bp in rates(), next_bp in rates()) {
        let actual = split::halves_across(from, to, bp, next_from, next_bp);
        prop_assert_eq!(actual, across(from, to, bp, next_from, next_bp));
        if let Ok(halves) = actual {
            prop_assert_eq!(halves.availability + halves.compute, schedule::emission(from, to));
        }
    }

    /// The same for who knows what was emitted; who is wrong about it still divides no more than the schedule.
    #[test]
    fn halves_since((from, to, next_from) in ranges(), bp in rates(), next_bp in rates(), wrong in u64s()) {
        let since = |emitted| split::halves_since(emitted, from, to, bp, next_from, next_bp);
        prop_assert_eq!(since(schedule::cumulative(from)), across(from, to, bp, next_from, next_bp));
        if let Ok(halves) = since(wrong) {
            prop_assert!(big(halves.availability) + halves.compute <= big(schedule::cumulative(to)));
        }
    }
}
