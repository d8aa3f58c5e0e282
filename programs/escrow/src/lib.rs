//! Jobs, their dollars, settlement and refund. Holds customers' dollars, each job's in a vault of its own.
//!
//! A job goes open → running → settled. Work is paid by the second, up to the node's last report.
//! Per job, to the base unit: deposit = dollars + fee + burn + refund + what the vault still holds.
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

    /// A user opens job `id` and pays `hours` of `processors` of a class into its vault.
    ///
    /// The price is fixed here; the caller bounds it with `max_deposit` (USD base units). Errors:
    /// `NotAuthority`, `NotAUser`, `PriceStale`, `AmountZero`, `DepositAboveMaximum`.
    pub fn open_job(
        ctx: &mut Context<OpenJob>,
        id: u64,
        processors: u32,
        hours: u32,
        max_deposit: u64,
    ) -> Result<()> {
        open_job::handler(ctx, id, processors, hours, max_deposit)
    }

    /// The router assigns a node and the clock starts. Errors: `NotRouter`, `WrongState`,
    /// `NotANode`, `ClassMismatch`, `TooFewProcessors`, `CollateralMissing`.
    pub fn start_job(ctx: &mut Context<StartJob>) -> Result<()> {
        start_job::handler(ctx)
    }

    /// The node says that it has worked until now, with a digest of what it did.
    ///
    /// Errors: `NotAuthority`, `WrongState`.
    pub fn report_job(ctx: &mut Context<ReportJob>, digest: [u8; 32]) -> Result<()> {
        report_job::handler(ctx, digest)
    }

    /// Pays for the seconds worked since the last settlement. Anyone may call it.
    ///
    /// Errors: `WrongState`, `NothingToSettle`, `BelowMinimumWork`.
    pub fn settle_job(ctx: &mut Context<SettleJob>) -> Result<()> {
        settle_job::handler(ctx)
    }

    /// Ends a job and refunds what was not worked: its user at any time, anyone once its hours
    /// are over. What the node reported must be settled first.
    ///
    /// Errors: `NotAuthority`, `WrongState`, `SettleFirst`.
    pub fn finish_job(ctx: &mut Context<FinishJob>) -> Result<()> {
        finish_job::handler(ctx)
    }
}
