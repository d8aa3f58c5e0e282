use {
    crate::{Actor, StakingError},
    anchor_lang::prelude::*,
    common::Q64,
    economics::{accumulator, pool},
};

/// What one wallet has delegated to one actor, and what it has earned there.
#[account]
pub struct Delegation {
    pub owner: Address,
    pub actor: Address,
    /// `Actor::per_share` when it was last touched.
    pub snapshot: Q64,
    /// IO base units earned and not claimed, 64 fractional bits.
    pub accrued: Q64,
    /// Its part of `Actor::shares`.
    pub shares: PodU64,
}

impl Delegation {
    pub const SEED: &'static [u8] = b"delegation";

    /// Earns what its shares earned since it was last touched. Must precede every change of them, and
    /// follow `Actor::count_rewards`.
    pub fn accrue(&mut self, actor: &Actor) -> Result<()> {
        // The accumulator wraps, and so does the difference: see `Actor::per_share`.
        let delta = actor.per_share.get().wrapping_sub(self.snapshot.get());
        if delta != 0 && self.shares.get() != 0 {
            self.accrued = accumulator::accrue(self.accrued.get(), self.shares.get(), delta)
                .map_err(StakingError::from)?
                .into();
        }
        self.snapshot = actor.per_share;
        Ok(())
    }

    /// IO base units that its shares are worth.
    pub fn value(&self, actor: &Actor) -> u64 {
        pool::value_of(self.shares.get(), actor.index.get())
    }
}

/// Stake on its way out: a delegator's, or an owner's collateral. It earns nothing, and is slashed
/// like the rest until it is paid.
#[account]
pub struct Ticket {
    pub owner: Address,
    pub actor: Address,
    /// Its part of `Actor::unbonding_shares`: what it is worth falls when the actor is slashed.
    pub shares: PodU64,
    /// Unix seconds from which anyone can have it paid.
    pub matures_at: PodI64,
    /// Numbers the tickets of one owner on one actor.
    pub id: PodU32,
    pub padding: [u8; 4],
}

impl Ticket {
    pub const SEED: &'static [u8] = b"ticket";
}
