use anchor_lang::prelude::*;

#[event]
pub struct CommitteeInitialized {
    pub admin: Address,
    pub members: Vec<Address>,
    pub freshness_seconds: u32,
    pub max_change_bp: u16,
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
