//! Shares and values at any index, and slashing of any pool.

use economics::pool::{self, SlashInput, Slashed, ONE};
use economics::ArithmeticError;
use proptest::prelude::*;

use crate::exact::{big, ceil, fit, floor, near, rest_of_one, share};
use crate::inputs::{indices, rates, u64s};

/// The least shares worth `amount`, as they are defined.
fn least(amount: u64, index: u64) -> Result<u64, ArithmeticError> {
    match index {
        1..=ONE => fit(ceil(big(amount) << 63, index)),
        _ => Err(ArithmeticError::Overflow),
    }
}

/// What shares are worth, as it is defined, and clamped where no pool's index is.
fn worth(shares: u64, index: u64) -> u64 {
    near((big(shares) * index) >> 63, 0)
}

proptest! {
    /// The exact quotient, rounded up: worth the amount to the base unit, and one share fewer is not.
    #[test]
    fn shares_for(amount in u64s(), index in indices(), nudge in -2i64..=2) {
        for amount in [amount, near((big(u64::MAX) * index) >> 63, nudge), rest_of_one(big(ONE), index)] {
            let shares = pool::shares_for(amount, index);
            prop_assert_eq!(shares, least(amount, index));
            if let Ok(shares) = shares {
                prop_assert_eq!(pool::value_of(shares, index), amount);
                prop_assert!(shares == 0 || pool::value_of(shares - 1, index) < amount);
            }
        }
    }

    /// The exact product, rounded down; at most a base unit a share.
    #[test]
    fn value_of(shares in u64s(), index in indices()) {
        let value = pool::value_of(shares, index);
        prop_assert_eq!(value, worth(shares, index));
        prop_assert!(index > ONE || value <= shares);
    }

    /// Worth the value before and the amount, exactly, in the least shares; refused where that does not fit.
    #[test]
    fn join_shares(shares in u64s(), index in indices(), amount in u64s(), nudge in -2i64..=2) {
        let value = worth(shares, index);
        for amount in [amount, near(big(u64::MAX - value), nudge)] {
            let expected = fit(big(value) + amount).and_then(|sum| least(sum, index));
            let joined = pool::join_shares(shares, index, amount);
            prop_assert_eq!(joined, expected);
            if let Ok(joined) = joined {
                prop_assert_eq!(big(pool::value_of(joined, index)), big(value) + amount);
            }
        }
    }

    /// The value is divided to the base unit, each part in its least shares; more than the value is refused.
    #[test]
    fn split_shares(shares in u64s(), index in indices(), amount in u64s(), nudge in -2i64..=2) {
        let value = worth(shares, index);
        for amount in [amount, amount % value.max(1), near(big(value), nudge)] {
            let expected = match value.checked_sub(amount) {
                Some(rest) => least(amount, index).and_then(|leaving| Ok((leaving, least(rest, index)?))),
                None => Err(ArithmeticError::AmountAboveValue),
            };
            let split = pool::split_shares(shares, index, amount);
            prop_assert_eq!(split, expected);
            if let Ok((leaving, staying)) = split {
                prop_assert_eq!(pool::value_of(leaving, index), amount);
                prop_assert_eq!(pool::value_of(staying, index), value - amount);
                prop_assert!(big(leaving) + staying <= big(shares) + 1);
            }
        }
    }

    /// Index and collateral keep their part rounded down, the stake falls to what shares are worth, all else burns.
    #[test]
    fn slash(index in indices(), stake in u64s(), shares in u64s(), collateral in u64s(), fraction_bp in rates()) {
        for stake in [stake, worth(shares, index)] {
            let actual = pool::slash(SlashInput { index, stake, shares, collateral, fraction_bp });
            let kept = |amount| share(amount, 10_000u16.checked_sub(fraction_bp).unwrap_or(u16::MAX));
            let expected = kept(index).and_then(|index| {
                let (stake_kept, collateral_kept) = (stake.min(worth(shares, index)), kept(collateral)?);
                let burned = fit(big(stake) + collateral - stake_kept - collateral_kept)?;
                Ok(Slashed { index, stake: stake_kept, collateral: collateral_kept, burned })
            });
            prop_assert_eq!(actual, expected);
            if let Ok(after) = actual {
                prop_assert!(after.index <= index && after.stake <= stake && after.collateral <= collateral);
            }
        }
    }

    /// Slashing raises nobody's part, takes at least its rate of each, and leaves a solvent pool solvent.
    #[test]
    fn slashing_favours_nobody(
        index in indices(), positions in prop::collection::vec(u64s(), 1..8), fraction_bp in 0..=10_000u16,
    ) {
        let index = index.min(ONE);
        let positions: Vec<u64> = positions.iter().map(|shares| shares / 8).collect();
        let values = |index| positions.iter().map(move |shares| pool::value_of(*shares, index));
        let (stake, shares) = (values(index).sum(), positions.iter().sum());
        let after = pool::slash(SlashInput { index, stake, shares, collateral: 0, fraction_bp }).unwrap();
        prop_assert!(values(after.index).sum::<u64>() <= after.stake);
        prop_assert_eq!(after.stake + after.burned, stake);
        for (shares, value) in positions.iter().zip(values(after.index)) {
            let most = floor(big(*shares) * index * (10_000 - fraction_bp), big(10_000) << 63);
            prop_assert!(big(value) <= most);
        }
    }
}
