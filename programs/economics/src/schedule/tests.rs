//! The schedule against its definition, over every epoch there is.

use num_bigint::BigUint;
use std::vec::Vec;

use super::*;

/// Fraction bits of the reference: an error of one unit in each of 175,319 products stays below 2^-230.
const BITS: usize = 256;
/// `d` is `D_DIGITS / D_SCALE`, as published.
const D_DIGITS: u64 = 138_869_523_959_793;
const D_SCALE: u64 = 10_000_000_000_000_000_000;
/// `E1` is `E1_TIMES_8760 / 8760` base units: 500,000,000 IO * 0.08 / 8760.
const E1_TIMES_8760: u64 = GENESIS_SUPPLY / 100 * 8;

/// A value times 2^`BITS`, enclosed: the exact one lies between the two.
struct Enclosed {
    low: BigUint,
    high: BigUint,
}

impl Enclosed {
    /// `q`.
    fn ratio() -> Self {
        let low = (BigUint::from(D_SCALE - D_DIGITS) << BITS) / D_SCALE;
        let high = &low + 1u32;
        Self { low, high }
    }

    fn times(&self, other: &Self) -> Self {
        Self {
            low: (&self.low * &other.low) >> BITS,
            high: ((&self.high * &other.high) >> BITS) + 1u32,
        }
    }

    /// The schedule's sum where this is `q^t`, in 2^-16 base units, rounded down.
    fn sum_q16(&self) -> u128 {
        let sum = |power: &BigUint| {
            let emitted_part = (BigUint::from(1u32) << BITS) - power;
            let dividend = emitted_part * E1_TIMES_8760 * D_SCALE;
            narrow((dividend / (8_760u128 * u128::from(D_DIGITS))) >> (BITS - 16))
        };
        let (low, high) = (sum(&self.high), sum(&self.low));
        assert_eq!(
            low, high,
            "the enclosure is too wide to tell the last place"
        );
        low
    }
}

/// A sum in 2^-16 base units: 71 bits.
fn narrow(value: BigUint) -> u128 {
    u128::try_from(value).unwrap()
}

/// `amount` base units in hundredths of IO, to the nearest, as the published table is rounded.
fn cents(amount: u64) -> u64 {
    (amount + IO / 200) / (IO / 100)
}

/// The table is the definition, rounded up to 64 bits.
#[test]
fn powers_are_recomputed_from_the_definition() {
    let mut power = Enclosed::ratio();
    for entry in POWERS_Q64 {
        let up = |value: &BigUint| -((-num_bigint::BigInt::from(value.clone())) >> (BITS - 64));
        assert_eq!(up(&power.low), up(&power.high));
        assert_eq!(up(&power.low), entry.into());
        power = power.times(&power);
    }
}

/// The constant is the definition, rounded down to 9 fraction bits.
#[test]
fn endless_emission_is_recomputed_from_the_definition() {
    let exact =
        ((BigUint::from(E1_TIMES_8760) * D_SCALE) << 9) / (8_760u128 * u128::from(D_DIGITS));
    assert_eq!(exact, ENDLESS_EMISSION_Q9.into());
    assert_eq!(ENDLESS_EMISSION_Q9 / 512 / IO, 328_812_968);
}

/// Over all epochs: never above the exact sum, at most one base unit below its floor, and below the cap.
#[test]
fn cumulative_follows_the_definition_in_every_epoch() {
    let ratio = Enclosed::ratio();
    let mut power = Enclosed::ratio();
    let mut worst_q16 = 0;
    let mut one_below = 0;
    for t in 1..LAST_EPOCH {
        let exact_q16 = power.sum_q16();
        let actual = cumulative(t);
        assert!(
            u128::from(actual) << 16 <= exact_q16,
            "epoch {t} emits too much"
        );
        let below_floor = (exact_q16 >> 16) - u128::from(actual);
        assert!(below_floor <= 1, "epoch {t}: {below_floor} below the floor");
        one_below += below_floor;
        worst_q16 = worst_q16.max(exact_q16 - (u128::from(actual) << 16));
        assert!(actual < EMISSION_CAP);
        power = power.times(&ratio);
    }
    // The schedule without its clamp, to the last epoch.
    let overshoot = (power.sum_q16() >> 16) as u64 - EMISSION_CAP;
    // The figures to quote: at most 1.0164 base units below, and one below the floor in 1,178 epochs of 175,319.
    assert_eq!((worst_q16, one_below), (66_612, 1_178));
    // Only the last epoch is clamped, by 0.00044093 IO.
    assert_eq!(overshoot, 44_093);
}

