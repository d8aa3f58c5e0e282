//! Facts: the committee, price feeds, challenge commitments and results. Holds no money.
//!
//! A fact counts when a strict majority of the committee stands behind it. Members submit prices
//! one by one and the feed takes the lower median of the fresh ones; instructions of other
//! programs that need a quorum take the members' signatures in one transaction.
// Anchor names `#[instruction]` arguments in places that do not read them.
#![allow(unused_variables)]

use anchor_lang::prelude::*;
use common::emit;

mod errors;
mod events;
mod instructions;
mod state;

pub use {errors::*, events::*, instructions::*, state::*};

declare_id!("Bp1C6cef6CmZ18BkQyAxKZ21BxsbEoCkkQc5c2ZNrBzs");

#[program]
pub mod oracle {
    use super::*;

    /// Creates the committee and the offices above it. The program's upgrade authority signs, once,
    /// and is the admin of all programs.
    ///
    /// `pauser`: may pause programs; `genesis`: Unix seconds at which epoch 1 begins. Errors:
    /// `MembersInvalid`, `ParameterOutOfRange`.
    pub fn initialize(
        ctx: &mut Context<Initialize>,
        members: Vec<Address>,
        pauser: Address,
        genesis: i64,
        parameters: OracleParameters,
    ) -> Result<()> {
        initialize::handler(ctx, &members, pauser, genesis, parameters)
    }

    /// The admin changes the oracle's parameters from the first epoch after the delay on.
    ///
    /// Errors: `NotAdmin`, `ParameterOutOfRange`.
    pub fn set_parameters(
        ctx: &mut Context<SetParameters>,
        parameters: OracleParameters,
    ) -> Result<()> {
        set_parameters::handler(ctx, parameters)
    }

    /// The admin names the members from the first epoch after the delay on; prices that former
    /// members submitted count no more. Errors: `NotAdmin`, `MembersInvalid`.
    pub fn rotate_committee(
        ctx: &mut Context<RotateCommittee>,
        members: Vec<Address>,
    ) -> Result<()> {
        rotate_committee::handler(ctx, &members)
    }

    /// The admin offers its office, which changes hands when accepted. Errors: `NotAdmin`.
    pub fn offer_admin(ctx: &mut Context<OfferAdmin>, offered: Address) -> Result<()> {
        offer_admin::handler(ctx, offered)
    }

    /// The one to whom it was offered takes the admin's office. Errors: `NotOffered`.
    pub fn accept_admin(ctx: &mut Context<AcceptAdmin>) -> Result<()> {
        accept_admin::handler(ctx)
    }

    /// The admin names the pauser, at once. Errors: `NotAdmin`.
    pub fn set_pauser(ctx: &mut Context<SetPauser>, pauser: Address) -> Result<()> {
        set_pauser::handler(ctx, pauser)
    }

    /// The pauser or the admin says which programs are paused: bits of `common::pause`. Refunds,
    /// unbonding and claims go on. Errors: `NotPauser`, `PauseUnknown`.
    pub fn set_paused(ctx: &mut Context<SetPaused>, paused: u8) -> Result<()> {
        set_paused::handler(ctx, paused)
    }

    /// Opens a price feed: `IO`, or a hardware class. The admin signs.
    ///
    /// Errors: `NotAdmin`, `Paused`, `SymbolInvalid`.
    pub fn create_feed(ctx: &mut Context<CreateFeed>, symbol: [u8; 16]) -> Result<()> {
        create_feed::handler(ctx, symbol)
    }

    /// A member says what one unit of the symbol costs, in nano-dollars (1e-9 USD).
    ///
    /// Errors: `Paused`, `NotAMember`, `PriceZero`.
    pub fn submit_price(ctx: &mut Context<SubmitPrice>, price_nano_usd: u64) -> Result<()> {
        submit_price::handler(ctx, price_nano_usd)
    }

    /// A member binds itself to a secret (`commitment` = SHA-256 of it) before the challenge that
    /// grows from it can be known. One challenge a (member, epoch, round).
    ///
    /// Errors: `Paused`, `NotAMember`.
    pub fn commit_challenge(
        ctx: &mut Context<CommitChallenge>,
        epoch: u32,
        round: u16,
        commitment: [u8; 32],
    ) -> Result<()> {
        commit_challenge::handler(ctx, epoch, round, commitment)
    }

    /// Anyone fixes the slot hash that the challenge's seed mixes in: that of the first block
    /// after the commitment, so nobody chooses it. Within 512 slots, or the challenge is void.
    ///
    /// Errors: `AlreadyDrawn`, `TooEarly`, `SlotHashGone`.
    pub fn draw_challenge(ctx: &mut Context<DrawChallenge>) -> Result<()> {
        draw_challenge::handler(ctx)
    }

    /// The verifier reveals its secret and records what it measured, in as many batches as it
    /// needs, sorted by node over all of them: a node is recorded once a challenge.
    ///
    /// The instruction's data is the record; there is no event. Errors: `Paused`, `NotAMember`, `NotDrawn`,
    /// `SecretMismatch`, `MeasurementsUnsorted`, `OutcomeInvalid`, `NoMeasurements`.
    pub fn record_challenges(
        ctx: &mut Context<RecordChallenges>,
        secret: [u8; 32],
        measurements: Vec<Measurement>,
    ) -> Result<()> {
        record_challenges::handler(ctx, secret, &measurements)
    }
}
