//! How much IO the network has emitted after each hour, and when each hour is.
//!
//! Cumulative first, so that nothing can drift: `M(t) = E1 * (1 - q^t) / (1 - q)` base units, rounded down, where
//! `E1 = 500,000,000 IO * 0.08 / 8760`, `q = 1 - d` and `d = 0.0000138869523959793`; clamped to the cap at the last
//! epoch. The emission of epoch `t` is `M(t) - M(t-1)`, and a range of epochs costs no more than one.
//!
//! Precision: `q^t` is a product of at most 18 table entries in Q0.64, every rounding up, so `1 - q^t` and `M` round
//! down. `M(t)` is never above the exact value and at most one base unit below its floor. Every epoch emits less than
//! the one before it, by at least 0.005 IO, so the rounding never shows in the order.

use crate::math::wide_mul;
use crate::{IO, SECONDS_PER_HOUR};

/// IO that exists at genesis, base units.
pub const GENESIS_SUPPLY: u64 = 500_000_000 * IO;
/// IO that is ever emitted, base units.
pub const EMISSION_CAP: u64 = 300_000_000 * IO;
/// The last epoch that emits; 20 years after genesis.
pub const LAST_EPOCH: u32 = 175_319;

/// `E1 / d` in base units, Q55.9, rounded down: what an endless schedule would emit, 328,812,968 IO.
const ENDLESS_EMISSION_Q9: u64 = 0xe9a2_bb09_38d3_d23d;
/// `q^(2^k)` for `k` from 0 to 17, Q0.64, each rounded up from the definition. A test recomputes them.
const POWERS_Q64: [u64; 18] = [
    0xffff_1703_fe5d_c27f,
    0xfffe_2e08_d0c5_4006,
    0xfffc_5c14_f1ae_684b,
    0xfff8_b837_23d4_528f,
    0xfff1_70a3_48c5_b73a,
    0xffe2_e21a_8ff8_2f1b,
    0xffc5_c784_e969_88fe,
    0xff8b_9c47_770f_633a,
    0xff17_6d79_7433_1f72,
    0xfe2f_ae3c_d021_6066,
    0xfc62_a6a2_1ded_60eb,
    0xf8d2_5e13_2b80_e606,
    0xf1d8_4323_9e4f_3288,
    0xe478_e51a_6dc7_ec9a,
    0xcbe7_912e_a95b_5402,
    0xa269_11b7_5522_5e67,
    0x6709_258b_915d_3246,
    0x2978_5c89_f84a_db1e,
];

/// `M(t)`: IO emitted by the end of epoch `t`, base units; 0 for `t == 0`, the cap from the last epoch on.
///
/// Rounds down: the network never emits more than its schedule.
pub fn cumulative(t: u32) -> u64 {
    if t >= LAST_EPOCH {
        return EMISSION_CAP;
    }
    let mut power: Option<u64> = None;
    for (bit, factor) in POWERS_Q64.iter().enumerate() {
        if t >> bit & 1 == 1 {
            power = Some(power.map_or(*factor, |product| mul_q64_up(product, *factor)));
        }
    }
    let Some(power) = power else { return 0 };
    // 1 - q^t, Q0.64: a power is at least 1 and at most 2^64 - 1, so this is within 1 to 2^64 - 1 as well.
    let emitted_part = power.wrapping_neg();
    let emitted = wide_mul(ENDLESS_EMISSION_Q9, emitted_part) >> (9 + 64);
    // At most 55 bits are left. The clamp only guards: before the last epoch the sum is below the cap.
    u64::try_from(emitted).map_or(EMISSION_CAP, |emitted| emitted.min(EMISSION_CAP))
}

/// `a * b` in Q0.64, rounded up: powers of `q` are overstated, so that what is emitted is understated.
fn mul_q64_up(a: u64, b: u64) -> u64 {
    // (2^64 - 1)^2 + 2^64 - 1 < 2^128, and the quotient is at most 2^64 - 1.
    let rounded_up = wide_mul(a, b).saturating_add(u128::from(u64::MAX));
    u64::try_from(rounded_up >> 64).unwrap_or(u64::MAX)
}

/// IO emitted in the epochs after `from_exclusive` up to `to_inclusive`, base units: `M(to) - M(from)`, exactly
/// additive. An empty or reversed range emits 0.
pub fn emission(from_exclusive: u32, to_inclusive: u32) -> u64 {
    cumulative(to_inclusive).saturating_sub(cumulative(from_exclusive))
}

/// The epoch that runs at `now`, if `genesis` has come; both in Unix seconds. The first is 1.
///
/// Counts on past [`LAST_EPOCH`], where epochs emit nothing. `None` before genesis, or past `u32`.
pub fn epoch_at(genesis: i64, now: i64) -> Option<u32> {
    let elapsed = u64::try_from(now.checked_sub(genesis)?).ok()?;
    u32::try_from(elapsed / SECONDS_PER_HOUR)
        .ok()?
        .checked_add(1)
}

/// The first second of epoch `t`, Unix seconds: `genesis + (t - 1) * 3600`. `None` for `t == 0` or past `i64`.
pub fn epoch_start(genesis: i64, t: u32) -> Option<i64> {
    let hours = i64::from(t.checked_sub(1)?);
    // At most 2^32 * 3600: cannot saturate.
    genesis.checked_add(hours.saturating_mul(SECONDS_PER_HOUR as i64))
}

/// The first second after epoch `t`, Unix seconds: `genesis + t * 3600`. `None` for `t == 0` or past `i64`.
pub fn epoch_end(genesis: i64, t: u32) -> Option<i64> {
    epoch_start(genesis, t)?.checked_add(SECONDS_PER_HOUR as i64)
}

/// The first start of an epoch at or after `at`, `genesis` if `at` is before it; all in Unix seconds.
///
/// Rounds up: nothing begins in an epoch that has already begun. `None` past `i64`.
pub fn epoch_start_from(genesis: i64, at: i64) -> Option<i64> {
    if at <= genesis {
        return Some(genesis);
    }
    match at.abs_diff(genesis) % SECONDS_PER_HOUR {
        0 => Some(at),
        begun => at.checked_add_unsigned(SECONDS_PER_HOUR.saturating_sub(begun)),
    }
}

#[cfg(test)]
mod tests;
