//! The arithmetic of everything that moves a token.
//!
//! Values in, values out: no accounts, no clock, no floats, no panics. Where a share is cut from an amount, the last
//! share is the residual, so that sums are exact; every rounding says its direction and why. Python mirrors this crate
//! in `client/economics`, and `tests/vectors/*.json` (written by `examples/vectors.rs`) holds the two together.
//!
//! | module | answers |
//! | --- | --- |
//! | [`schedule`] | how much IO exists after epoch `t`, and when `t` is |
//! | [`split`] | who gets which part of an epoch, and of a claim |
//! | [`accumulator`] | how a stream of rewards divides among units that come and go |
//! | [`settlement`] | where the dollars of worked seconds go, and the coupons they leave |
//! | [`pool`] | what a share of a delegation pool is worth, and what slashing leaves |
//! | [`quote`] | what a job costs, what a deposit and a collateral are |
//! | [`auction`] | what the burn vault pays for IO |
//! | [`vesting`] | what of a locked amount is free by now |
//! | [`median`] | what a committee's submissions amount to |

#![no_std]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
        reason = "a test that panics has failed, as it should"
    )
)]

#[cfg(test)]
extern crate std;

pub mod accumulator;
pub mod auction;
mod error;
mod math;
pub mod median;
pub mod pool;
pub mod quote;
pub mod schedule;
pub mod settlement;
pub mod split;
pub mod vesting;

pub use accumulator::{accrue, distribute, whole, DistributeInput, Distribution};
pub use auction::{premium_bp, sale, waited_after, Sale, SaleInput};
pub use error::ArithmeticError;
pub use median::lower_median;
pub use pool::{join_shares, shares_for, slash, split_shares, value_of, SlashInput, Slashed};
pub use quote::{collateral, deposit, rate_per_hour, QuoteInput};
pub use schedule::{cumulative, emission, epoch_at, epoch_end, epoch_start, epoch_start_from};
pub use settlement::{dispute_bond, earned, settle, user_coupons, SettleInput, Settlement};
pub use split::{
    bps_ceil, bps_floor, claim, epoch_halves, halves_across, halves_since, ClaimInput, ClaimSplit,
    Halves,
};
pub use vesting::vested;

/// Basis points in a whole.
pub const BPS: u64 = 10_000;
/// Seconds in an hour, which is also the length of an epoch.
pub const SECONDS_PER_HOUR: u64 = 3_600;
/// Base units of one IO (8 decimals).
pub const IO: u64 = 100_000_000;
/// Base units of one dollar of the stablecoin (6 decimals).
pub const USD: u64 = 1_000_000;
/// Nano-dollars (1e-9 USD, the unit of price feeds) in one base unit of USD.
pub const NANO_USD_PER_USD_UNIT: u64 = 1_000;
