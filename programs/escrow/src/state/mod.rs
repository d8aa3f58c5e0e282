//! Fields stand at their natural alignment and `padding` fills up to it, so that other programs
//! can read these accounts with native integers (`declare_program!`).

mod job;
mod terms;

pub use {job::*, terms::*};

/// `staking::Actor::USER` and `NODE`; an IDL carries layouts, not associated constants.
pub const NODE: u8 = 1;
pub const USER: u8 = 2;
