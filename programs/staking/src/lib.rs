//! Actors and their collateral. Holds stake; delegation, unbonding and slashing join it here.
//!
//! An actor is a node (supply: one machine group of one owner) or a user (demand). Both kinds
//! share one account type and one address rule, so pools and affiliates serve both alike.
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
declare_id!("B3MXW84hrCbmt5xNMuFWa1PkteaF1HdktjdrVDgYy9SL");

#[program]
pub mod staking {
    use super::*;

    /// Creates the registry and the vault that holds all stake. The upgrade authority signs, once.
    ///
    /// Errors: `MintInvalid`, `ParameterOutOfRange`.
    pub fn initialize(ctx: &mut Context<Initialize>, parameters: StakingParameters) -> Result<()> {
        initialize::handler(ctx, parameters)
    }

    /// The admin changes the parameters from the first epoch after the delay on.
    ///
    /// Errors: `NotAdmin`, `ParameterOutOfRange`.
    pub fn set_parameters(
        ctx: &mut Context<SetParameters>,
        parameters: StakingParameters,
    ) -> Result<()> {
        set_parameters::handler(ctx, parameters)
    }

    /// Names a hardware class and its collateral multiplier (10,000 = 1). The admin signs.
    ///
    /// Errors: `SymbolInvalid`, `MultiplierZero`.
    pub fn add_class(
        ctx: &mut Context<AddClass>,
        symbol: [u8; 16],
        multiplier_bp: u32,
    ) -> Result<()> {
        add_class::handler(ctx, symbol, multiplier_bp)
    }

    /// Registers a node: `processors` of one class, and what its owner elects.
    ///
    /// `id` numbers the owner's actors. `affiliate` is who brought the owner in (none: zeros), set
    /// once. Errors: `ProcessorsZero`, `DollarShareOutOfRange`, `CommissionOutOfRange`,
    /// `AffiliateInvalid`.
    pub fn register_node(
        ctx: &mut Context<RegisterNode>,
        id: u16,
        processors: u32,
        election: Election,
        affiliate: Address,
    ) -> Result<()> {
        register_node::handler(ctx, id, processors, election, affiliate)
    }

    /// Registers a user, who rents nodes. Errors: `DollarShareOutOfRange` (it is zero for a user),
    /// `CommissionOutOfRange`, `AffiliateInvalid`.
    pub fn register_user(
        ctx: &mut Context<RegisterUser>,
        id: u16,
        election: Election,
        affiliate: Address,
    ) -> Result<()> {
        register_user::handler(ctx, id, election, affiliate)
    }

    /// Adds IO to a node's collateral, from anyone who wants it to work.
    ///
    /// Errors: `AmountZero`, `NotANode`.
    pub fn deposit_collateral(ctx: &mut Context<DepositCollateral>, amount: u64) -> Result<()> {
        deposit_collateral::handler(ctx, amount)
    }
}
