use {crate::StakingError, anchor_lang::prelude::*, common::change::in_force};

/// Which mint is IO, and the parameters. Its address owns the vault that holds all stake.
///
/// Its seed, `registry`, and the vault's, `vault`, stand as literals in each instruction: so the
/// addresses are known when the program is built, and cost a comparison instead of a hash.
#[account]
pub struct Registry {
    pub io_mint: Address,
    /// IO base units burned by slashes, in all.
    pub slashed_io: PodU64,
    pub parameters: StakingParameters,
    pub next_parameters: StakingParameters,
    /// Unix seconds, an epoch's start, from which the next parameters count; zero before any change.
    pub next_parameters_at: PodI64,
}

impl Registry {
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
