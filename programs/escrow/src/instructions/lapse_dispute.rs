use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct LapseDispute {
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::DISPUTED @ EscrowError::WrongState)]
    pub job: Account<Job>,
}

pub fn handler(ctx: &mut Context<LapseDispute>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let decision_seconds = ctx.accounts.terms.parameters(at).decision_seconds;
    let job = &mut ctx.accounts.job;
    require!(
        at.saturating_sub(job.disputed_at.get()) > i64::from(decision_seconds),
        EscrowError::DecisionOpen
    );
    job.state = Job::RESOLVED;

    emit!(
        ctx,
        DisputeLapsed {
            job: *ctx.accounts.job.address(),
            node: ctx.accounts.job.node,
            bond_user: ctx.accounts.job.bond.get(),
            at,
            worked_seconds: seconds(ctx.accounts.job.worked_seconds())?,
        }
    );
    Ok(())
}
