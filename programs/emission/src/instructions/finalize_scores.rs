use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct FinalizeScores {
    /// The only account of its type: the oracle creates it once, at one address.
    #[account(constraint = committee.paused & common::pause::EMISSION == 0 @ EmissionError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
}

pub fn handler(ctx: &mut Context<FinalizeScores>, epoch: u32, digest: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let (_, majority) = common::quorum!(ctx.accounts.committee, now, &remaining);
    require!(majority, EmissionError::NoQuorum);
    let emission = &mut ctx.accounts.emission;
    emission.require_open_for_scores(epoch, now)?;
    emission.final_epoch = epoch.into();

    emit!(
        ctx,
        ScoresFinalized {
            digest,
            total_points: ctx.accounts.emission.total_points.get(),
            epoch,
        }
    );
    Ok(())
}
