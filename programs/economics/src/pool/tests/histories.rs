//! Whole histories of a pool, against a naive reference that keeps an exact fraction for every position.

use num_bigint::BigInt;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::super::*;
use crate::schedule::{EMISSION_CAP, GENESIS_SUPPLY};
use crate::{accrue, distribute, whole, DistributeInput};

#[derive(Clone, Debug)]
enum Step {
    /// A delegator pays in an amount.
    Delegate(usize, u64),
    /// A delegator unbonds a part (a remainder by its value) of what is active, or takes it back.
    Move(usize, u64, bool),
    /// A delegator is paid all that is unbonding.
    Withdraw(usize),
    /// All lose so many basis points.
    Slash(u16),
    /// An amount of rewards is divided over active shares.
    Reward(u64),
    /// A delegator is paid its rewards.
    Claim(usize),
}

const DELEGATORS: usize = 4;
/// 200 steps of paying in cannot exceed all IO.
const MOST: u64 = (GENESIS_SUPPLY + EMISSION_CAP) / 200;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..DELEGATORS;
    let amount = prop_oneof![1..20u64, 1..=MOST];
    let fraction = prop_oneof![90 => 0..3_000u16, 9 => 0..=10_000u16, 1 => Just(10_000u16)];
    let step = prop_oneof![
        4 => (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Delegate(who, amount)),
        4 => (who.clone(), any::<u64>(), any::<bool>()).prop_map(|(who, part, back)| Step::Move(who, part, back)),
        1 => who.clone().prop_map(Step::Withdraw),
        2 => fraction.prop_map(Step::Slash),
        2 => amount.prop_map(Step::Reward),
        2 => who.prop_map(Step::Claim),
    ];
    prop::collection::vec(step, 1..200)
}

/// Shares, and what the reference says that they are worth.
#[derive(Clone, Debug, Default, PartialEq)]
struct Position {
    shares: u64,
    /// Base units, times the pool's `scale`; exact, so that rounding can take it below zero.
    exact: BigInt,
    /// Times that the shares were rounded.
    rounded: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Delegator {
    active: Position,
    unbonding: Position,
    snapshot_q64: u128,
    accrued_q64: u128,
    rewards: u128,
}

struct Pool {
    index: u64,
    stake: u64,
    collateral: u64,
    delegators: Vec<Delegator>,
    accumulator_q64: u128,
    carry_q64: u128,
    /// 10,000 to the power of slashes.
    scale: BigInt,
    slashes: u32,
    paid_in: u128,
    paid_out: u128,
    burned: u128,
    rewarded: u128,
}

impl Pool {
    fn new() -> Self {
        Self {
            index: ONE,
            stake: 0,
            collateral: 1_000_003,
            delegators: vec![Delegator::default(); DELEGATORS],
            accumulator_q64: 0,
            carry_q64: 0,
            scale: BigInt::from(1),
            slashes: 0,
            paid_in: 1_000_003,
            paid_out: 0,
            burned: 0,
            rewarded: 0,
        }
    }

    fn positions(&self) -> impl Iterator<Item = &Position> {
        self.delegators
            .iter()
            .flat_map(|d| [&d.active, &d.unbonding])
    }

