//! Actors, their collateral, those who delegate to them, and slashing. Holds all stake in one vault.
//!
//! An actor is a node (supply: one machine group of one owner) or a user (demand). Both kinds
//! share one account type and one address rule, so pools and affiliates serve both alike.
//!
//! The vault holds, to the base unit: every actor's `collateral` and `stake`, the bonds of slashes
//! that were appealed against, and what was given to it. What pools earn waits in token accounts of
//! their own, one for each actor, which that actor's address alone can spend.
//!
//! Anyone may pay matured tickets, rewards, and what is due of slashes. While staking is paused, those
//! who are in get out: undelegating, withdrawing, claiming, appeals and their decisions go on. So does
//! naming an agent, whose key holds no money.
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

    /// The node's authority names the key that acts for the node day by day: its agent's. It replaces
    /// the one before, whose announcement it clears; to have no agent, the authority names itself.
    ///
    /// The authority pays the rent, once. It goes on during a pause: no IO comes in or goes out, and a
    /// stolen key must be replaced at any time. Errors: `NotAuthority`, `NotANode`.
    pub fn name_agent(ctx: &mut Context<NameAgent>, key: Address) -> Result<()> {
        name_agent::handler(ctx, key)
    }

    /// The agent says how to reach its node. A second announcement replaces the first.
    ///
    /// `endpoint`: `host:port`, ASCII, padded with zeros. `certificate`: SHA-256 of the TLS certificate
    /// that the node shows there, DER. `hardware`: SHA-256 of its inventory. It goes on during a pause,
    /// as naming does. Errors: `NotAgent`, `EndpointInvalid`.
    pub fn announce_agent(
        ctx: &mut Context<AnnounceAgent>,
        endpoint: [u8; Agent::ENDPOINT_BYTES],
        certificate: [u8; 32],
        hardware: [u8; 32],
    ) -> Result<()> {
        announce_agent::handler(ctx, endpoint, certificate, hardware)
    }

    /// The actor's authority chooses anew, from the start of the next epoch on; what counts until then
    /// stays. A second choice before then replaces the first.
    ///
    /// Errors: `Paused`, `NotAuthority`, `DollarShareOutOfRange`, `CommissionOutOfRange`.
    pub fn elect(ctx: &mut Context<Elect>, election: Election) -> Result<()> {
        elect::handler(ctx, election)
    }

    /// Adds IO to a node's collateral, from anyone who wants it to work.
    ///
    /// Errors: `Paused`, `AmountZero`, `NotANode`, `PoolSlashed` (register a new node instead).
    pub fn deposit_collateral(ctx: &mut Context<DepositCollateral>, amount: u64) -> Result<()> {
        deposit_collateral::handler(ctx, amount)
    }

    /// The actor's authority asks for `amount` (IO base units) of its collateral: a ticket for it matures
    /// after `owner_unbonding_seconds`, and is slashed like the rest until it is paid.
    ///
    /// `id` numbers its tickets; the authority pays their rent. Errors: `AmountZero`, `NotAuthority`,
    /// `AmountAboveValue`.
    pub fn withdraw_collateral(
        ctx: &mut Context<WithdrawCollateral>,
        amount: u64,
        id: u32,
    ) -> Result<()> {
        withdraw_collateral::handler(ctx, amount, id)
    }

    /// Opens an actor's pool: makes the token account that its stakers' rewards arrive at. Anyone may;
    /// the payer pays its rent.
    ///
    /// Whatever comes to that account, from whomever, is the stakers', by their shares; what comes while
    /// there are none waits for the next reward. Errors: `Paused`.
    pub fn open_pool(ctx: &mut Context<OpenPool>) -> Result<()> {
        open_pool::handler(ctx)
    }

    /// Makes room for what `owner` will delegate to an actor. Anyone may; the payer pays the rent, which
    /// the owner gets when it closes it.
    ///
    /// Errors: `Paused`, `PoolNotOpen`.
    pub fn open_delegation(ctx: &mut Context<OpenDelegation>, owner: Address) -> Result<()> {
        open_delegation::handler(ctx, owner)
    }

    /// Puts `amount` (IO base units) of the owner's behind an actor. The owner signs.
    ///
    /// Errors: `Paused`, `AmountZero`, `NotOwner`, `ActorMismatch`, `SlashPending` (it would be slashed,
    /// too), `PoolSlashed`.
    pub fn delegate(ctx: &mut Context<Delegate>, amount: u64) -> Result<()> {
        delegate::handler(ctx, amount)
    }

    /// Asks for `amount` (IO base units) back: a ticket for it matures after `delegator_unbonding_seconds`,
    /// and is slashed like the rest until it is paid. The owner signs, and pays the ticket's rent.
    ///
    /// `id` numbers its tickets. Errors: `AmountZero`, `NotOwner`, `ActorMismatch`, `AmountAboveValue`.
    pub fn undelegate(ctx: &mut Context<Undelegate>, amount: u64, id: u32) -> Result<()> {
        undelegate::handler(ctx, amount, id)
    }

    /// Pays what a delegation has earned to an IO account of its owner. Anyone may.
    ///
    /// Errors: `ActorMismatch`, `NothingToClaim`.
    pub fn claim_rewards(ctx: &mut Context<ClaimRewards>) -> Result<()> {
        claim_rewards::handler(ctx)
    }

    /// Pays what a matured ticket is worth to an IO account of its owner, who gets the rent, too. Anyone
    /// may.
    ///
    /// Errors: `ActorMismatch`, `NotOwner`, `NotMatured`, `SlashPending`.
    pub fn withdraw_ticket(ctx: &mut Context<WithdrawTicket>) -> Result<()> {
        withdraw_ticket::handler(ctx)
    }

    /// Closes a delegation that is worth nothing and has nothing to claim. The owner signs and gets the
    /// rent.
    ///
    /// Errors: `NotOwner`, `ActorMismatch`, `DelegationNotEmpty`.
    pub fn close_delegation(ctx: &mut Context<CloseDelegation>) -> Result<()> {
        close_delegation::handler(ctx)
    }

    /// A strict majority of the committee, who sign as the first of the remaining accounts, says that an
    /// actor has done wrong: see `Slash::OFFENCES_BP`. Until it is over, nothing leaves the actor's pool.
    ///
    /// `id` numbers the actor's slashes; `evidence` is a SHA-256. The proposer pays the rent and gets it
    /// back. The actor has `appeal_seconds` to appeal. Errors: `Paused`, `NoQuorum`, `OffenceUnknown`.
    pub fn propose_slash(
        ctx: &mut Context<ProposeSlash>,
        id: u32,
        offence: u8,
        evidence: [u8; 32],
    ) -> Result<()> {
        propose_slash::handler(ctx, id, offence, evidence)
    }

    /// The actor's authority appeals, and locks `appeal_bond`: burned if the slash is upheld, given back
    /// if not. The committee has `decision_seconds` to decide.
    ///
    /// Errors: `NotAuthority`, `ActorMismatch`, `WrongState`, `DeadlinePassed`.
    pub fn appeal_slash(ctx: &mut Context<AppealSlash>) -> Result<()> {
        appeal_slash::handler(ctx)
    }

    /// A strict majority of the committee, who sign as the first of the remaining accounts, holds on to a
    /// slash that was appealed against, or drops it. It goes on during a pause, which must not decide by
    /// running out the time; what is upheld is executed after it.
    ///
    /// Errors: `NoQuorum`, `WrongState`, `DeadlinePassed`.
    pub fn decide_appeal(ctx: &mut Context<DecideAppeal>, upheld: bool) -> Result<()> {
        decide_appeal::handler(ctx, upheld)
    }

    /// Burns what a slash costs: the same part of the collateral and of all stake, active and unbonding.
    /// Anyone may, as soon as it was upheld, or when nobody appealed in time.
    ///
    /// Errors: `Paused`, `ActorMismatch`, `NotOwner`, `WrongState`, `DeadlineAhead`.
    pub fn execute_slash(ctx: &mut Context<ExecuteSlash>) -> Result<()> {
        execute_slash::handler(ctx)
    }

    /// Ends a slash that was dropped, or appealed against and not decided in time, and gives the bond
    /// back to an IO account of the actor's authority. Anyone may.
    ///
    /// Errors: `ActorMismatch`, `NotOwner`, `WrongState`, `DeadlineAhead`.
    pub fn dismiss_slash(ctx: &mut Context<DismissSlash>) -> Result<()> {
        dismiss_slash::handler(ctx)
    }
}
