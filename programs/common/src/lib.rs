//! What every program needs and none owns. No accounts, no state, no entrypoint.
#![no_std]

pub mod quorum;
pub mod symbol;
pub mod token;
pub mod upgrade;

/// IO has 8 decimals, the dollar mint 6.
pub const IO_DECIMALS: u8 = 8;
pub const USD_DECIMALS: u8 = 6;