    fn touch(&mut self, who: usize) {
        let delegator = &mut self.delegators[who];
        let delta = self.accumulator_q64 - delegator.snapshot_q64;
        delegator.accrued_q64 =
            accrue(delegator.accrued_q64, delegator.active.shares, delta).unwrap();
        delegator.snapshot_q64 = self.accumulator_q64;
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Delegate(who, amount) if self.index >= MIN_INDEX => {
                self.touch(who);
                let position = &mut self.delegators[who].active;
                position.shares = join_shares(position.shares, self.index, amount).unwrap();
                position.exact += &self.scale * amount;
                position.rounded += 1;
                self.stake += amount;
                self.paid_in += u128::from(amount);
            }
            Step::Move(who, part, back) if self.index > 0 => {
                self.touch(who);
                let Delegator {
                    active, unbonding, ..
                } = &mut self.delegators[who];
                let (from, to) = if back {
                    (unbonding, active)
                } else {
                    (active, unbonding)
                };
                let value = value_of(from.shares, self.index);
                let amount = part % (value + 1);
                let before = value + value_of(to.shares, self.index);
                let (leaving, staying) = split_shares(from.shares, self.index, amount).unwrap();
                let (value_left, value_moved) =
                    (value_of(staying, self.index), value_of(leaving, self.index));
                assert_eq!((value_left, value_moved), (value - amount, amount));
                from.shares = staying;
                to.shares = join_shares(to.shares, self.index, amount).unwrap();
                assert_eq!(value_left + value_of(to.shares, self.index), before);
                from.exact -= &self.scale * amount;
                to.exact += &self.scale * amount;
                from.rounded += 1;
                to.rounded += 1;
            }
            Step::Withdraw(who) => {
                let position = std::mem::take(&mut self.delegators[who].unbonding);
                let amount = value_of(position.shares, self.index);
                self.stake = self.stake.checked_sub(amount).expect("the pool is solvent");
                self.paid_out += u128::from(amount);
            }
            Step::Slash(fraction_bp) => {
                let slashed = slash(SlashInput {
                    index: self.index,
                    stake: self.stake,
                    shares: self.positions().map(|position| position.shares).sum(),
                    collateral: self.collateral,
                    fraction_bp,
                })
                .unwrap();
                (self.index, self.stake, self.collateral) =
                    (slashed.index, slashed.stake, slashed.collateral);
                self.burned += u128::from(slashed.burned);
                self.slashes += 1;
                self.scale *= BPS_WHOLE;
                for delegator in &mut self.delegators {
                    delegator.active.exact *= BPS_WHOLE - fraction_bp;
                    delegator.unbonding.exact *= BPS_WHOLE - fraction_bp;
                }
            }
            Step::Reward(amount) => {
                let total = self.delegators.iter().map(|d| d.active.shares).sum();
                let carry_q64 = self.carry_q64;
                let result = distribute(DistributeInput {
                    amount,
                    carry_q64,
                    total,
                })
                .unwrap();
                self.accumulator_q64 += result.per_unit_q64;
                self.carry_q64 = result.carry_q64;
                self.rewarded += u128::from(amount);
            }
            Step::Claim(who) => {
                self.touch(who);
                let delegator = &mut self.delegators[who];
                let (paid, kept) = whole(delegator.accrued_q64);
                delegator.accrued_q64 = kept;
                delegator.rewards += u128::from(paid);
            }
            // A pool that was slashed too far takes no stake, and one that was slashed to nothing holds none.
            Step::Delegate(..) | Step::Move(..) => {}
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        // Every base unit that was paid in is somewhere, and every position can be paid out.
        let held = u128::from(self.stake) + u128::from(self.collateral);
        prop_assert_eq!(self.paid_in, held + self.paid_out + self.burned);
        let values: u64 = self
            .positions()
            .map(|p| value_of(p.shares, self.index))
            .sum();
        prop_assert!(values <= self.stake);
        // What belongs to nobody are fractions, less than one a position.
        prop_assert!(self.stake - values <= 2 * DELEGATORS as u64);
        for position in self.positions() {
            // Rounding shares gives at most a fraction each time; the index loses less than a base unit a slash.
            let value = BigInt::from(value_of(position.shares, self.index));
            let above = &value * &self.scale - &position.exact;
            prop_assert!(above <= &self.scale * position.rounded);
            prop_assert!(above >= -(&self.scale * (position.rounded + self.slashes + 1)));
        }
        Ok(())
    }
}

const BPS_WHOLE: u16 = crate::BPS as u16;

proptest! {
    /// After every step of any history nothing is lost or invented, all can be paid, and everyone has what the
    /// reference says, to a base unit for each time that their shares were rounded; in the end all are paid.
    #[test]
    fn histories_follow_the_reference(steps in steps()) {
        let mut pool = Pool::new();
        for step in &steps {
            pool.apply(step);
            pool.check()?;
        }
        for who in 0..DELEGATORS {
            let active = value_of(pool.delegators[who].active.shares, pool.index);
            pool.apply(&Step::Move(who, active, false));
            pool.apply(&Step::Withdraw(who));
            pool.apply(&Step::Claim(who));
            pool.check()?;
        }
        prop_assert!(pool.stake <= 2 * DELEGATORS as u64);
        let owed: u128 = pool.delegators.iter().map(|d| (d.rewards << 64) + d.accrued_q64).sum();
        prop_assert_eq!(owed + pool.carry_q64, pool.rewarded << 64);
    }

    /// Whoever claims whenever: nobody's shares or rewards differ from a history without claims but for the last.
    #[test]
    fn claims_in_between_change_nothing(steps in steps()) {
        let (mut with, mut without) = (Pool::new(), Pool::new());
        for step in &steps {
            with.apply(step);
            if !matches!(step, Step::Claim(_)) {
                without.apply(step);
            }
        }
        for pool in [&mut with, &mut without] {
            (0..DELEGATORS).for_each(|who| pool.apply(&Step::Claim(who)));
        }
        prop_assert_eq!(&with.delegators, &without.delegators);
        prop_assert_eq!((with.stake, with.index, with.burned), (without.stake, without.index, without.burned));
    }

    /// Unbonding and coming back, in any parts, is as having stayed, while nothing is slashed in between.
    #[test]
    fn coming_back_is_as_having_stayed(before in steps(), parts in prop::collection::vec(any::<u64>(), 1..20)) {
        let mut pool = Pool::new();
        before.iter().for_each(|step| pool.apply(step));
        let all = |delegator: &Delegator, index| {
            value_of(delegator.active.shares, index) + value_of(delegator.unbonding.shares, index)
        };
        let stayed = all(&pool.delegators[0], pool.index);
        for part in parts {
            pool.apply(&Step::Move(0, part, part & 1 == 0));
            prop_assert_eq!(all(&pool.delegators[0], pool.index), stayed);
        }
        pool.apply(&Step::Move(0, value_of(pool.delegators[0].unbonding.shares, pool.index), true));
        prop_assert_eq!(value_of(pool.delegators[0].active.shares, pool.index), stayed);
        // Of a pool that was slashed to nothing, nothing can move: its shares stay, worth nothing.
        prop_assert!(pool.index == 0 || pool.delegators[0].unbonding.shares == 0);
        pool.check()?;
    }
}
