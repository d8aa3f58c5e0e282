//! Who gets which part of what an actor earned, of a claim and of a locked bonus alike.

use {
    crate::{staking::Actor, *},
    anchor_spl::{mint::Mint, token::TokenAccount},
    common::change::in_force,
    economics::split::{self, ClaimInput, ClaimSplit},
};

/// Splits `accrued` (IO base units) by the commission and the parameters in force at `at`, and mints
/// the stakers' and the affiliate's parts. The owner's is left to the caller.
///
/// Without shares in its pool an actor has no stakers to pay. A change of the commission counts from an
/// epoch's start on: until then, anyone can claim by the old one.
pub fn pay_others(
    actor: &Actor,
    emission: &mut Account<Emission>,
    io_mint: &mut Account<Mint>,
    rewards: &mut Option<Account<TokenAccount>>,
    affiliate_io: &mut Option<Account<TokenAccount>>,
    accrued: u64,
    at: i64,
) -> Result<ClaimSplit> {
    let election = in_force(
        &actor.election,
        &actor.next_election,
        actor.next_election_at,
        at,
    );
    let has_affiliate = actor.affiliate != Address::default();
    let shares = split::claim(ClaimInput {
        accrued,
        commission_bp: if actor.shares > 0 {
            election.commission_bp
        } else {
            0
        },
        affiliate_bp: if has_affiliate {
            emission.parameters(at).affiliate_bp
        } else {
            0
        },
    })
    .map_err(EmissionError::from)?;

    // Both are parts of `accrued`: cannot saturate.
    emission.count_minted(shares.stakers.saturating_add(shares.affiliate))?;
    let seeds: &[&[u8]] = &[Emission::SEED, &[emission.bump]];
    if shares.stakers > 0 {
        let rewards = rewards.as_mut().ok_or(EmissionError::RewardsMissing)?;
        mint_part(emission, io_mint, rewards, shares.stakers, seeds);
    }
    if shares.affiliate > 0 {
        let affiliate_io = affiliate_io
            .as_mut()
            .ok_or(EmissionError::AffiliateMissing)?;
        mint_part(emission, io_mint, affiliate_io, shares.affiliate, seeds);
    }
    Ok(shares)
}

fn mint_part(
    emission: &Account<Emission>,
    io_mint: &mut Account<Mint>,
    to: &mut Account<TokenAccount>,
    amount: u64,
    seeds: &[&[u8]],
) {
    common::token::mint_to(
        io_mint.cpi_handle_mut(),
        to.cpi_handle_mut(),
        emission.cpi_handle(),
        amount,
        &[seeds],
    );
}
