//! The accumulator against a naive reference that pays every earner in every epoch.

use num_bigint::BigUint;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;

/// Something that happens between or at the end of epochs.
#[derive(Clone, Debug)]
enum Step {
    /// An amount is divided.
    Distribute(u64),
    /// An earner accrues.
    Touch(usize),
    /// An earner accrues and is paid its whole base units.
    Claim(usize),
    /// An earner accrues, then holds so many units from here on.
    Hold(usize, u64),
}

const EARNERS: usize = 5;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let units = (any::<u64>(), 3..64u32).prop_map(|(units, shift)| units >> shift);
    let step = prop_oneof![
        4 => (any::<u64>(), 10..64u32).prop_map(|(amount, shift)| Step::Distribute(amount >> shift)),
        2 => (0..EARNERS).prop_map(Step::Touch),
        2 => (0..EARNERS).prop_map(Step::Claim),
        1 => (0..EARNERS, units).prop_map(|(earner, units)| Step::Hold(earner, units)),
    ];
    prop::collection::vec(step, 1..200)
}

#[derive(Clone, Default)]
struct Earner {
    units: u64,
    snapshot_q64: u128,
    accrued_q64: u128,
    paid: u128,
    /// What the reference credits, in 2^-64 base units.
    naive_q64: BigUint,
}

impl Earner {
    fn touch(&mut self, accumulator_q64: u128) {
        let delta = accumulator_q64 - self.snapshot_q64;
        self.accrued_q64 = accrue(self.accrued_q64, self.units, delta).unwrap();
        self.snapshot_q64 = accumulator_q64;
    }

    fn claim(&mut self, accumulator_q64: u128) {
        self.touch(accumulator_q64);
        let (paid, kept) = whole(self.accrued_q64);
        self.accrued_q64 = kept;
        self.paid += u128::from(paid);
    }
}

proptest! {
    /// Whenever earners accrue and claim, each is paid what the reference credits, to the base unit, and all of them
    /// together, with what is carried, exactly what was distributed.
    #[test]
    fn any_order_pays_the_same(steps in steps()) {
        let mut earners = vec![Earner::default(); EARNERS];
        let (mut accumulator_q64, mut carry_q64) = (0u128, 0u128);
        let (mut naive_carry, mut distributed) = (BigUint::ZERO, BigUint::ZERO);
        for step in steps {
            match step {
                Step::Distribute(amount) => {
                    let total = earners.iter().map(|earner| earner.units).sum();
                    let result = distribute(DistributeInput { amount, carry_q64, total }).unwrap();
                    accumulator_q64 += result.per_unit_q64;
                    carry_q64 = result.carry_q64;

                    distributed += amount;
                    naive_carry += BigUint::from(amount) << 64;
                    if total > 0 {
                        let per_unit = &naive_carry / total;
                        naive_carry -= &per_unit * total;
                        for earner in &mut earners {
                            earner.naive_q64 += &per_unit * earner.units;
                        }
                    }
                }
                Step::Touch(i) => earners[i].touch(accumulator_q64),
                Step::Claim(i) => earners[i].claim(accumulator_q64),
                Step::Hold(i, units) => {
                    earners[i].touch(accumulator_q64);
                    earners[i].units = units;
                }
            }
        }
        let mut accounted = naive_carry;
        prop_assert_eq!(&accounted, &BigUint::from(carry_q64));
        let mut paid = BigUint::ZERO;
        for earner in &mut earners {
            earner.claim(accumulator_q64);
            prop_assert_eq!(BigUint::from(earner.paid), &earner.naive_q64 >> 64);
            accounted += &earner.naive_q64;
            paid += earner.paid;
        }
        prop_assert!(paid <= distributed);
        prop_assert_eq!(accounted, distributed << 64);
    }

    /// While nobody comes or goes, an earner is paid its exact part, less than one base unit short, and never above.
    #[test]
    fn constant_units_get_their_exact_part(
        amounts in prop::collection::vec(0..1u64 << 52, 1..50),
        units in 1..1u64 << 40,
        others in 0..1u64 << 40,
    ) {
        let total = units + others;
        let (mut accrued_q64, mut carry_q64, mut paid) = (0u128, 0u128, 0u64);
        for amount in &amounts {
            let result = distribute(DistributeInput { amount: *amount, carry_q64, total }).unwrap();
            carry_q64 = result.carry_q64;
            accrued_q64 = accrue(accrued_q64, units, result.per_unit_q64).unwrap();
            let (now, kept) = whole(accrued_q64);
            accrued_q64 = kept;
            paid += now;
        }
        let exact = BigUint::from(amounts.iter().sum::<u64>()) * units;
        prop_assert!(BigUint::from(paid) * total <= exact);
        // Below one unit for the floor, and the carry is below 2^-24 of one.
        prop_assert!(BigUint::from(paid + 1) * total + 1u32 >= exact);
    }
}

/// Without units everything waits, and the first unit gets it all.
#[test]
fn nothing_is_lost_without_units() {
    let waiting = distribute(DistributeInput {
        amount: 7,
        carry_q64: 0,
        total: 0,
    })
    .unwrap();
    assert_eq!((waiting.per_unit_q64, waiting.carry_q64), (0, 7 << 64));
    let paid = distribute(DistributeInput {
        amount: 1,
        carry_q64: waiting.carry_q64,
        total: 1,
    })
    .unwrap();
    assert_eq!((paid.per_unit_q64, paid.carry_q64), (8 << 64, 0));
}