/// Over all epochs: the sum is the cap, each emits something, and less than the one before.
#[test]
fn emission_falls_in_every_epoch_and_sums_to_the_cap() {
    let mut sum = 0;
    let mut before = u64::MAX;
    let mut least_fall = u64::MAX;
    for t in 1..=LAST_EPOCH {
        let emitted = emission(t - 1, t);
        assert!(emitted > 0, "epoch {t} emits nothing");
        assert!(emitted < before, "epoch {t} does not fall");
        if t > 1 {
            least_fall = least_fall.min(before - emitted);
        }
        before = emitted;
        sum += emitted;
    }
    assert_eq!(least_fall, 555_675);
    assert_eq!(before, 40_012_944_252, "the last epoch emits 400.13 IO");
    assert_eq!(sum, 30_000_000_000_000_000);
    assert_eq!(sum, EMISSION_CAP);
}

/// The published first rows, emission and supply, to the hundredth of an IO.
#[test]
fn first_rows_are_the_published_ones() {
    let emissions: Vec<u64> = (1..=6).map(|t| cents(emission(t - 1, t))).collect();
    assert_eq!(
        emissions,
        [456_621, 456_615, 456_608, 456_602, 456_596, 456_589]
    );
    let supplies: Vec<u64> = (1..=6)
        .map(|t| cents(GENESIS_SUPPLY + cumulative(t)))
        .collect();
    assert_eq!(
        supplies,
        [
            50_000_456_621,
            50_000_913_236,
            50_001_369_844,
            50_001_826_446,
            50_002_283_042,
            50_002_739_631
        ]
    );
}

/// Nothing before the first epoch, the cap from the last one on.
#[test]
fn ends_are_exact() {
    assert_eq!(cumulative(0), 0);
    assert_eq!(cumulative(LAST_EPOCH), EMISSION_CAP);
    assert_eq!(cumulative(u32::MAX), EMISSION_CAP);
    assert_eq!(emission(LAST_EPOCH, u32::MAX), 0);
    assert_eq!(emission(7, 7), 0);
    assert_eq!(emission(8, 7), 0);
}

/// The edges of an hour, and of time itself.
#[test]
fn epochs_begin_and_end_on_the_second() {
    assert_eq!(epoch_at(1_000, 999), None);
    assert_eq!(epoch_at(1_000, 1_000), Some(1));
    assert_eq!(epoch_at(1_000, 4_599), Some(1));
    assert_eq!(epoch_at(1_000, 4_600), Some(2));
    assert_eq!(epoch_at(i64::MIN, i64::MAX), None);
    assert_eq!(epoch_at(0, i64::MAX), None);
    assert_eq!(epoch_start(1_000, 0), None);
    assert_eq!(epoch_end(1_000, 0), None);
    assert_eq!(epoch_start(1_000, 1), Some(1_000));
    assert_eq!(epoch_end(1_000, 1), Some(4_600));
    assert_eq!(epoch_start(i64::MAX, 2), None);
    assert_eq!(epoch_end(i64::MAX - 3_599, 1), None);
}

/// Before genesis, on a boundary, within an epoch, and at the end of time.
#[test]
fn epoch_start_from_by_example() {
    assert_eq!(epoch_start_from(1_000, i64::MIN), Some(1_000));
    assert_eq!(epoch_start_from(1_000, 1_000), Some(1_000));
    assert_eq!(epoch_start_from(1_000, 1_001), Some(4_600));
    assert_eq!(epoch_start_from(1_000, 4_600), Some(4_600));
    assert_eq!(epoch_start_from(1_000, 4_601), Some(8_200));
    assert_eq!(epoch_start_from(-1, i64::MAX), None);
    assert!(epoch_start_from(i64::MIN, i64::MAX - 3_600).is_some());
}
