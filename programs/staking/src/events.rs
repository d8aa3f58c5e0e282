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

/// From `from` (Unix seconds) on; before, what counted at `at`.
#[event]
pub struct Elected {
    pub actor: Address,
    pub election: Election,
    pub from: i64,
    pub at: i64,
}

#[event]
pub struct PoolOpened {
    pub actor: Address,
    pub rewards: Address,
    pub at: i64,
}

/// In this event and in those after it: `rewards` are the IO base units newly counted, over the shares
/// before; shares and stake are the totals after.
#[event]
pub struct Delegated {
    pub actor: Address,
    pub owner: Address,
    /// IO base units paid in.
    pub amount: u64,
    pub rewards: u64,
    pub delegation_shares: u64,
    /// `Actor::shares` and `Actor::stake`.
    pub shares: u64,
    pub stake: u64,
    pub at: i64,
}

#[event]
pub struct Undelegated {
    pub actor: Address,
    pub owner: Address,
    pub ticket: Address,
    /// What the ticket is worth, IO base units.
    pub amount: u64,
    pub rewards: u64,
    pub ticket_shares: u64,
    pub delegation_shares: u64,
    pub shares: u64,
    pub unbonding_shares: u64,
    pub matures_at: i64,
    pub at: i64,
}

#[event]
pub struct RewardsClaimed {
    pub actor: Address,
    pub owner: Address,
    /// IO base units paid.
    pub amount: u64,
    pub rewards: u64,
    pub counted_rewards: u64,
    pub at: i64,
}

#[event]
pub struct DelegationClosed {
    pub actor: Address,
    pub owner: Address,
    pub rewards: u64,
    pub shares: u64,
    pub at: i64,
}

#[event]
pub struct CollateralUnbonding {
    pub actor: Address,
    pub owner: Address,
    pub ticket: Address,
    /// IO base units that were collateral, and the ticket's shares.
    pub amount: u64,
    pub ticket_shares: u64,
    pub collateral: u64,
    pub stake: u64,
    pub unbonding_shares: u64,
    pub matures_at: i64,
    pub at: i64,
}

#[event]
pub struct TicketWithdrawn {
    pub actor: Address,
    pub owner: Address,
    pub ticket: Address,
    /// IO base units paid.
    pub amount: u64,
    pub stake: u64,
    pub unbonding_shares: u64,
    pub at: i64,
}

/// Fields as in `Slash`.
#[event]
pub struct SlashProposed {
    pub actor: Address,
    pub slash: Address,
    pub proposer: Address,
    pub evidence: [u8; 32],
    pub deadline: i64,
    pub at: i64,
    pub fraction_bp: u16,
    pub offence: u8,
}

#[event]
pub struct SlashAppealed {
    pub actor: Address,
    pub slash: Address,
    pub owner: Address,
    /// IO base units locked.
    pub bond: u64,
    pub deadline: i64,
    pub at: i64,
}

#[event]
pub struct SlashDecided {
    pub actor: Address,
    pub slash: Address,
    pub at: i64,
    pub upheld: bool,
}

#[event]
pub struct SlashExecuted {
    pub actor: Address,
    pub slash: Address,
    /// IO base units, the bond among them.
    pub burned: u64,
    pub bond: u64,
    /// What is left, as in `Actor`.
    pub index: u64,
    pub stake: u64,
    pub collateral: u64,
    pub at: i64,
}

#[event]
pub struct SlashDismissed {
    pub actor: Address,
    pub slash: Address,
    pub owner: Address,
    /// IO base units given back.
    pub bond: u64,
    pub at: i64,
}
