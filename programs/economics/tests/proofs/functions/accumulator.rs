//! Divisions and accruals, exact to 2^-64 of a base unit.

use economics::accumulator::{self, DistributeInput, Distribution};
use proptest::prelude::*;

use crate::exact::{big, fit, floor};
use crate::inputs::{u128s, u64s};

proptest! {
    /// Each unit gets the exact quotient, rounded down, and the rest is carried to the last 2^-64.
    #[test]
    fn distribute(amount in u64s(), carry_q64 in u128s(), total in u64s()) {
        let actual = accumulator::distribute(DistributeInput { amount, carry_q64, total });
        let expected = fit::<u128>((big(amount) << 64) + carry_q64).map(|available| {
            let per_unit_q64 = match total {
                0 => 0,
                _ => fit(floor(big(available), total)).unwrap(),
            };
            Distribution { per_unit_q64, carry_q64: fit(big(available) - big(per_unit_q64) * total).unwrap() }
        });
        prop_assert_eq!(actual, expected);
        if let Ok(Distribution { carry_q64, .. }) = actual {
            prop_assert!(total == 0 || carry_q64 < u128::from(total));
        }
    }

    /// The exact sum, or refused: beside the greatest delta that fits, too.
    #[test]
    fn accrue(accrued in u128s(), units in u64s(), delta in u128s(), nudge in -2i64..=2) {
        let most = floor(big(u128::MAX) - accrued, units.max(1)) + nudge;
        let most = fit(most.clamp(big(0), big(u128::MAX))).unwrap();
        for delta in [delta, most] {
            prop_assert_eq!(accumulator::accrue(accrued, units, delta), fit(big(units) * delta + accrued));
        }
    }

    /// Payable units and the fraction make up what accrued; the fraction is less than a unit.
    #[test]
    fn whole(accrued in u128s()) {
        let (units, fraction) = accumulator::whole(accrued);
        prop_assert_eq!((big(units) << 64) + fraction, big(accrued));
        prop_assert!(fraction < 1 << 64);
    }
}
