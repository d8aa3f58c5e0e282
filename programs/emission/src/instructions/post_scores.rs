use crate::{oracle::Committee, *};

#[derive(Accounts)]
pub struct PostScores {
    /// The only account of its type: the oracle creates it once, at one address.
    #[account(constraint = committee.paused & common::pause::EMISSION == 0 @ EmissionError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
}

pub fn handler(ctx: &mut Context<PostScores>, epoch: u32, scores: &[Score]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let emission = &mut ctx.accounts.emission;
    let (signers, majority) = common::quorum!(ctx.accounts.committee, now, &remaining);
    require!(majority, EmissionError::NoQuorum);
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
        if score.points == 0 {
            earner.proven_since = 0.into();
        } else if earner.points == 0 {
            earner.proven_since = epoch.into();
        }
        earner.points = score.points.into();
        earner.reputation = score.reputation.into();
    }
    emission.total_points = total.into();
    Ok(())
}
