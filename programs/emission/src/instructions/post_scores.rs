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

    let per_point = emission.per_point;
    // Of some thirty rows of 32 bits: neither sum can wrap.
    let (mut before, mut after) = (0u64, 0u64);
    for (view, score) in earners.iter().zip(scores) {
        require!(
            score.reputation <= Earner::MAX_REPUTATION,
            EmissionError::ReputationOutOfRange
        );
        // SAFETY: earners are loaded one at a time and dropped before the next, and no declared
        // account of this instruction has their type, so no other reference to the data lives.
        let mut account = unsafe { Account::<Earner>::load_mut(*view)? };
        let earner: &mut Earner = &mut account;
        earner.accrue_points(per_point)?;
        before += u64::from(earner.points);
        after += u64::from(score.points);
        if score.points == 0 {
            earner.proven_since = 0;
        } else if earner.points == 0 {
            earner.proven_since = epoch;
        }
        earner.points = score.points;
        earner.reputation = score.reputation;
    }
    emission.total_points = emission
        .total_points
        .get()
        .checked_add(after) // first: an earner with several rows gives up what an earlier one gave it
        .and_then(|sum| sum.checked_sub(before))
        .ok_or(EmissionError::Overflow)?
        .into();
    Ok(())
}
