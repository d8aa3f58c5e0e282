use {
    crate::{oracle::Committee, *},
    common::quorum,
};

#[derive(Accounts)]
pub struct PostScores {
    /// The only account of its type: the oracle creates it once, at one address.
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
}

pub fn handler(ctx: &mut Context<PostScores>, epoch: u32, scores: &[Score]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let emission = &mut ctx.accounts.emission;
    let signers = require_quorum(&ctx.accounts.committee, &remaining)?;
    emission.require_open_for_scores(epoch, now)?;
    let earners = &remaining[signers..];
    require!(
        earners.len() == scores.len() && !scores.is_empty(),
        EmissionError::ScoresMismatch
    );

    let mut total = emission.total_points.get();
    for (view, score) in earners.iter().zip(scores) {
        require!(
            score.reputation <= Earner::MAX_REPUTATION,
            EmissionError::ReputationOutOfRange
        );
        // SAFETY: earners are loaded one at a time and dropped before the next, and no declared
        // account of this instruction has their type, so no other reference to the data lives.
        let mut earner = unsafe { Account::<Earner>::load_mut(*view)? };
        earner.accrue_points(emission)?;
        total = total
            .checked_sub(earner.points.get().into())
            .and_then(|rest| rest.checked_add(score.points.into()))
            .ok_or(EmissionError::Overflow)?;
        earner.points = score.points.into();
        earner.reputation = score.reputation.into();
    }
    emission.total_points = total.into();
    Ok(())
}

/// Refuses unless a strict majority of the committee signed; returns how many accounts signed.
pub fn require_quorum(committee: &Committee, accounts: &[AccountView]) -> Result<usize> {
    let members = committee
        .members
        .get(..committee.count as usize)
        .ok_or(EmissionError::NoQuorum)?;
    let (signers, majority) = quorum::strict_majority(members, accounts);
    require!(majority, EmissionError::NoQuorum);
    Ok(signers)
}
