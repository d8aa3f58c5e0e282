use {
    crate::StakingError,
    anchor_lang::prelude::*,
    common::{change::in_force, Q64},
    economics::{
        accumulator::{distribute, DistributeInput},
        pool,
        settlement::{MAX_DOLLAR_SHARE_BP, MIN_DOLLAR_SHARE_BP},
    },
};

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
    /// IO base units a share has earned since the pool began, 64 fractional bits. It wraps: someone who
    /// holds the only share can give to the pool and claim in turn for ever, and must not be able to
    /// stop it. Differences stay right: whoever holds a share cannot earn more than there is IO.
    pub per_share: Q64,
    /// IO base units of rewards that no share could be paid yet, 64 fractional bits: remainders, and all
    /// that came while there were no shares. Goes with the next reward that finds shares.
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
    /// Of the token account that its stakers' rewards arrive at.
    pub const REWARDS_SEED: &'static [u8] = b"rewards";
    pub const NODE: u8 = 1;
    pub const USER: u8 = 2;
    pub const NO_AFFILIATE: Address = Address::new_from_array([0; 32]);
    pub const NO_POOL: Address = Address::new_from_array([0; 32]);

    /// What it has chosen, as it counts at `now`.
    pub fn election(&self, now: i64) -> &Election {
        let (current, next) = (&self.election, &self.next_election);
        in_force(current, next, self.next_election_at.get(), now)
    }

    /// A pool that nobody has delegated to yet.
    pub fn open(&mut self) {
        self.index = pool::ONE.into();
    }

    /// Divides what came to `rewards`, which holds `balance`, since the last count. Must precede every
    /// change of `shares`. IO base units newly counted.
    pub fn count_rewards(&mut self, balance: u64) -> Result<u64> {
        let amount = balance
            .checked_sub(self.counted_rewards.get())
            .ok_or(StakingError::Overflow)?;
        if amount == 0 {
            return Ok(0);
        }
        let counted = distribute(DistributeInput {
            amount,
            carry_q64: self.carry.get(),
            total: self.shares.get(),
        })
        .map_err(StakingError::from)?;
        self.per_share = self
            .per_share
            .get()
            .wrapping_add(counted.per_unit_q64)
            .into();
        self.carry = counted.carry_q64.into();
        self.counted_rewards = balance.into();
        Ok(amount)
    }

    /// The pool's shares where one delegation's are `after` instead of `before`.
    pub fn replace_shares(&mut self, before: u64, after: u64) -> Result<()> {
        self.shares = self
            .shares
            .get()
            .checked_sub(before)
            .and_then(|others| others.checked_add(after))
            .ok_or(StakingError::Overflow)?
            .into();
        Ok(())
    }

    /// Stake that comes into the pool; what it becomes is the caller's.
    pub fn add_stake(&mut self, amount: u64) -> Result<()> {
        let stake = self.stake.get().checked_add(amount);
        self.stake = stake.ok_or(StakingError::Overflow)?.into();
        Ok(())
    }

    /// Shares that are on their way out from now on.
    pub fn add_unbonding(&mut self, shares: u64) -> Result<()> {
        let unbonding = self.unbonding_shares.get().checked_add(shares);
        self.unbonding_shares = unbonding.ok_or(StakingError::Overflow)?.into();
        Ok(())
    }

    /// Shares that leave: their IO base units, no longer of the stake. Rounded down, so that the fractions
    /// of all who left stay in `stake`, nobody's, until a slash burns them.
    pub fn pay_out(&mut self, shares: u64) -> Result<u64> {
        let amount = pool::value_of(shares, self.index.get());
        let stake = self.stake.get().checked_sub(amount);
        let unbonding = self.unbonding_shares.get().checked_sub(shares);
        self.stake = stake.ok_or(StakingError::Overflow)?.into();
        self.unbonding_shares = unbonding.ok_or(StakingError::Overflow)?.into();
        Ok(amount)
    }

    /// One slash waits no longer.
    pub fn settle_slash(&mut self) -> Result<()> {
        self.pending_slashes = self
            .pending_slashes
            .checked_sub(1)
            .ok_or(StakingError::Overflow)?;
        Ok(())
    }
}
