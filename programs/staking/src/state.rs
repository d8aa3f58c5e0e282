//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

use {
    crate::StakingError,
    anchor_lang::prelude::*,
    common::{change::in_force, Q64},
    economics::{
        pool,
        settlement::{MAX_DOLLAR_SHARE_BP, MIN_DOLLAR_SHARE_BP},
    },
};

/// Which mint is IO, and the parameters. Its address owns the vault that holds all stake.
#[account]
pub struct Registry {
    pub io_mint: Address,
    /// IO base units burned by slashes, in all.
    pub slashed_io: PodU64,
    pub parameters: StakingParameters,
    pub next_parameters: StakingParameters,
    /// Unix seconds, an epoch's start, from which the next parameters count; zero before any change.
    pub next_parameters_at: PodI64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Registry {
    pub const SEED: &'static [u8] = b"registry";
    /// Of the token account that holds every actor's stake.
    pub const VAULT_SEED: &'static [u8] = b"vault";

    pub fn parameters(&self, now: i64) -> &StakingParameters {
        let (current, next) = (&self.parameters, &self.next_parameters);
        in_force(current, next, self.next_parameters_at.get(), now)
    }
}

/// Parameters of staking.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct StakingParameters {
    /// IO base units that an appeal against a slash locks.
    pub appeal_bond: u64,
    /// Seconds between asking for stake and getting it: an owner's collateral, a delegator's stake.
    pub owner_unbonding_seconds: u32,
    pub delegator_unbonding_seconds: u32,
    /// Seconds in which a slash can be appealed; then anyone executes it.
    pub appeal_seconds: u32,
    /// Seconds in which the committee decides an appeal; then the slash lapses.
    pub decision_seconds: u32,
}

impl StakingParameters {
    pub const MAX_UNBONDING_SECONDS: u32 = 90 * 86_400;

    pub fn validate(&self) -> Result<()> {
        require!(
            self.owner_unbonding_seconds <= Self::MAX_UNBONDING_SECONDS
                && self.delegator_unbonding_seconds <= Self::MAX_UNBONDING_SECONDS
                && self.appeal_seconds <= Self::MAX_UNBONDING_SECONDS
                && self.decision_seconds <= Self::MAX_UNBONDING_SECONDS,
            StakingError::ParameterOutOfRange
        );
        Ok(())
    }
}

/// A hardware class.
#[account]
pub struct Class {
    pub symbol: [u8; 16],
    /// Collateral and points multiplier; 10,000 = 1.
    pub multiplier_bp: PodU32,
    pub bump: u8,
    pub padding: [u8; 3],
}

impl Class {
    pub const SEED: &'static [u8] = b"class";
}

/// A node (supply) or a user (demand), with the pool of those who delegate to it.
#[account]
pub struct Actor {
    /// Who registered it, acts for it and is paid.
    pub authority: Address,
    /// Who brought the authority in; zeros where nobody did.
    pub affiliate: Address,
    /// The token account that its stakers' rewards arrive at; zeros until the pool is opened.
    pub rewards: Address,
    /// Hardware class; zeros for a user.
    pub class: [u8; 16],
    /// IO base units a share has earned since the pool began, 64 fractional bits.
    pub per_share: Q64,
    /// IO base units of rewards that no share could be paid yet, 64 fractional bits.
    pub carry: Q64,
    /// IO base units in the vault on the actor's own account.
    pub collateral: PodU64,
    /// IO base units under which it earns nothing; zero for a user.
    pub collateral_required: PodU64,
    /// IO base units in the vault behind all shares, active and unbonding.
    pub stake: PodU64,
    /// Shares that earn.
    pub shares: PodU64,
    /// Shares on their way out: they earn nothing and can still be slashed.
    pub unbonding_shares: PodU64,
    /// What a share is worth, Q63: see `economics::pool`. Only slashing changes it.
    pub index: PodU64,
    /// IO base units in `rewards` that `per_share` counts and nobody has claimed.
    pub counted_rewards: PodU64,
    pub registered_at: PodI64,
    /// Unix seconds, an epoch's start, from which the next election counts; zero before any change.
    pub next_election_at: PodI64,
    pub processors: PodU32,
    /// The class's multiplier at registration; 10,000 = 1.
    pub multiplier_bp: PodU32,
    pub election: Election,
    pub next_election: Election,
    /// Numbers the actors of one authority.
    pub id: PodU16,
    /// Slashes that wait: nothing leaves the pool meanwhile.
    pub pending_slashes: u8,
    /// `Actor::NODE` or `Actor::USER`.
    pub kind: u8,
    pub bump: u8,
    pub padding: [u8; 3],
}

/// What an actor chooses for itself.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct Election {
    /// The part of its pay taken in dollars, basis points; zero for a user.
    pub dollar_share_bp: u16,
    /// The stakers' part of what it earns, basis points.
    pub commission_bp: u16,
}

impl Election {
    pub const MIN_COMMISSION_BP: u16 = 100;
    pub const MAX_COMMISSION_BP: u16 = 300;

    /// Refuses what an actor of this kind cannot choose.
    pub fn validate(&self, kind: u8) -> Result<()> {
        let share = self.dollar_share_bp;
        require!(
            match kind {
                Actor::NODE => (MIN_DOLLAR_SHARE_BP..=MAX_DOLLAR_SHARE_BP).contains(&share),
                _ => share == 0,
            },
            StakingError::DollarShareOutOfRange
        );
        require!(
            (Self::MIN_COMMISSION_BP..=Self::MAX_COMMISSION_BP).contains(&self.commission_bp),
            StakingError::CommissionOutOfRange
        );
        Ok(())
    }
}

impl Actor {
    pub const SEED: &'static [u8] = b"actor";
    pub const NODE: u8 = 1;
    pub const USER: u8 = 2;
    pub const NO_AFFILIATE: Address = Address::new_from_array([0; 32]);

    /// What it has chosen, as it counts at `now`.
    pub fn election(&self, now: i64) -> &Election {
        let (current, next) = (&self.election, &self.next_election);
        in_force(current, next, self.next_election_at.get(), now)
    }

    /// A pool that nobody has delegated to yet.
    pub fn open(&mut self) {
        self.index = pool::ONE.into();
    }
}
