use {crate::BurnParameters, anchor_lang::prelude::*};

#[event]
pub struct AuctionInitialized {
    pub io_mint: Address,
    pub usd_mint: Address,
    pub parameters: BurnParameters,
    pub at: i64,
}

/// These are the parameters from `from` (Unix seconds) on.
#[event]
pub struct BurnParametersSet {
    pub parameters: BurnParameters,
    pub from: i64,
}

/// `io` was burned and `usd` paid (base units), at `price_nano_usd` for one IO plus `premium_bp`.
#[event]
pub struct IoBurned {
    pub seller: Address,
    pub io: u64,
    pub usd: u64,
    pub price_nano_usd: u64,
    pub premium_bp: i32,
    pub at: i64,
}

/// `amount` (USD base units) went from the incentives vault to the user's credit, to be spent on jobs.
#[event]
pub struct UserGranted {
    pub actor: Address,
    pub amount: u64,
    pub at: i64,
}

/// `amount` (USD base units) went from the incentives vault to the node's owner.
#[event]
pub struct OwnerGranted {
    pub actor: Address,
    pub owner: Address,
    pub amount: u64,
    pub at: i64,
}
