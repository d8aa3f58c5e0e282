//! Inputs over the whole of each type, of which boundaries are a large part: where arithmetic breaks, it breaks there.

use economics::auction::SaleInput;
use economics::schedule::{EMISSION_CAP, GENESIS_SUPPLY, LAST_EPOCH};
use economics::{pool, BPS, IO, SECONDS_PER_HOUR, USD};
use proptest::prelude::*;

/// What the crate divides or multiplies by, or compares with.
const SPECIAL: [u64; 12] = [
    0,
    SECONDS_PER_HOUR,
    BPS,
    6_000 * BPS,
    IO,
    USD,
    IO * 1_000 * BPS,
    EMISSION_CAP,
    GENESIS_SUPPLY,
    LAST_EPOCH as u64,
    pool::MIN_INDEX,
    u64::MAX,
];

/// Any `u128`: of every size, beside the powers of two, and of two halves that are boundaries each.
pub fn u128s() -> impl Strategy<Value = u128> {
    prop_oneof![
        (any::<u128>(), 0..128u32).prop_map(|(bits, shift)| bits >> shift),
        (0..128u32, -2i128..=2).prop_map(|(bit, nudge)| (1u128 << bit).wrapping_add_signed(nudge)),
        (u64s(), u64s()).prop_map(|(high, low)| u128::from(high) << 64 | u128::from(low)),
    ]
}

/// Any `u64`: of every size, beside the powers of two, beside multiples of what the crate divides by, the ends.
pub fn u64s() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => any::<u64>(),
        4 => (any::<u64>(), 0..64u32).prop_map(|(bits, shift)| bits >> shift),
        2 => (0..64u32, -2i64..=2).prop_map(|(bit, nudge)| (1u64 << bit).wrapping_add_signed(nudge)),
        2 => (prop::sample::select(&SPECIAL[..]), -2i64..=2).prop_map(|(at, nudge)| at.wrapping_add_signed(nudge)),
        1 => (any::<u64>(), 0..64u32, prop::sample::select(&SPECIAL[1..7]), -1i64..=1).prop_map(
            |(bits, shift, unit, nudge)| ((bits >> shift) / unit * unit).wrapping_add_signed(nudge),
        ),
    ]
}

/// Any `u32`, by the same boundaries.
pub fn u32s() -> impl Strategy<Value = u32> {
    prop_oneof![
        u64s().prop_map(|bits| bits as u32),
        u64s().prop_map(|bits| (bits >> 32) as u32)
    ]
}

/// Any `i64`: the signed reading of every boundary, and of its complement.
pub fn i64s() -> impl Strategy<Value = i64> {
    (u64s(), any::<bool>()).prop_map(|(bits, not)| if not { !bits as i64 } else { bits as i64 })
}

/// Any `i32`.
pub fn i32s() -> impl Strategy<Value = i32> {
    prop_oneof![u32s().prop_map(|bits| bits as i32), -10_005..10_005i32]
}

/// Any `i16`.
pub fn i16s() -> impl Strategy<Value = i16> {
    prop_oneof![u64s().prop_map(|bits| bits as i16), -300..300i16]
}

/// A rate in basis points: any `u16`, most of them at or below a whole.
pub fn rates() -> impl Strategy<Value = u16> {
    prop_oneof![
        8 => 0..=10_000u16,
        4 => prop::sample::select(vec![0u16, 1, 2, 9_999, 10_000]),
        1 => prop::sample::select(vec![10_001u16, u16::MAX]),
        1 => any::<u16>(),
    ]
}

/// A part of pay in dollars: any `u16`, most of them beside or within the permitted range.
pub fn dollar_shares() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 3_000..=9_000u16, 2 => prop::sample::select(vec![2_999u16, 3_000, 8_999, 9_000, 9_001]), 1 => any::<u16>()]
}

/// A pool's index: any `u64`, most of them possible ones.
pub fn indices() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => u64s().prop_map(|bits| bits.min(pool::ONE)),
        2 => (any::<u64>(), 0..63u32).prop_map(|(bits, shift)| (bits >> 1 | 1 << 62) >> shift),
        1 => (-2i64..=2).prop_map(|nudge| pool::ONE.wrapping_add_signed(nudge)),
        1 => u64s(),
    ]
}

/// A moment that is an epoch's edge, give or take a second, after (or before) any other.
pub fn moments() -> impl Strategy<Value = (i64, i64)> {
    let beside = (i64s(), u32s(), -1i64..=1).prop_map(|(genesis, t, nudge)| {
        (
            genesis,
            genesis
                .saturating_add(i64::from(t) * 3_600)
                .saturating_add(nudge),
        )
    });
    prop_oneof![(i64s(), i64s()), beside]
}

/// An epoch: any `u32`, half of them within the schedule.
pub fn epochs() -> impl Strategy<Value = u32> {
    prop_oneof![0..=LAST_EPOCH + 2, u32s()]
}

prop_compose! {
    /// Any sale, many of them where the offer is worth about what the vault has.
    pub fn sales()(
        io_max in u64s(), vault_usd in u64s(), price_nano_usd_per_io in u64s(), premium_bp in i32s(),
    ) -> SaleInput {
        SaleInput { io_max, vault_usd, price_nano_usd_per_io, premium_bp }
    }
}
