//! The hourly emission: schedule, epochs, points, coupons, claims, locked IO. The only mint authority.
//!
//! An epoch's amount splits into an availability half, shared by points, and a compute half,
//! shared by coupons. Closing an epoch writes one accumulator and one rate, however many earn;
//! an earner's part is computed when it is next touched. Nothing is minted before it is claimed,
//! and `minted <= M(last closed epoch)` always.
//!
//! Coupons and points belong to the *open* epoch: the one after the last closed. A late committee
//! thus delays emission and loses none: several epochs close as one range, with one rate.
// Anchor names `#[instruction]` arguments in places that do not read them.
#![allow(unused_variables)]

use anchor_lang::prelude::*;
use common::emit;

mod earnings;
mod errors;
mod events;
mod instructions;
mod state;

pub use {errors::*, events::*, instructions::*, state::*};

declare_program!(oracle);
declare_program!(staking);
declare_id!("FfPNpsJBjhioYVavSdhvoDT5fkcnJ4Ly26PuKMziVLhB");

#[program]
pub mod emission {
    use super::*;

    /// Starts the schedule and takes over the mint. The upgrade authority signs, once; it holds
    /// the mint authority and gives it away for good.
    ///
    /// `coupon_authority`: the one signer that may credit coupons (escrow's). Errors: `MintInvalid`,
    /// `GenesisPast`, `ParameterOutOfRange`.
    pub fn initialize(
        ctx: &mut Context<Initialize>,
        coupon_authority: Address,
        parameters: EmissionParameters,
    ) -> Result<()> {
        initialize::handler(ctx, coupon_authority, parameters)
    }

    /// The admin changes the parameters from the first epoch after the delay on.
    ///
    /// Errors: `NotAdmin`, `ParameterOutOfRange`, `EpochsUnclosed` (two changes since the last close).
    pub fn set_parameters(
        ctx: &mut Context<SetParameters>,
        parameters: EmissionParameters,
    ) -> Result<()> {
        set_parameters::handler(ctx, parameters)
    }

    /// Opens page `page` of compute rates (512 epochs). Anyone pays its rent.
    ///
    /// Errors: `EpochOutOfRange`.
    pub fn open_rates(ctx: &mut Context<OpenRates>, page: u32) -> Result<()> {
        open_rates::handler(ctx, page)
    }

    /// Lets an actor earn. Anyone pays its rent; it earns from the next score or coupon on.
    pub fn create_earner(ctx: &mut Context<CreateEarner>) -> Result<()> {
        create_earner::handler(ctx)
    }

    /// Credits a settlement's coupons (USD base units) for the open epoch: to a node, and `user_bonus`
    /// to a user who takes locked IO in the place of a discount.
    ///
    /// Only the coupon authority signs this. Errors: `NotCouponAuthority`, `RatesPageMismatch`,
    /// `UserEarnerMissing`.
    pub fn credit_coupons(
        ctx: &mut Context<CreditCoupons>,
        base: u64,
        bonus: u64,
        user_bonus: u64,
    ) -> Result<()> {
        credit_coupons::handler(ctx, base, bonus, user_bonus)
    }

    /// Sets the points and reputation of earners whose score of `epoch` differs from their last.
    ///
    /// Remaining accounts: the signing members (a strict majority), then one writable earner for
    /// each score. The instruction's data is the record; there is no event. Errors: `NoQuorum`,
    /// `ScoresMismatch`, `ReputationOutOfRange`, `EpochNotEnded`, `AlreadyFinal`, `AlreadyClosed`.
    pub fn post_scores(
        ctx: &mut Context<PostScores>,
        epoch: u32,
        scores: Vec<Score>,
    ) -> Result<()> {
        post_scores::handler(ctx, epoch, &scores)
    }

    /// Declares every score of `epoch` posted; `digest` is SHA-256 over all rows, so anyone can
    /// check a replay against it. Remaining accounts: the signing members.
    ///
    /// Errors: as `post_scores`.
    pub fn finalize_scores(
        ctx: &mut Context<FinalizeScores>,
        epoch: u32,
        digest: [u8; 32],
    ) -> Result<()> {
        finalize_scores::handler(ctx, epoch, digest)
    }

    /// Distributes what the schedule gives from the last closed epoch to `through`, the finalised
    /// one. Anyone may; once per epoch; the cost does not depend on the number of earners.
    ///
    /// Errors: `AlreadyClosed`, `ScoresNotFinal`, `RatesPageMismatch`.
    pub fn close_epochs(ctx: &mut Context<CloseEpochs>, through: u32) -> Result<()> {
        close_epochs::handler(ctx, through)
    }

    /// Mints what the actor has earned in liquid IO: its stakers' part by the commission in force, the
    /// affiliate's, and the rest to its authority. Anyone may: nobody can keep another waiting.
    ///
    /// Errors: `WrongOwner`, `RatesPageMismatch`, `NothingToClaim`, `AffiliateMissing`,
    /// `RewardsMissing`.
    pub fn claim(ctx: &mut Context<Claim>) -> Result<()> {
        claim::handler(ctx)
    }

    /// Turns what the actor has earned in bonus IO into a vesting account of its authority, linear
    /// from now over `lock_seconds`. Once per closed epoch. Anyone may, and pays the rent, which
    /// goes to the beneficiary in the end.
    ///
    /// The stakers' and the affiliate's parts are minted at once, as of a claim: the lock is the
    /// actor's own choice, and a part of every vesting account for each of them would cost more rent
    /// than most are worth. Errors: as `claim`.
    pub fn lock_bonus(ctx: &mut Context<LockBonus>) -> Result<()> {
        lock_bonus::handler(ctx)
    }

    /// Locks IO of the signer's for a beneficiary: `amount` (base units) becomes free from `start`
    /// to `end` (Unix seconds) in equal steps of `step_seconds`. It cannot be taken back.
    ///
    /// `id` tells apart what one depositor locks for one beneficiary. Errors: `Paused`,
    /// `AmountZero`, `StepsInvalid`.
    pub fn lock_io(
        ctx: &mut Context<LockIo>,
        id: u64,
        amount: u64,
        start: i64,
        end: i64,
        step_seconds: u32,
    ) -> Result<()> {
        lock_io::handler(ctx, id, amount, start, end, step_seconds)
    }

    /// Pays the vested part of a vesting account that was not withdrawn yet to an IO account of its
    /// beneficiary; the last withdrawal closes it. Anyone may.
    ///
    /// Errors: `WrongOwner`, `NothingToClaim`.
    pub fn withdraw_vested(ctx: &mut Context<WithdrawVested>) -> Result<()> {
        withdraw_vested::handler(ctx)
    }
}
