use {
    crate::{Election, StakingParameters},
    anchor_lang::prelude::*,
};

#[event]
pub struct RegistryInitialized {
    pub io_mint: Address,
    pub parameters: StakingParameters,
}

/// These are the parameters of staking from `from` (Unix seconds) on.
#[event]
pub struct StakingParametersSet {
    pub parameters: StakingParameters,
    pub from: i64,
}

#[event]
pub struct ClassAdded {
    pub symbol: [u8; 16],
    pub multiplier_bp: u32,
}

/// Fields as in `Actor`.
#[event]
pub struct ActorRegistered {
    pub actor: Address,
    pub authority: Address,
    pub affiliate: Address,
    pub class: [u8; 16],
    pub collateral_required: u64,
    pub at: i64,
    pub processors: u32,
    pub multiplier_bp: u32,
    pub election: Election,
    pub id: u16,
    pub kind: u8,
}

#[event]
pub struct CollateralDeposited {
    pub actor: Address,
    pub depositor: Address,
    /// IO base units of this deposit, and of the collateral after it.
    pub amount: u64,
    pub collateral: u64,
    pub at: i64,
}
