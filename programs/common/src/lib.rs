//! What every program needs and none owns. No accounts, no state, no entrypoint.
#![no_std]

pub mod change;
pub mod committee;
pub mod event;
pub mod pause;
pub mod q64;
pub mod quorum;
pub mod symbol;
pub mod token;
pub mod upgrade;

pub use q64::Q64;

/// IO has 8 decimals, the dollar mint 6.
pub const IO_DECIMALS: u8 = 8;
pub const USD_DECIMALS: u8 = 6;
