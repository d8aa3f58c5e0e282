//! One bit for each program in `Governance::paused`. What a paused program refuses is what lets more
//! money in or makes new facts; refunds, unbonding and claims of what was earned go on.

pub const ORACLE: u8 = 1;
pub const STAKING: u8 = 2;
pub const EMISSION: u8 = 4;
pub const BURN: u8 = 8;
pub const ESCROW: u8 = 16;
pub const ALL: u8 = ORACLE | STAKING | EMISSION | BURN | ESCROW;
