//! Emission of any epoch, and hours in all of time.

use economics::schedule::{self, EMISSION_CAP, GENESIS_SUPPLY, LAST_EPOCH};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::exact::{big, ceil, fit, floor};
use crate::inputs::{epochs, i64s, moments, u32s};

/// Fraction bits of the reference.
const BITS: u32 = 200;

/// `q^t` times 2^`BITS` by squaring, rounded down: within 2^-190 of the exact power.
fn power(t: u32) -> BigInt {
    let scale = big(10u64.pow(19));
    let mut square = ((&scale - big(138_869_523_959_793u64)) << BITS) / scale;
    let mut product = big(1) << BITS;
    for bit in 0..32 {
        if t >> bit & 1 == 1 {
            product = (product * &square) >> BITS;
        }
        square = (&square * &square) >> BITS;
    }
    product
}

proptest! {
    /// The floor of the definition or one base unit below it, the cap from the last epoch on, and rising to it.
    #[test]
    fn cumulative(t in epochs()) {
        let actual = schedule::cumulative(t);
        if t >= LAST_EPOCH {
            prop_assert_eq!(actual, EMISSION_CAP);
        } else {
            let endless = big(GENESIS_SUPPLY / 100 * 8) * 10u64.pow(19) * ((big(1) << BITS) - power(t));
            let floor = floor(endless, (big(8_760) * 138_869_523_959_793u64) << BITS);
            prop_assert!((&floor - 1..=floor.clone()).contains(&big(actual)), "{} of {}", actual, floor);
            prop_assert!(actual < schedule::cumulative(t + 1));
        }
    }

    /// The difference of two sums; nothing of an empty or reversed range.
    #[test]
    fn emission(from in epochs(), to in epochs()) {
        let exact = big(schedule::cumulative(to)) - schedule::cumulative(from);
        prop_assert_eq!(big(schedule::emission(from, to)), exact.clone().max(big(0)));
        prop_assert_eq!(exact > big(0), from < to && from < LAST_EPOCH);
    }

    /// Whole hours since genesis and one, while that fits; none before genesis.
    #[test]
    fn epoch_at((genesis, now) in moments()) {
        let exact = floor(big(now) - genesis, 3_600) + 1;
        let expected = if now < genesis { None } else { fit(exact).ok() };
        prop_assert_eq!(schedule::epoch_at(genesis, now), expected);
    }

    /// An hour an epoch, from the first on; none where that does not fit.
    #[test]
    fn epoch_start(genesis in i64s(), t in u32s()) {
        let expected = if t == 0 { None } else { fit(big(genesis) + (big(t) - 1) * 3_600).ok() };
        prop_assert_eq!(schedule::epoch_start(genesis, t), expected);
    }

    /// An hour after its start; none where that does not fit.
    #[test]
    fn epoch_end(genesis in i64s(), t in u32s()) {
        let expected = if t == 0 { None } else { fit(big(genesis) + big(t) * 3_600).ok() };
        prop_assert_eq!(schedule::epoch_end(genesis, t), expected);
    }

    /// Whole hours since genesis, rounded up; genesis at the least.
    #[test]
    fn epoch_start_from((genesis, at) in moments()) {
        let hours = ceil(big(at) - genesis, 3_600).max(big(0));
        prop_assert_eq!(schedule::epoch_start_from(genesis, at), fit(big(genesis) + hours * 3_600).ok());
    }
}
