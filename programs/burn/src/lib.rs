//! The buy-and-burn auction, and grants to newcomers. Holds the dollars meant for burning, and those for
//! incentives.
//!
//! The dollars that owners did not take, and the fee, wait in a vault. Anyone sells IO to it at
//! the oracle's price plus a premium that starts below zero and rises with the time that the
//! dollars have waited; the IO is burned in the same instruction. A part of the fee waits in a second
//! vault: from there the committee grants dollars to new users and new owners.
// Anchor names `#[instruction]` arguments in places that do not read them.
#![allow(unused_variables)]

use anchor_lang::prelude::*;
use common::emit;

mod errors;
mod events;
mod instructions;
mod state;

pub use {errors::*, events::*, instructions::*, state::*};

declare_program!(emission);
declare_program!(oracle);
declare_program!(staking);
declare_id!("BDgSSB77i5LSz2UfFA3S5pv6wQPtDva3425K986sYfii");

#[program]
pub mod burn {
    use super::*;

    /// Creates the auction and its two vaults. The upgrade authority signs, once.
    ///
    /// Errors: `MintInvalid`, `ParameterOutOfRange`.
    pub fn initialize(ctx: &mut Context<Initialize>, parameters: BurnParameters) -> Result<()> {
        initialize::handler(ctx, parameters)
    }

    /// The admin changes the parameters from the first epoch after the delay on.
    ///
    /// Errors: `NotAdmin`, `ParameterOutOfRange`.
    pub fn set_parameters(
        ctx: &mut Context<SetParameters>,
        parameters: BurnParameters,
    ) -> Result<()> {
        set_parameters::handler(ctx, parameters)
    }

    /// Burns up to `io_max` of the seller's IO for dollars from the vault, at least `usd_min`.
    ///
    /// Sells less than `io_max` where the vault holds less than its worth. Errors: `PriceStale`,
    /// `AmountZero`, `NothingToBuy`, `BelowMinimum`, `Paused`.
    pub fn sell_io(ctx: &mut Context<SellIo>, io_max: u64, usd_min: u64) -> Result<()> {
        sell_io::handler(ctx, io_max, usd_min)
    }

    /// The committee grants a new user dollars, once, which can only be spent on jobs: they go to its
    /// credit, which escrow holds and must have opened.
    ///
    /// A strict majority of the members signs, as the remaining accounts; `payer` pays for the grant's
    /// account. Errors: `Paused`, `NotAUser`, `NoQuorum`, `GrantZero`, `IncentivesShort`.
    pub fn grant_user(ctx: &mut Context<GrantUser>) -> Result<()> {
        grant_user::handler(ctx)
    }

    /// The committee grants dollars to the owner of a node that has earned points for so many hours,
    /// without a break, as the parameters say, and has its collateral; once a node.
    ///
    /// A strict majority of the members signs, as the remaining accounts; `payer` pays for the grant's
    /// account. Errors: `Paused`, `NotANode`, `CollateralMissing`, `EarnerMismatch`, `NoQuorum`,
    /// `NotProven`, `GrantZero`, `IncentivesShort`.
    pub fn grant_owner(ctx: &mut Context<GrantOwner>) -> Result<()> {
        grant_owner::handler(ctx)
    }
}
