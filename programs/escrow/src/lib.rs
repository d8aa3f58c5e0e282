//! Jobs, their dollars, settlement and refund. Holds customers' dollars, each job's in a vault of its own.
//!
//! A job goes open → running → settled or cancelled; its user ends it, disputes it, adds hours; a node
//! that fails leaves it open for another. Work is paid by the second, up to the node's last report,
//! once it can be disputed no more. Per job, to the base unit: deposit + bond = dollars + fee + burn +
//! refund + what went back to the credit + the node's part of the bond + what the vault still holds.
// Anchor names `#[instruction]` arguments in places that do not read them.
#![allow(unused_variables)]

use anchor_lang::prelude::*;
use common::emit;

mod errors;
mod events;
mod instructions;
mod state;

pub use {errors::*, events::*, instructions::*, state::*};

declare_program!(oracle);
declare_program!(staking);
declare_program!(emission);
declare_program!(burn);
declare_id!("2wegwwMUVAQBZopbrp4eb36WvNjNo4YLdUqU8fTchhAM");

#[program]
pub mod escrow {
    use super::*;

    /// Sets the terms of every job. The program's upgrade authority signs, once.
    ///
    /// Errors: `MintInvalid`, `ParameterOutOfRange`, `DiscountsUnsorted`.
    pub fn initialize(ctx: &mut Context<Initialize>, parameters: EscrowParameters) -> Result<()> {
        initialize::handler(ctx, parameters)
    }

    /// The admin changes the parameters from the first epoch after the delay on.
    ///
    /// Errors: `NotAdmin`, `ParameterOutOfRange`, `DiscountsUnsorted`.
    pub fn set_parameters(
        ctx: &mut Context<SetParameters>,
        parameters: EscrowParameters,
    ) -> Result<()> {
        set_parameters::handler(ctx, parameters)
    }

    /// Opens the account of a user's credit: dollars that are spent on its jobs alone. Anyone pays.
    ///
    /// Errors: `Paused`, `NotAUser`.
    pub fn open_credit(ctx: &mut Context<OpenCredit>) -> Result<()> {
        open_credit::handler(ctx)
    }

    /// A user opens job `id` and pays `hours` of `processors` of a class into its vault.
    ///
    /// The price is fixed here; the caller bounds it with `max_deposit` (USD base units). `benefit`: 0
    /// for the discount that the user's reputation gives, 1 for locked IO in its place. Up to
    /// `from_credit` (USD base units) comes from the user's credit. Errors: `Paused`, `NotAuthority`,
    /// `NotAUser`, `JobMismatch`, `ClassMismatch`, `PriceStale`, `AmountZero`, `BenefitUnknown`,
    /// `DepositAboveMaximum`, `CreditMissing`.
    pub fn open_job(
        ctx: &mut Context<OpenJob>,
        id: u64,
        processors: u32,
        hours: u32,
        max_deposit: u64,
        benefit: u8,
        from_credit: u64,
    ) -> Result<()> {
        open_job::handler(
            ctx,
            id,
            processors,
            hours,
            max_deposit,
            benefit,
            from_credit,
        )
    }

    /// The user adds hours at the job's own rate, for `max_deposit` (USD base units) at most, while the
    /// class costs no more than when the job was opened.
    ///
    /// Errors: `Paused`, `NotAuthority`, `WrongState`, `ClassMismatch`, `AmountZero`, `JobOver`,
    /// `PriceStale`, `PriceRisen`, `DepositAboveMaximum`.
    pub fn extend_job(ctx: &mut Context<ExtendJob>, hours: u32, max_deposit: u64) -> Result<()> {
        extend_job::handler(ctx, hours, max_deposit)
    }

    /// The router assigns a node, the clock starts, and the draw is on record.
    ///
    /// Errors: `Paused`, `NotRouter`, `WrongState`, `NotANode`, `ClassMismatch`, `TooFewProcessors`,
    /// `CollateralMissing`.
    pub fn start_job(ctx: &mut Context<StartJob>, draw: Draw) -> Result<()> {
        start_job::handler(ctx, draw)
    }

    /// The node says that it has worked until now, with a digest of what it did. Its authority signs, or
    /// its agent.
    ///
    /// Errors: `NotAuthority`, `JobMismatch`, `WrongState`.
    pub fn report_job(ctx: &mut Context<ReportJob>, digest: [u8; 32]) -> Result<()> {
        report_job::handler(ctx, digest)
    }

    /// Takes the node off a running job, which waits for another with the hours it has left: anyone
    /// once the node has failed to report, the node's authority or its agent at any time.
    ///
    /// What the node worked must be settled first; below the minimum it is the user's again. Errors:
    /// `WrongState`, `JobMismatch`, `NotAuthority`, `JobOver`, `NodeAlive`, `SettleFirst`.
    pub fn release_job(ctx: &mut Context<ReleaseJob>) -> Result<()> {
        release_job::handler(ctx)
    }

    /// The user ends a running job now. What was worked is paid, however short, and the rest is
    /// refunded: `settle_job`, then `finish_job`.
    ///
    /// Errors: `NotAuthority`, `WrongState`.
    pub fn end_job(ctx: &mut Context<EndJob>) -> Result<()> {
        end_job::handler(ctx)
    }

    /// The user disputes what the node reported and was not paid, stops the job, and locks a bond.
    /// `evidence`: SHA-256 of what it has to show.
    ///
    /// Errors: `NotAuthority`, `WrongState`, `NothingToDispute`.
    pub fn dispute_job(ctx: &mut Context<DisputeJob>, evidence: [u8; 32]) -> Result<()> {
        dispute_job::handler(ctx, evidence)
    }

    /// A strict majority of the committee decides up to which second of the job its node is paid. Of the
    /// bond, the node gets the part of the disputed seconds that was accepted. Members sign first among
    /// the remaining accounts.
    ///
    /// Errors: `WrongState`, `JobMismatch`, `NoQuorum`, `AcceptedOutOfRange`.
    pub fn resolve_dispute(ctx: &mut Context<ResolveDispute>, accepted_seconds: u32) -> Result<()> {
        resolve_dispute::handler(ctx, accepted_seconds)
    }

    /// Ends a dispute that the committee did not decide in time: what was reported counts. Anyone.
    ///
    /// Errors: `WrongState`, `DecisionOpen`.
    pub fn lapse_dispute(ctx: &mut Context<LapseDispute>) -> Result<()> {
        lapse_dispute::handler(ctx)
    }

    /// Pays for the seconds worked since the last settlement. Anyone may call it.
    ///
    /// Errors: `WrongState`, `JobMismatch`, `NothingToSettle`, `BelowMinimumWork`, `StillDisputable`,
    /// `AffiliateMissing`, `UserEarnerMissing`.
    pub fn settle_job(ctx: &mut Context<SettleJob>) -> Result<()> {
        settle_job::handler(ctx)
    }

    /// Closes a job and refunds what was not worked: its user where no node works on it, anyone once its
    /// hours are over or it was ended or resolved. What the node reported must be settled first.
    ///
    /// Errors: `WrongState`, `NotAuthority`, `NotOver`, `SettleFirst`, `NodeAlive`, `JobMismatch`,
    /// `CreditMissing`.
    pub fn finish_job(ctx: &mut Context<FinishJob>) -> Result<()> {
        finish_job::handler(ctx)
    }
}
