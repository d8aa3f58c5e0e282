use {crate::OracleParameters, anchor_lang::prelude::*};

#[event]
pub struct CommitteeInitialized {
    pub admin: Address,
    pub pauser: Address,
    pub members: Vec<Address>,
    pub genesis: i64,
    pub parameters: OracleParameters,
}

/// These are the members from `from` (Unix seconds) on.
#[event]
pub struct CommitteeRotated {
    pub members: Vec<Address>,
    pub from: i64,
}

/// These are the oracle's parameters from `from` (Unix seconds) on.
#[event]
pub struct OracleParametersSet {
    pub parameters: OracleParameters,
    pub from: i64,
}

/// Zeros take an offer back.
#[event]
pub struct AdminOffered {
    pub admin: Address,
    pub offered: Address,
}

#[event]
pub struct AdminChanged {
    pub admin: Address,
}

#[event]
pub struct PauserSet {
    pub pauser: Address,
}

/// What is paused since, bits of `common::pause`.
#[event]
pub struct PausedSet {
    pub by: Address,
    pub at: i64,
    pub paused: u8,
}

#[event]
pub struct FeedCreated {
    pub symbol: [u8; 16],
}

/// A member submitted; `price_nano_usd` is what the feed says since, valid to `valid_until`
/// (both unchanged where no majority is fresh).
#[event]
pub struct PriceSubmitted {
    pub symbol: [u8; 16],
    pub member: Address,
    pub submitted_nano_usd: u64,
    pub price_nano_usd: u64,
    pub valid_until: i64,
    pub at: i64,
}
