//! The pool by example, leaving and joining, and whole histories against exact fractions.

use proptest::prelude::*;

use super::*;

mod histories;

prop_compose! {
    /// Any index but 0, each number of bits equally likely.
    fn indices()(bits in any::<u64>(), shift in 0..63u32) -> u64 {
        (bits.clamp(1, ONE) >> shift).max(1)
    }
}

proptest! {
    /// Values add up to the base unit on leaving and on joining again, and shares differ by no more than one.
    #[test]
    fn values_add_up(shares: u64, index in indices(), part: u64) {
        let value = value_of(shares, index);
        let amount = part.checked_rem(value).unwrap_or(0);
        let (leaving, staying) = split_shares(shares, index, amount).unwrap();
        prop_assert_eq!(value_of(leaving, index), amount);
        prop_assert_eq!(value_of(staying, index), value - amount);
        prop_assert!(u128::from(leaving) + u128::from(staying) <= u128::from(shares) + 1);
        let joined = join_shares(staying, index, amount).unwrap();
        prop_assert_eq!(value_of(joined, index), value);
        prop_assert!(joined <= shares);
        prop_assert_eq!(split_shares(shares, index, value).unwrap().1, 0);
        if let Some(above) = value.checked_add(1) {
            prop_assert_eq!(split_shares(shares, index, above), Err(ArithmeticError::AmountAboveValue));
        }
    }
}

/// At an index of three quarters: two shares for one base unit, yet four are worth three of them.
#[test]
fn shares_of_two_purchases_are_not_added() {
    let index = ONE / 4 * 3;
    assert_eq!(shares_for(1, index), Ok(2));
    assert_eq!(value_of(2 + 2, index), 3);
    assert_eq!(join_shares(2, index, 1), Ok(3));
    assert_eq!(value_of(3, index), 2);
}

/// A never slashed pool counts in base units.
#[test]
fn whole_pool() {
    assert_eq!(shares_for(u64::MAX, ONE), Ok(u64::MAX));
    assert_eq!(value_of(u64::MAX, ONE), u64::MAX);
    assert_eq!(split_shares(100, ONE, 30), Ok((30, 70)));
    assert_eq!(
        join_shares(u64::MAX, ONE, 1),
        Err(ArithmeticError::Overflow)
    );
}

/// A tenth of a pool, and of the collateral, rounded against their owners; and all of it.
#[test]
fn slash_by_example() {
    let pool = SlashInput {
        index: ONE,
        stake: 1_005,
        shares: 1_005,
        collateral: 2_009,
        fraction_bp: 1_000,
    };
    let tenth = slash(pool).unwrap();
    assert_eq!(tenth.index, 8_301_034_833_169_298_227);
    assert_eq!(
        (tenth.stake, tenth.collateral, tenth.burned),
        (904, 1_808, 302)
    );
    let all = slash(SlashInput {
        fraction_bp: 10_000,
        ..pool
    });
    assert_eq!(
        all,
        Ok(Slashed {
            index: 0,
            stake: 0,
            collateral: 0,
            burned: 3_014
        })
    );
    let none = slash(SlashInput {
        fraction_bp: 0,
        ..pool
    });
    assert_eq!(none.unwrap().burned, 0);
}

/// What is refused.
#[test]
fn refusals() {
    let overflow = Err(ArithmeticError::Overflow);
    assert_eq!(shares_for(0, 0), overflow);
    assert_eq!(shares_for(1, ONE + 1), overflow);
    assert_eq!(shares_for(2, 1), overflow);
    assert_eq!(split_shares(5, 0, 0), Err(ArithmeticError::Overflow));
    let pool = SlashInput {
        index: ONE,
        stake: u64::MAX,
        shares: u64::MAX,
        collateral: u64::MAX,
        fraction_bp: 10_001,
    };
    assert_eq!(slash(pool), Err(ArithmeticError::ShareAboveWhole));
    let all = SlashInput {
        fraction_bp: 10_000,
        ..pool
    };
    assert_eq!(slash(all), Err(ArithmeticError::Overflow));
}

/// All IO that can exist fits as shares at the least index that takes stake.
#[test]
fn all_io_fits_at_the_least_index() {
    let all = crate::schedule::GENESIS_SUPPLY + crate::schedule::EMISSION_CAP;
    assert_eq!(shares_for(all, MIN_INDEX), Ok(all * 64));
}
