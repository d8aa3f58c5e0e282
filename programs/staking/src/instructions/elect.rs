use {
    crate::{oracle::Committee, *},
    economics::schedule::epoch_start_from,
};

#[event_cpi]
#[derive(Accounts)]
pub struct Elect {
    #[account(address = actor.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut)]
    pub actor: Account<Actor>,
}

pub fn handler(ctx: &mut Context<Elect>, election: Election) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    // An epoch that begins in this very second has begun.
    let from = at
        .checked_add(1)
        .and_then(|next| epoch_start_from(ctx.accounts.committee.genesis, next))
        .ok_or(StakingError::Overflow)?;
    let actor = &mut ctx.accounts.actor;
    election.validate(actor.kind)?;
    actor.election = *actor.election(at);
    actor.next_election = election;
    actor.next_election_at = from.into();

    emit!(
        ctx,
        Elected {
            actor: *ctx.accounts.actor.address(),
            election,
            from,
            at,
        }
    );
    Ok(())
}
