use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct EndJob {
    #[account(address = job.authority @ EscrowError::NotAuthority)]
    pub authority: Signer,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
}

pub fn handler(ctx: &mut Context<EndJob>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let parameters = ctx.accounts.terms.parameters(at);
    let job = &mut ctx.accounts.job;
    if job.is_alive(at, parameters) {
        // It works until now, and had no chance to say so. A clock that stepped back takes nothing away.
        job.reported_at = job.reported_at.get().max(at).into();
    }
    let worked = job.worked_seconds();
    job.stop(Job::ENDED, worked);

    emit!(
        ctx,
        JobEnded {
            job: *ctx.accounts.job.address(),
            node: ctx.accounts.job.node,
            at,
            worked_seconds: seconds(worked)?,
        }
    );
    Ok(())
}
